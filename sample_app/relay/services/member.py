"""The people who work for a tenant."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from relay.errors import Conflict, NotFound
from relay.models import Member, Tenant
from relay.schemas.access import MemberIn


def add_member(db: Session, tenant: Tenant, data: MemberIn) -> Member:
    """Add a member; raise `Conflict` when the address works here already."""
    member = Member(tenant_id=tenant.id, **data.model_dump())
    db.add(member)
    try:
        db.commit()
    except IntegrityError as error:
        db.rollback()
        raise Conflict(f"{data.email} works for {tenant.name} already") from error
    return member


def get_member(db: Session, tenant: Tenant, member_id: int) -> Member:
    """Return a member by its id; raise `NotFound` unless it is the tenant's."""
    member = db.query(Member).filter(Member.id == member_id, Member.tenant_id == tenant.id).first()
    if member is None:
        raise NotFound(f"No member {member_id}")
    return member
