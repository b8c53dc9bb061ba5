"""The tags of a tenant."""

from sqlalchemy import func
from sqlalchemy.orm import Session

from relay.errors import Conflict, NotFound
from relay.models import Tag, Tenant, customer_tags


def get_or_create(db: Session, tenant: Tenant, name: str) -> Tag:
    """Return the tenant's tag of a name, which is created if need be."""
    tag = db.query(Tag).filter_by(tenant_id=tenant.id, name=name.lower()).one_or_none()
    if tag is None:
        tag = Tag(tenant_id=tenant.id, name=name.lower())
        db.add(tag)
    return tag


def list_tags(db: Session, tenant: Tenant) -> list[dict[str, object]]:
    """Return a tenant's tags with the number of customers on each, unused ones included."""
    rows = (
        db.query(Tag, func.count(customer_tags.c.customer_id))
        .outerjoin(customer_tags, customer_tags.c.tag_id == Tag.id)
        .filter(Tag.tenant_id == tenant.id)
        .group_by(Tag.id)
        .order_by(Tag.name)
    )
    return [{"id": tag.id, "name": tag.name, "customers": customers} for tag, customers in rows]


def rename_tag(db: Session, tenant: Tenant, tag_id: int, *, name: str) -> dict[str, object]:
    """Give a tag another name; raise `Conflict` when another tag has it."""
    tag = db.query(Tag).filter(Tag.id == tag_id, Tag.tenant_id == tenant.id).first()
    if tag is None:
        raise NotFound(f"No tag {tag_id}")
    if db.query(Tag).filter(Tag.tenant_id == tenant.id, Tag.name == name, Tag.id != tag.id).count():
        raise Conflict(f"There is another tag {name!r}")
    tag.name = name
    db.commit()
    return {"id": tag.id, "name": tag.name, "customers": len(tag.customers)}


def delete_unused(db: Session, tenant: Tenant) -> int:
    """Delete the tags that are on no customer, and return how many there were."""
    unused = db.query(Tag).filter(Tag.tenant_id == tenant.id, ~Tag.customers.any())
    deleted = unused.delete(synchronize_session=False)
    db.commit()
    return deleted
