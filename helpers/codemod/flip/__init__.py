"""Turns whole families of functions asynchronous: everything that one session flows through, or none of it."""
