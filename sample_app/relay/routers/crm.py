"""Winning customers and pricing what they buy: leads, campaigns, suppliers, prices."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from relay.clients.mail import MailClient, get_mail
from relay.database import get_db
from relay.deps import current_tenant
from relay.models import Campaign, Customer, Product, Tenant
from relay.schemas.common import problems
from relay.schemas.crm import CustomerOut
from relay.schemas.sales import CampaignIn, CampaignOut, ConversionIn, OfferIn, PriceOut, ProductOut
from relay.services import lead as lead_service
from relay.services import pricing

router = APIRouter(tags=["crm"], responses=problems(401))


@router.post("/leads/{lead_id}/conversion", status_code=201, response_model=CustomerOut, responses=problems(404, 409))
def convert_lead(
    lead_id: int, data: ConversionIn, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Customer:
    """Turn a lead into a contact of its company, which becomes a customer if it is none yet."""
    return lead_service.convert(db, tenant, lead_id, data=data)


@router.post("/campaigns", status_code=201, response_model=CampaignOut, responses=problems(409, 503))
def run_campaign(
    data: CampaignIn,
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
    mail: MailClient = Depends(get_mail),
) -> Campaign:
    """Write to every new lead that is promising enough."""
    return lead_service.run_campaign(db, tenant, data, mail=mail)


@router.put("/products/{sku}/suppliers/{supplier_id}", response_model=ProductOut, responses=problems(404))
def set_offer(
    sku: str, supplier_id: int, data: OfferIn, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> Product:
    """Write down what a supplier asks for a product, and see all its suppliers."""
    return pricing.set_offer(db, tenant, sku, supplier_id=supplier_id, data=data)


@router.get("/products/{sku}/price", response_model=PriceOut, responses=problems(404, 409))
def quote_price(
    sku: str,
    quantity: Annotated[int, Query(ge=1, le=100_000)] = 1,
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
) -> dict[str, object]:
    """Ask what a quantity of a product costs; answered from memory where possible."""
    return pricing.quote_price(db, tenant, sku, quantity=quantity)
