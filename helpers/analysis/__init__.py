"""Reads the project once: sources, names, mapped classes, and which expression is a session."""
