"""How one part of the pattern tells the others that a chain is left alone."""

from __future__ import annotations


class Refused(Exception):
    """The chain is left as it is; the message says why, and what a person can do."""
