"""Runs an application's own tests with a listener: which driver, thread and task every statement and session had."""
