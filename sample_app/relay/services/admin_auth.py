"""Administrators: one key from the settings, and a cookie that proves for some hours that it was known."""

import hmac
from hashlib import sha256

from relay.clients.clock import now
from relay.settings import settings


def is_key(candidate: str) -> bool:
    """Say whether somebody knows the administrators' key; without a key nobody does."""
    return bool(settings.admin_key) and hmac.compare_digest(candidate.encode(), (settings.admin_key or "").encode())


def new_pass() -> str:
    """Return the cookie of somebody who knew the key: when it ends, and a signature of that."""
    ends = str(int(now().timestamp()) + settings.admin_pass_lifetime)
    return f"{ends}.{_sign(ends)}"


def is_pass(candidate: str) -> bool:
    """Say whether a cookie is one of ours and has not ended."""
    ends, _, signature = candidate.partition(".")
    genuine = hmac.compare_digest(signature.encode(), _sign(ends).encode())
    return genuine and int(ends) > now().timestamp()


def _sign(ends: str) -> str:
    # The key takes part, so that changing it ends all passes.
    return hmac.new(
        f"{settings.secret_key}:{settings.admin_key}".encode(), f"admin:{ends}".encode(), sha256
    ).hexdigest()
