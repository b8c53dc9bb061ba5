"""Sample leads, products, tickets, calendars, prompts and language models."""

from datetime import datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from relay.models import (
    Booking,
    Calendar,
    Campaign,
    Customer,
    Lead,
    LlmDefault,
    LlmOverride,
    Note,
    Offer,
    Product,
    Project,
    Prompt,
    StatusChange,
    Supplier,
    Tenant,
    Ticket,
)

PEOPLE = ("Ida Juhl", "Jon Kerr", "Kim Lowe", "Lea Moss", "Max Nord", "Noa Otis")
COMPANIES = ("Amber Bakery", "Quartz Studio", "Raven Press", "Silver Boats", "Tulip Travel", "Umber Clinic")
SUPPLIERS = ("Acorn Wholesale", "Basalt Parts", "Cedar Imports")
PRODUCTS = (("DESK-1", "Oak desk", 30), ("LAMP-2", "Desk lamp", 45), ("RUG-3", "Wool rug", 60))
COSTS = ((20_000, 1), (19_000, 10), (19_000, 5))
SUBJECTS = ("The invoice is missing", "A lamp arrived broken", "How do I export my data?")
DEFAULTS = (("chat", "offline", "parrot-1", 2_000), ("insights", "offline", "owl-2", 8_000))


def add_llm_defaults(db: Session, start: datetime) -> None:
    """Add what the administrators chose for everybody; nobody has thought of letters yet."""
    for purpose, provider, model, max_tokens in DEFAULTS:
        times = {"created_at": start, "updated_at": start}
        db.add(LlmDefault(purpose=purpose, provider=provider, model=model, max_tokens=max_tokens, **times))
    db.flush()


def add_crm(db: Session, tenant: Tenant, customers: list[Customer], *, start: datetime) -> None:
    """Add a tenant's share of everything; a generator of its own leaves the other samples as they are."""
    rng = Random(f"crm of {tenant.slug}")
    add_leads(db, tenant, start=start, rng=rng)
    add_products(db, tenant)
    add_tickets(db, tenant, customers, start=start)
    add_bookings(db, tenant, start=start)
    body = "Sum up for {customer}: {text}"
    db.add(Prompt(tenant_id=tenant.id, name="summary", body=body, created_at=start, updated_at=start))
    if tenant.slug != "fabrikam":
        db.add(LlmOverride(tenant_id=tenant.id, purpose="chat", model=f"{tenant.slug}-parrot"))
    db.flush()


def add_leads(db: Session, tenant: Tenant, *, start: datetime, rng: Random) -> None:
    """Add leads; some were won by a campaign, some have no address, one company is a customer already."""
    campaign = Campaign(tenant_id=tenant.id, name="Autumn fair", sent_at=start)
    db.add(campaign)
    for index in range(24):
        person, company = PEOPLE[index % 6], COMPANIES[index * 5 % 6]
        lead = Lead(
            tenant_id=tenant.id,
            campaign=campaign if index % 4 == 0 else None,
            person=person,
            company=company,
            email=None if index % 5 == 0 else f"{person.split()[0].lower()}{index // 6}@leads.example",
            status="contacted" if index % 4 == 0 else "new",
            visits=rng.randint(0, 15),
            letters=1 if index % 4 == 0 else 0,
            created_at=start,
            updated_at=start,
        )
        db.add(lead)
    db.flush()


def add_products(db: Session, tenant: Tenant) -> None:
    """Add products; the first is bought from three suppliers, the second from two, the third from one."""
    suppliers = [Supplier(tenant_id=tenant.id, name=name) for name in SUPPLIERS]
    db.add_all(suppliers)
    db.flush()
    for index, (sku, name, margin) in enumerate(PRODUCTS):
        product = Product(tenant_id=tenant.id, sku=sku, name=name, margin_percent=margin)
        for supplier, (cost, least) in list(zip(suppliers, COSTS, strict=True))[index:]:
            product.offers.append(Offer(supplier=supplier, cost_cents=cost // (index + 1), min_quantity=least))
        db.add(product)
        db.flush()


def add_tickets(db: Session, tenant: Tenant, customers: list[Customer], *, start: datetime) -> None:
    """Add tickets with answers under answers; one is closed, and the customer of one is gone."""
    for index, subject in enumerate(SUBJECTS):
        customer = customers[index] if index else None
        status, times = ("closed" if index == 1 else "open"), {"created_at": start, "updated_at": start}
        ticket = Ticket(tenant_id=tenant.id, customer=customer, subject=subject, status=status, **times)
        db.add(ticket)
        db.flush()
        parent = None
        for step, author in enumerate(("Customer", "Ida", "Customer", "Jon")[: index + 2]):
            moment = start + timedelta(hours=step)
            times = {"created_at": moment, "updated_at": moment}
            parent = Note(ticket=ticket, author=author, body=f"{subject} ({step})", parent=parent, **times)
            db.add(parent)
            db.flush()
        if index == 1:
            times = {"created_at": start + timedelta(days=1), "updated_at": start + timedelta(days=1)}
            db.add(StatusChange(ticket=ticket, author="Ida", before="open", after="closed", **times))
            db.flush()


def add_bookings(db: Session, tenant: Tenant, *, start: datetime) -> None:
    """Book two people for the first project, one of them twice on a day."""
    project = db.query(Project).filter(Project.tenant_id == tenant.id, Project.status == "active").first()
    for person, hours in (("Ida Juhl", (1, 4)), ("Jon Kerr", (0,))):
        calendar = Calendar(tenant_id=tenant.id, person=person, revision=len(hours))
        db.add(calendar)
        for hour in hours:
            begins = start + timedelta(hours=hour)
            db.add(Booking(calendar=calendar, project=project, starts_at=begins, ends_at=begins + timedelta(hours=2)))
        db.flush()
