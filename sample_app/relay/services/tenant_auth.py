"""Sign-up, one-time codes and session tokens."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from relay import security
from relay.clients.clock import now
from relay.clients.mail import Mail, MailClient, MailError
from relay.errors import Conflict, NotFound, NotSignedIn, TooManyRequests, Unavailable
from relay.models import CodeRequest, OneTimeCode, Tenant, TenantSession
from relay.schemas.tenant import SignUp
from relay.settings import settings

# One sentence for every failure, so that nobody learns which slugs exist.
WRONG_CODE = "The code is wrong or no longer valid"


def sign_up(db: Session, data: SignUp) -> Tenant:
    """Create a tenant; raise `Conflict` when the slug is taken."""
    taken = Conflict(f"The name {data.slug!r} is taken")
    if db.query(db.query(Tenant).filter_by(slug=data.slug).exists()).scalar():
        raise taken
    tenant = Tenant(slug=data.slug, name=data.name, email=data.email)
    db.add(tenant)
    try:
        db.commit()
    except IntegrityError as error:  # somebody else took it since we looked
        db.rollback()
        raise taken from error
    return tenant


def request_code(db: Session, slug: str, mail: MailClient) -> None:
    """Mail a fresh code to a tenant; an unknown slug is met with silence.

    Raises `TooManyRequests` when codes were asked for too often, `Unavailable` when the mail cannot be sent.
    """
    limit_requests(db, slug)
    tenant = db.scalar(select(Tenant).where(Tenant.slug == slug))
    if tenant is None:
        db.commit()
        return
    code = issue_code(db, tenant)
    db.commit()
    try:
        mail.send(Mail(tenant.email, "Your sign-in code", f"{tenant.name}, your code for Relay is {code}."))
    except MailError as error:
        raise Unavailable("The code could not be mailed: try again in a minute") from error


def limit_requests(db: Session, slug: str) -> None:
    """Count a request for a code, and refuse it when there were too many in the window."""
    window_start = now() - timedelta(seconds=settings.code_window)
    db.query(CodeRequest).filter(CodeRequest.requested_at <= window_start).delete(synchronize_session=False)
    recent = db.query(CodeRequest).filter_by(slug=slug)
    if recent.count() >= settings.codes_per_window:
        oldest = db.query(func.min(CodeRequest.requested_at)).filter(CodeRequest.slug == slug).scalar()
        wait = int((oldest - window_start).total_seconds()) + 1 if oldest else settings.code_window
        db.commit()
        raise TooManyRequests("Too many codes were requested", retry_after=wait)
    db.add(CodeRequest(slug=slug, requested_at=now()))


def issue_code(db: Session, tenant: Tenant) -> str:
    """Write down the hash of a new code, which replaces the ones before it, and return the code."""
    db.query(OneTimeCode).filter_by(tenant_id=tenant.id).delete()
    code = security.new_code()
    expires_at = now() + timedelta(seconds=settings.code_lifetime)
    db.add(OneTimeCode(tenant_id=tenant.id, code_hash=security.hash_code(tenant.id, code), expires_at=expires_at))
    return code


def sign_in(db: Session, slug: str, code: str, *, user_agent: str | None) -> tuple[TenantSession, str]:
    """Exchange a code for a session and its token.

    Raises `NotSignedIn` for a wrong code and `TooManyRequests` once the code has seen too many attempts.
    """
    tenant = db.scalar(select(Tenant).where(Tenant.slug == slug))
    pending = find_pending_code(db, tenant) if tenant else None
    if tenant is None or pending is None:
        raise NotSignedIn(WRONG_CODE)
    count_attempt(db, pending)
    if not security.same(pending.code_hash, security.hash_code(tenant.id, code)) or not use_code(db, pending):
        db.rollback()
        raise NotSignedIn(WRONG_CODE)
    return open_session(db, tenant, user_agent)


def find_pending_code(db: Session, tenant: Tenant) -> OneTimeCode | None:
    """Return the tenant's latest code that is neither used nor expired."""
    return db.scalar(
        select(OneTimeCode)
        .where(OneTimeCode.tenant_id == tenant.id, OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > now())
        .order_by(OneTimeCode.id.desc())
    )


def count_attempt(db: Session, pending: OneTimeCode) -> None:
    """Count an attempt before looking at the code; in SQL, so that guesses in parallel are counted too."""
    counted = (
        db.query(OneTimeCode)
        .filter(OneTimeCode.id == pending.id, OneTimeCode.attempts < settings.code_attempts)
        .update({OneTimeCode.attempts: OneTimeCode.attempts + 1})
    )
    db.commit()
    if not counted:
        wait = max(1, int((pending.expires_at - now()).total_seconds()))
        raise TooManyRequests("Too many attempts: request a new code", retry_after=wait)


def use_code(db: Session, pending: OneTimeCode) -> bool:
    """Mark a code as used; say no when another request was faster."""
    unused = db.query(OneTimeCode).filter(OneTimeCode.id == pending.id, OneTimeCode.used_at.is_(None))
    return unused.update({"used_at": now()}) == 1


def open_session(db: Session, tenant: Tenant, user_agent: str | None) -> tuple[TenantSession, str]:
    """Start a session for a tenant and return it with the token, which is kept nowhere."""
    token = security.new_token()
    session = TenantSession(
        tenant=tenant,
        token_hash=security.hash_token(token),
        user_agent=user_agent,
        created_at=now(),
        expires_at=now() + timedelta(seconds=settings.session_lifetime),
    )
    db.add(session)
    db.commit()
    return session, token


def find_session(db: Session, token: str) -> TenantSession | None:
    """Return the session of a token unless it has expired or was ended."""
    session = db.scalar(select(TenantSession).where(TenantSession.token_hash == security.hash_token(token)))
    return session if session and session.expires_at > now() else None


def list_sessions(db: Session, tenant: Tenant) -> list[TenantSession]:
    """Return where a tenant is signed in, the latest first."""
    live = db.query(TenantSession).filter(TenantSession.tenant_id == tenant.id, TenantSession.expires_at > now())
    return live.order_by(TenantSession.id.desc()).all()


def end_session(db: Session, tenant: Tenant, session_id: int) -> None:
    """Sign out one session; raise `NotFound` when the tenant has no such session."""
    session = db.query(TenantSession).filter_by(id=session_id, tenant_id=tenant.id).one_or_none()
    if session is None:
        raise NotFound(f"No session {session_id}")
    db.delete(session)
    db.commit()
