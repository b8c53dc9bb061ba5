"""The reason why a place is left to a person."""

from __future__ import annotations


class Refused(Exception):
    """Nothing can be written here without a guess; the text says why, and what a person can do."""
