"""Sample accounts: one tenant is rich, one has enough, one has spent everything."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from relay.models import CreditAccount, CreditEntry, Licence, Member, PaymentOrder, Seat, Subscription, Tenant

START_OF_CREDITS = {"northwind": (1_000, "team"), "contoso": (250, "team"), "fabrikam": (0, "free")}
MEMBERS = (("ines", "owner"), ("otto", "billing"), ("vera", "viewer"))


def add_money(db: Session, tenant: Tenant, start: datetime) -> None:
    """Add an account with its history, a paid order and one nobody finished, members, and licences."""
    credits, plan = START_OF_CREDITS[tenant.slug]
    add_account(db, tenant, credits, start=start)
    add_orders(db, tenant, start)
    db.add(Subscription(tenant_id=tenant.id, plan=plan, paid_until=None, created_at=start, updated_at=start))
    db.add_all(Member(tenant_id=tenant.id, email=f"{name}@{tenant.slug}.example", role=role) for name, role in MEMBERS)
    db.flush()
    add_licences(db, tenant, start)


def add_account(db: Session, tenant: Tenant, credits: int, *, start: datetime) -> None:
    """Add an account that was filled by its first order, and emptied to what is left."""
    db.add(CreditAccount(tenant_id=tenant.id, balance=credits, created_at=start, updated_at=start))
    db.flush()
    history = ((1_200, 1_200, "Pack large"), (credits - 1_200, credits, "Insights of the first year"))
    for days, (amount, after, reason) in enumerate(history, 1):
        moment = start + timedelta(days=days)
        entry = CreditEntry(tenant_id=tenant.id, amount=amount, balance_after=after, reason=reason, created_at=moment)
        db.add(entry)
    db.flush()


def add_orders(db: Session, tenant: Tenant, start: datetime) -> None:
    """Add the order that filled the account, and one that was never paid."""
    for number, (pack, credits, cents, status) in enumerate(
        (("large", 1_200, 99_900, "paid"), ("small", 100, 9_900, "pending")), 1
    ):
        order = PaymentOrder(
            tenant_id=tenant.id,
            pack=pack,
            credits=credits,
            amount_cents=cents,
            status=status,
            checkout=f"chk_sample_{tenant.id}_{number}",
            paid_at=start + timedelta(days=1) if status == "paid" else None,
            created_at=start,
            updated_at=start,
        )
        db.add(order)
    db.flush()


def add_licences(db: Session, tenant: Tenant, start: datetime) -> None:
    """Add a licence with two of three seats taken; in the trash are one from before it and a fax gateway."""
    kept, gone = {"created_at": start, "updated_at": start}, start + timedelta(days=30)
    current = Licence(tenant_id=tenant.id, product="Route planner", seats_total=3, **kept)
    fax = Licence(tenant_id=tenant.id, product="Fax gateway", seats_total=1, deleted_at=gone, **kept)
    before = Licence(tenant_id=tenant.id, product="Route planner", seats_total=1, deleted_at=gone, **kept)
    db.add_all([current, fax, before])
    db.flush()
    for number, (name, _) in enumerate(MEMBERS[:2], 1):
        db.add(Seat(licence_id=current.id, number=number, email=f"{name}@{tenant.slug}.example"))
    db.flush()
