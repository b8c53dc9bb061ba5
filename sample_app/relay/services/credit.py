"""Prepaid credits: every movement is made under the lock on the tenant's account and leaves an entry."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from relay.clients.clock import now
from relay.errors import PaymentRequired
from relay.models import CreditAccount, CreditEntry, Tenant


def balance(db: Session, tenant: Tenant) -> int:
    """Return the credits that a tenant can spend."""
    return db.query(CreditAccount.balance).filter_by(tenant_id=tenant.id).scalar() or 0


def find_account(db: Session, tenant: Tenant) -> CreditAccount | None:
    """Return a tenant's account, if it ever had credits."""
    return db.query(CreditAccount).get(tenant.id)


def lock_account(db: Session, tenant_id: int) -> CreditAccount:
    """Return a tenant's account, which nobody else can change until the transaction ends."""
    account = db.query(CreditAccount).filter_by(tenant_id=tenant_id)
    locked = account.populate_existing().with_for_update()
    return locked.one_or_none() or open_account(db, tenant_id) or locked.one()


def open_account(db: Session, tenant_id: int) -> CreditAccount | None:
    """Open an empty account; return None when another request was faster."""
    account = CreditAccount(tenant_id=tenant_id, balance=0)
    try:
        with db.begin_nested():
            db.add(account)
    except IntegrityError:
        return None
    return account


def move(db: Session, tenant_id: int, amount: int, reason: str) -> CreditEntry:
    """Add credits or, with a negative amount, take some; raise `PaymentRequired` rather than overdraw.

    The lock stays until the caller ends the transaction.
    """
    account = lock_account(db, tenant_id)
    if account.balance + amount < 0:
        raise PaymentRequired(f"This takes {-amount} credits, and there are {account.balance}")
    account.balance += amount
    entry = CreditEntry(
        tenant_id=tenant_id, amount=amount, balance_after=account.balance, reason=reason, created_at=now()
    )
    db.add(entry)
    db.flush()
    return entry


def spend(db: Session, tenant: Tenant, credits: int, reason: str) -> CreditEntry:
    """Take credits from a tenant in the caller's transaction, which the caller commits.

    Call it last before the commit: it holds the lock on the account. When there is not enough, `PaymentRequired` is
    raised, and everything that the transaction had done so far is taken back.
    """
    try:
        return move(db, tenant.id, -credits, reason)
    except PaymentRequired:
        db.rollback()
        raise


@contextmanager
def reserved(db: Session, tenant: Tenant, credits: int, reason: str) -> Iterator[CreditEntry]:
    """Take credits for work that lasts, committed so that nobody waits; give them back when the work fails."""
    tenant_id = tenant.id
    entry = spend(db, tenant, credits, reason)
    db.commit()
    try:
        yield entry
    except Exception:
        db.rollback()
        move(db, tenant_id, credits, f"Returned: {reason}")
        db.commit()
        raise
