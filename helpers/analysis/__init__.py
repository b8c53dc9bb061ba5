"""Read the project once: files, symbols, sessions, and who calls whom."""
