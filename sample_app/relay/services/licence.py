"""Licences, the people on their seats, and the trash."""

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Query, Session

from relay.clients.clock import now
from relay.errors import Conflict, NotFound
from relay.listeners import WITH_TRASH
from relay.models import Licence, Seat, Tenant

SEATING_ATTEMPTS = 5


def list_licences(db: Session, tenant: Tenant, *, trash: bool) -> list[Licence]:
    """Return a tenant's licences, or those in the trash."""
    query = trashed(db, tenant) if trash else db.query(Licence).filter(Licence.tenant_id == tenant.id)
    return query.order_by(func.lower(Licence.product), Licence.id).all()


def trashed(db: Session, tenant: Tenant) -> Query[Licence]:
    """Return the query for what a tenant has thrown away."""
    query = db.query(Licence).execution_options(**{WITH_TRASH: True})
    return query.filter(Licence.tenant_id == tenant.id, Licence.deleted_at.is_not(None))


def get_licence(db: Session, tenant: Tenant, licence_id: int) -> Licence:
    """Return a licence by its id; raise `NotFound` unless it is the tenant's and out of the trash."""
    licence = db.query(Licence).filter(Licence.id == licence_id, Licence.tenant_id == tenant.id).one_or_none()
    if licence is None:
        raise NotFound(f"No licence {licence_id}")
    return licence


def take_seat(db: Session, tenant: Tenant, licence_id: int, *, email: str) -> Licence:
    """Give a person the next seat; who loses a race for it takes the one after, while there are any."""
    licence = get_licence(db, tenant, licence_id)
    seats = db.query(Seat).filter(Seat.licence_id == licence.id)
    for _ in range(SEATING_ATTEMPTS):
        if seats.filter(Seat.email == email).count():
            raise Conflict(f"{email} has a seat already")
        number = seats.count() + 1
        if number > licence.seats_total:
            raise Conflict(f"All {licence.seats_total} seats of {licence.product} are taken")
        db.add(Seat(licence=licence, number=number, email=email))
        try:
            db.commit()
        except IntegrityError:
            db.rollback()
        else:
            return licence
    raise Conflict("Too many people are taking seats at once: try again")


def throw_away(db: Session, tenant: Tenant, licence_id: int) -> None:
    """Put a licence into the trash; its seats stay as they are."""
    get_licence(db, tenant, licence_id).deleted_at = now()
    db.commit()


def restore(db: Session, tenant: Tenant, licence_id: int) -> Licence:
    """Take a licence out of the trash; raise `Conflict` when the product has a licence again."""
    licence = trashed(db, tenant).filter(Licence.id == licence_id).one_or_none()
    if licence is None:
        raise NotFound(f"No licence {licence_id} in the trash")
    if db.query(Licence).filter_by(tenant_id=tenant.id, product=licence.product).count():
        raise Conflict(f"There is another licence of {licence.product}")
    licence.deleted_at = None
    db.commit()
    return licence
