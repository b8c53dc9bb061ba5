"""How one part of a pattern tells the others that a place is left alone."""

from __future__ import annotations


class Refused(Exception):
    """The place is left as it is; the message says why, and what a person can do."""
