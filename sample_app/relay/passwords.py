"""Passwords of contacts and keys of members: hashed by scrypt, which makes every guess expensive."""

import hmac
import secrets
from hashlib import scrypt

from relay.settings import settings


def new_password() -> str:
    """Return a first password for somebody to type from a mail."""
    return secrets.token_urlsafe(12)


def hash_password(password: str) -> str:
    """Return a salted hash with its cost in front, so that the cost may rise later."""
    salt = secrets.token_hex(16)
    return f"{settings.password_cost}${salt}${_derive(password, settings.password_cost, salt)}"


def is_password(password: str, hashed: str | None) -> bool:
    """Say whether a hash is that of a password; without a hash it takes as long and says no."""
    cost, salt, expected = (hashed or f"{settings.password_cost}${'0' * 32}$").split("$")
    return hmac.compare_digest(_derive(password, int(cost), salt), expected)


def _derive(password: str, cost: int, salt: str) -> str:
    return scrypt(password.encode(), salt=bytes.fromhex(salt), n=cost, r=8, p=1, maxmem=2**28).hex()
