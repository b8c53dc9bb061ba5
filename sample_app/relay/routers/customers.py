"""Customers, their contacts and their tags."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import current_tenant
from relay.models import Contact, Customer, Tenant
from relay.pagination import PageRequest, Slice
from relay.schemas.common import Page, download, problems
from relay.schemas.crm import (
    ContactIn,
    ContactOut,
    CustomerFilters,
    CustomerIn,
    CustomerLine,
    CustomerOut,
    CustomerPatch,
    Duplicate,
    TagIn,
    TagName,
    TagOut,
)
from relay.services import customer as service
from relay.services import tag as tag_service

router = APIRouter(tags=["customers"], responses=problems(401))


@router.get("/customers", response_model=Page[CustomerLine])
def list_customers(
    filters: Annotated[CustomerFilters, Query()],
    wanted: Annotated[PageRequest, Depends()],
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
) -> Slice[Customer]:
    """Search, filter and order the customers, a page at a time."""
    return service.list_customers(db, tenant, filters, wanted=wanted)


@router.post("/customers", status_code=201, response_model=CustomerOut, responses=problems(409))
def create_customer(
    data: CustomerIn, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Customer:
    """Add a customer; tags that do not exist yet are created."""
    return service.create_customer(db, tenant, data)


@router.get("/customers/lookup", response_model=CustomerOut, responses=problems(404))
def find_by_email(email: str, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> Customer:
    """Find a customer by e-mail address, as the telephone desk does."""
    return service.find_by_email(db, tenant, email)


@router.get("/customers/duplicates", response_model=list[Duplicate])
def list_duplicates(tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> list[dict[str, object]]:
    """List the e-mail addresses that several customers share."""
    return service.shared_emails(db, tenant)


@router.get("/customers/awaiting-answer", response_model=list[CustomerLine])
def list_awaiting_answer(tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> list[Customer]:
    """List the customers to call about the quotes they were sent."""
    return service.awaiting_answer(db, tenant)


@router.get("/customers/never-quoted", response_model=list[CustomerLine])
def list_never_quoted(
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
) -> list[Customer]:
    """List the customers that nobody has written a quote for."""
    return service.never_quoted(db, tenant, limit)


@router.get("/customers/export.csv", response_class=Response, responses=download("text/csv", "One line per customer"))
def export_customers(tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> Response:
    """Download all customers as comma-separated values."""
    headers = {"Content-Disposition": f'attachment; filename="{tenant.slug}-customers.csv"'}
    return Response(service.export_csv(db, tenant), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/customers/{customer_id}", response_model=CustomerOut, responses=problems(404))
def read_customer(
    customer_id: int, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Customer:
    """Show a customer in full."""
    return service.get_customer(db, tenant, customer_id)


@router.patch("/customers/{customer_id}", response_model=CustomerOut, responses=problems(404))
def update_customer(
    customer_id: int, data: CustomerPatch, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Customer:
    """Change some fields of a customer."""
    return service.update_customer(db, tenant, customer_id, data=data)


@router.delete("/customers/{customer_id}", status_code=204, responses=problems(404, 409))
def delete_customer(customer_id: int, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> None:
    """Delete a customer without open quotes; its decided quotes are kept."""
    service.delete_customer(db, tenant, customer_id)


@router.put("/customers/{customer_id}/tags/{name}", response_model=CustomerLine, responses=problems(404, 409))
def tag_customer(
    customer_id: int, name: TagName, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Customer:
    """Put a tag on a customer."""
    return service.tag_customer(db, tenant, customer_id, name=name)


@router.delete("/customers/{customer_id}/tags/{name}", response_model=CustomerLine, responses=problems(404))
def untag_customer(
    customer_id: int, name: str, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Customer:
    """Take a tag off a customer."""
    return service.untag_customer(db, tenant, customer_id, name=name)


@router.post("/customers/{customer_id}/contacts", status_code=201, response_model=ContactOut, responses=problems(404))
def add_contact(
    customer_id: int, data: ContactIn, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Contact:
    """Add a person to a customer."""
    return service.add_contact(db, tenant, customer_id, data=data)


@router.delete("/customers/{customer_id}/contacts/{contact_id}", status_code=204, responses=problems(404))
def delete_contact(
    customer_id: int, contact_id: int, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> None:
    """Remove a person from a customer."""
    service.delete_contact(db, tenant, customer_id, contact_id=contact_id)


@router.get("/tags", response_model=list[TagOut])
def list_tags(tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> list[dict[str, object]]:
    """List the tags and how often each is used."""
    return tag_service.list_tags(db, tenant)


@router.patch("/tags/{tag_id}", response_model=TagOut, responses=problems(404, 409))
def rename_tag(
    tag_id: int, data: TagIn, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> dict[str, object]:
    """Rename a tag on all its customers at once."""
    return tag_service.rename_tag(db, tenant, tag_id, name=data.name)


@router.delete("/tags/unused")
def delete_unused_tags(tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> dict[str, int]:
    """Delete the tags that are on no customer."""
    return {"deleted": tag_service.delete_unused(db, tenant)}
