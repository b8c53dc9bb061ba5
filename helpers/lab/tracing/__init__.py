"""Runs an application's own test command with a recorder in every Python process, and tells what it saw."""
