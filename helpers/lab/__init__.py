"""Runs code before and after a rewrite on equal databases and compares what they did."""
