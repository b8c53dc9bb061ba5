"""Sample data, the same on every machine: `python -m relay.seed` after `alembic upgrade head`.

Among it are what real data has: customers that share an e-mail address, fields without a value, customers without
quotes, quotes whose customer is gone, tags on nobody, projects without a quote.
"""

from datetime import UTC, date, datetime, timedelta
from random import Random

from sqlalchemy import insert
from sqlalchemy.orm import Session

from relay.database import SessionLocal, engine
from relay.models import Contact, Customer, Project, Quote, QuoteLine, Tag, Task, Tenant, customer_tags
from relay.seeding.conversations import add_categories, add_conversations
from relay.seeding.crm import add_crm, add_llm_defaults
from relay.seeding.money import add_money

START = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
TENANTS = (("northwind", "Northwind Traders", 200), ("contoso", "Contoso Ltd", 150), ("fabrikam", "Fabrikam Inc", 50))
TAGS = ("export", "key account", "late payer", "newsletter", "retail", "wholesale")
UNUSED_TAG = "trade fair 2019"
CITIES = ("Aarhus", "Bergen", "Ghent", "Leeds", "Lyon", "Porto", "Turin", None)
FIRST_WORDS = ("Amber", "Birch", "Copper", "Delta", "Ember", "Fjord", "Granite", "Harbour", "Indigo", "Juniper")
SECOND_WORDS = ("Bakery", "Cycles", "Dairy", "Engines", "Foods", "Gardens", "Hotels", "Ironworks")
PEOPLE = ("Ada Lind", "Bo Marsh", "Cleo Nunn", "Dov Oren", "Eve Pardo", "Finn Quist", "Gina Roth", "Hal Stone")
ROLES = ("buyer", "director", "accounts", None)
GOODS = (("Installation", 12_500), ("Licence, one year", 48_000), ("Training day", 95_000), ("Spare part", 1_999))
STATUSES = ("draft", "sent", "accepted", "accepted", "rejected", "expired")


def seed(db: Session) -> bool:
    """Fill an empty database; leave one that has tenants alone and return False."""
    if db.query(Tenant).count():
        return False
    add_categories(db)
    rng = Random(2025)
    add_llm_defaults(db, START)
    for slug, name, size in TENANTS:
        tenant = Tenant(slug=slug, name=name, email=f"office@{slug}.example", created_at=START, updated_at=START)
        db.add(tenant)
        db.flush()
        customers = add_customers(db, tenant, size, rng=rng)
        add_tags(db, tenant, customers, rng=rng)
        quotes = add_quotes(db, tenant, customers, rng=rng)
        add_projects(db, tenant, quotes, rng=rng)
        add_crm(db, tenant, customers, start=START)
        add_money(db, tenant, START)
        add_conversations(db, tenant, START)
    db.commit()
    return True


def add_customers(db: Session, tenant: Tenant, size: int, *, rng: Random) -> list[Customer]:
    """Add customers with contacts; every tenth shares the address of the one before it."""
    customers: list[Customer] = []
    for index in range(size):
        customer = new_customer(tenant, index, rng=rng)
        if index % 10 == 9:
            customer.email = customers[-1].email
        customer.contacts = [new_contact(customer, person, rng=rng) for person in rng.sample(PEOPLE, k=index % 3)]
        customers.append(customer)
    db.add_all(customers)
    db.flush()
    return customers


def add_tags(db: Session, tenant: Tenant, customers: list[Customer], *, rng: Random) -> None:
    """Put up to three tags on each customer; written as rows, because a collection is flushed in no fixed order."""
    tags = [Tag(tenant_id=tenant.id, name=name) for name in TAGS]
    db.add_all([*tags, Tag(tenant_id=tenant.id, name=UNUSED_TAG)])
    db.flush()
    rows = [
        {"customer_id": customer.id, "tag_id": tag.id}
        for customer in customers
        for tag in rng.sample(tags, k=rng.choice((0, 0, 1, 1, 2, 3)))
    ]
    db.execute(insert(customer_tags), rows)


def new_customer(tenant: Tenant, index: int, *, rng: Random) -> Customer:
    """Return one customer; names repeat after eighty, some have no address and no city."""
    name = f"{FIRST_WORDS[index % 10]} {SECOND_WORDS[index // 10 % 8]}"
    created = START + timedelta(hours=5 * index)
    return Customer(
        tenant_id=tenant.id,
        name=name,
        email=None if index % 7 == 3 else f"{name.lower().replace(' ', '.')}{index}@mail.example",
        phone=None if index % 5 == 0 else f"+45 55 {tenant.id:02} {index:04}",
        city=rng.choice(CITIES),
        status=rng.choice(("lead", "active", "active", "former")),
        notes="Pays by invoice only." if index % 11 == 0 else None,
        created_at=created,
        updated_at=created,
    )


def new_contact(customer: Customer, person: str, *, rng: Random) -> Contact:
    """Return a contact; hardly anybody marks the main one."""
    email = f"{person.split()[0].lower()}@{customer.name.split()[0].lower()}.example"
    return Contact(name=person, role=rng.choice(ROLES), email=email, is_main=rng.random() < 0.2)


def add_quotes(db: Session, tenant: Tenant, customers: list[Customer], *, rng: Random) -> list[Quote]:
    """Add about one quote per customer: many for some, none for others, and some whose customer is gone."""
    quotes = []
    for number in range(1, len(customers) + 1):
        customer = None if number % 25 == 0 else customers[min(rng.randrange(len(customers)), rng.randrange(400))]
        quotes.append(new_quote(tenant, number, customer=customer, rng=rng))
    db.add_all(quotes)
    db.flush()
    return quotes


def new_quote(tenant: Tenant, number: int, *, customer: Customer | None, rng: Random) -> Quote:
    """Return a quote with up to four lines; one without a customer has been decided long ago."""
    status = rng.choice(STATUSES if customer else ("accepted", "rejected"))
    created = START + timedelta(days=number)
    lines = [
        QuoteLine(position=position, description=goods, quantity=rng.randint(1, 9), unit_cents=cents)
        for position, (goods, cents) in enumerate(rng.sample(GOODS, k=rng.randint(0 if status == "draft" else 1, 4)), 1)
    ]
    return Quote(
        tenant_id=tenant.id,
        customer=customer,
        number=number,
        title=f"Offer {number} of {tenant.name}",
        status=status,
        discount_percent=rng.choice((0, 0, 0, 5, 10)),
        valid_until=rng.choice((None, date(2025, 12, 31), date(2099, 12, 31))),
        sent_at=None if status == "draft" else created + timedelta(days=1),
        decided_at=created + timedelta(days=9) if status in ("accepted", "rejected", "expired") else None,
        created_at=created,
        updated_at=created,
        lines=lines,
    )


def add_projects(db: Session, tenant: Tenant, quotes: list[Quote], *, rng: Random) -> None:
    """Start a project from every third accepted quote, and one that has no quote at all."""
    accepted = [quote for quote in quotes if quote.status == "accepted"]
    for index, quote in enumerate([*accepted[::3], None], 1):
        tasks = [
            Task(title=f"Step {step}", done=rng.random() < 0.5, due_on=rng.choice((None, date(2025, 6, step))))
            for step in range(1, rng.randint(1, 6))
        ]
        project = Project(
            tenant_id=tenant.id,
            quote=quote,
            customer=quote.customer if quote else None,
            code=f"P{index:03}",
            name=f"Delivery of {quote.title.lower()}" if quote else "Move to the new office",
            status="active" if index % 4 else "archived",
            created_at=START,
            updated_at=START,
            tasks=tasks,
        )
        db.add(project)


def main() -> None:
    """Seed the database of the settings and say what happened."""
    with SessionLocal() as db:
        print("Sample data written" if seed(db) else "The database has tenants already: nothing written")
    engine.dispose()


if __name__ == "__main__":
    main()
