"""Coroutines in code that is asynchronous already: which expressions give one, and whether somebody awaits it."""
