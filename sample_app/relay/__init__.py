"""Relay: companies keep their customers, quotes and projects in one place."""
