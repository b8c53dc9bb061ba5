"""Keys of members: made, kept as a slow hash, and checked on a short session of their own."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_
from sqlalchemy.orm import Session

from relay import security
from relay.clients.clock import now
from relay.database import SessionLocal
from relay.errors import NotFound, NotSignedIn, TooManyRequests
from relay.models import ApiKey, Member
from relay.passwords import hash_password, is_password
from relay.services.plans import PLANS

WINDOW = timedelta(minutes=1)
UNKNOWN_KEY = "The key is not valid"


@dataclass(frozen=True)
class Holder:
    """What a key proves, independent of the session that found it."""

    tenant_id: int
    role: str


def issue_key(db: Session, member: Member) -> tuple[ApiKey, str]:
    """Make a key for a member and return it with its text, which is kept nowhere."""
    prefix, secret = secrets.token_hex(6), security.new_token()
    key = ApiKey(member=member, prefix=prefix, secret_hash=hash_password(secret))
    db.add(key)
    db.commit()
    return key, f"rk_{prefix}_{secret}"


def revoke_key(db: Session, member: Member, key_id: int) -> None:
    """Put a key of a member into the trash, where nobody finds it; raise `NotFound` when there is no such key."""
    key = db.query(ApiKey).filter_by(id=key_id, member_id=member.id).one_or_none()
    if key is None:
        raise NotFound(f"No key {key_id}")
    key.deleted_at = now()
    db.commit()


async def find_holder(text: str) -> Holder:
    """Return whom a key belongs to; raise `NotSignedIn` for a wrong one, `TooManyRequests` beyond the plan."""
    prefix, _, secret = text.removeprefix("rk_").partition("_")
    sync_db = SessionLocal()
    try:
        key = sync_db.query(ApiKey).filter(ApiKey.prefix == prefix).first()
        if not is_password(secret, key.secret_hash if key else None) or key is None:
            raise NotSignedIn(UNKNOWN_KEY)
        count_call(sync_db, key)
        return Holder(key.member.tenant_id, key.member.role)
    finally:
        sync_db.close()


def count_call(db: Session, key: ApiKey) -> None:
    """Count a call of a key in its window of a minute; in SQL, so that calls in parallel are counted too."""
    limit = PLANS[key.member.tenant_plan].calls_per_minute
    this_key = db.query(ApiKey).filter(ApiKey.id == key.id)
    over = or_(ApiKey.window_start.is_(None), ApiKey.window_start <= now() - WINDOW)
    counted = this_key.filter(over).update({"window_start": now(), "window_calls": 1}, synchronize_session=False)
    if not counted:
        below = this_key.filter(ApiKey.window_calls < limit)
        counted = below.update({"window_calls": ApiKey.window_calls + 1}, synchronize_session=False)
    db.commit()
    if not counted:
        raise TooManyRequests(f"The plan allows {limit} calls a minute", retry_after=int(WINDOW.total_seconds()))
