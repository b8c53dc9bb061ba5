"""The customers' portal: who may sign in, signing in by password, and what a contact sees."""

from datetime import timedelta

from sqlalchemy.orm import Session

from relay import passwords, security
from relay.clients.clock import now
from relay.clients.mail import Mail, MailClient, MailError
from relay.errors import Conflict, NotFound, NotSignedIn, TooManyRequests, Unavailable
from relay.models import Contact, Customer, PortalLogin, PortalSession, Quote, Tenant
from relay.schemas.desk import PortalSignIn
from relay.services.transaction import in_one_transaction
from relay.settings import settings

WRONG = "The address or the password is wrong"


@in_one_transaction
def give_access(db: Session, tenant: Tenant, contact_id: int, *, mail: MailClient) -> PortalLogin:
    """Mail a contact a new password, which ends the old one and all sessions; without the mail nothing changes.

    Raises `Conflict` when the contact has no address or another contact signs in with it.
    """
    contact = db.query(Contact).join(Contact.customer).filter(Contact.id == contact_id, Customer.tenant_id == tenant.id)
    reader = contact.one_or_none()
    if reader is None:
        raise NotFound(f"No contact {contact_id}")
    if not reader.email:
        raise Conflict(f"{reader.name} of {reader.customer.name} has no address")
    login = login_of(db, tenant, reader, reader.email.lower())
    password = passwords.new_password()
    login.password_hash, login.failures, login.locked_until, login.sessions = (
        passwords.hash_password(password),
        0,
        None,
        [],
    )
    try:
        mail.send(Mail(reader.email, f"Your access to {tenant.name}", f"Sign in with the password {password}"))
    except MailError as error:
        raise Unavailable("The password could not be mailed: try again in a minute") from error
    return login


def login_of(db: Session, tenant: Tenant, contact: Contact, email: str) -> PortalLogin:
    """Return the login of a contact, moved to its present address, or a new one."""
    taken = db.query(PortalLogin).filter_by(tenant_id=tenant.id, email=email).first()
    if taken and taken.contact is not contact:
        raise Conflict(f"{taken.contact.name} of {taken.contact.customer.name} signs in with {email}")
    login = taken or db.query(PortalLogin).filter_by(contact_id=contact.id).first()
    if login is None:
        login = PortalLogin(tenant_id=tenant.id, contact=contact)
        db.add(login)
    login.email = email
    return login


def sign_in(db: Session, data: PortalSignIn) -> tuple[PortalSession, str]:
    """Exchange a password for a session and its token.

    Raises `NotSignedIn` for anything wrong, `TooManyRequests` after too many wrong passwords for an address.
    """
    logins = db.query(PortalLogin).join(Tenant, Tenant.id == PortalLogin.tenant_id)
    login = logins.filter(Tenant.slug == data.slug, PortalLogin.email == data.email.lower()).first()
    if login and login.locked_until and login.locked_until > now():
        wait = int((login.locked_until - now()).total_seconds()) + 1
        raise TooManyRequests("Too many wrong passwords", retry_after=wait)
    right = passwords.is_password(data.password, login.password_hash if login else None)
    if login is None or not right:
        count_failure(db, login)
        raise NotSignedIn(WRONG)
    token = security.new_token()
    lifetime = timedelta(seconds=settings.portal_lifetime)
    session = PortalSession(token_hash=security.hash_token(token), expires_at=now() + lifetime)
    login.sessions.append(session)
    login.failures = 0
    db.commit()
    return session, token


def count_failure(db: Session, login: PortalLogin | None) -> None:
    """Count a wrong password, in SQL because guesses come in parallel, and lock the login when it is one too many."""
    if login is None:
        return
    same = db.query(PortalLogin).filter(PortalLogin.id == login.id)
    same.update({PortalLogin.failures: PortalLogin.failures + 1})
    db.refresh(login)
    if login.failures >= settings.password_attempts:
        login.failures = 0
        login.locked_until = now() + timedelta(seconds=settings.password_lockout)
    db.commit()


def find_contact(db: Session, token: str) -> Contact | None:
    """Return the contact that a token belongs to unless its session has ended."""
    session = db.query(PortalSession).filter(PortalSession.token_hash == security.hash_token(token)).one_or_none()
    return session.login.contact if session and session.expires_at > now() else None


def visible_quotes(contact: Contact) -> list[Quote]:
    """Return what a contact's company was offered, the latest first; drafts are nobody's business yet."""
    quotes = [quote for quote in contact.customer.quotes if quote.status != "draft"]
    return sorted(quotes, key=lambda quote: (quote.is_open, quote.number), reverse=True)
