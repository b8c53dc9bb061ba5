"""One-time codes and session tokens: how they are made, hashed and compared."""

import hmac
import secrets
from hashlib import sha256

from relay.settings import settings


def new_code() -> str:
    """Return a fresh code of six digits."""
    return f"{secrets.randbelow(1_000_000):06}"


def new_link_code() -> str:
    """Return a fresh code of eight characters, none of which is mistaken for another: about 10^12 of them."""
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(8))


def new_token() -> str:
    """Return a fresh session token that nobody can guess."""
    return secrets.token_urlsafe(32)


def hash_code(tenant_id: int, code: str) -> str:
    """Return the keyed hash of a code; without the key, six digits would be guessed from a stolen table."""
    return _keyed_hash(f"code:{tenant_id}:{code}")


def hash_token(token: str) -> str:
    """Return the keyed hash of a session token."""
    return _keyed_hash(f"token:{token}")


def same(left: str, right: str) -> bool:
    """Compare two hashes in a time that does not depend on where they differ."""
    return hmac.compare_digest(left, right)


def _keyed_hash(text: str) -> str:
    return hmac.new(settings.secret_key.encode(), text.encode(), sha256).hexdigest()
