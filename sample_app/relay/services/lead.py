"""Leads: written to in campaigns, and turned into customers."""

from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from relay.clients.clock import now
from relay.clients.mail import Mail, MailClient, MailError
from relay.errors import Conflict, NotFound, Unavailable
from relay.models import Campaign, Contact, Customer, Lead, Tenant
from relay.schemas.sales import CampaignIn, ConversionIn
from relay.services import tag as tag_service
from relay.services.transaction import in_one_transaction


def hottest(db: Session, tenant: Tenant, limit: int) -> list[Lead]:
    """Return the leads that are worth a call, the most promising first; what a campaign won comes before walk-ins."""
    leads = db.query(Lead).filter(Lead.tenant_id == tenant.id, Lead.status != "converted").all()
    return sorted(leads, key=lambda lead: (-lead.score, lead.origin == "walk-in", lead.id))[:limit]


def get_lead(db: Session, tenant: Tenant, lead_id: int) -> Lead:
    """Return a lead by its id; raise `NotFound` unless it is the tenant's."""
    lead = db.query(Lead).filter_by(id=lead_id, tenant_id=tenant.id).one_or_none()
    if lead is None:
        raise NotFound(f"No lead {lead_id}")
    return lead


@in_one_transaction
def convert(db: Session, tenant: Tenant, lead_id: int, *, data: ConversionIn) -> Customer:
    """Make a lead a contact of its company, which becomes a customer unless it is one; all of it or nothing.

    Raises `Conflict` when the lead was converted before or the company has a contact with its address.
    """
    lead = get_lead(db, tenant, lead_id)
    claim(db, lead)
    customer = company_of(db, lead, city=data.city)
    if lead.campaign:
        label = tag_service.get_or_create(db, tenant, lead.campaign.name)
        customer.tags = [*customer.tags, *({label} - set(customer.tags))]
    if lead.email and lead.email in [contact.email for contact in customer.contacts]:
        raise Conflict(f"{customer!r} has a contact with the address {lead.email}")
    customer.contacts.append(Contact(name=lead.person, role=data.role, email=lead.email))
    lead.customer = customer
    return customer


def claim(db: Session, lead: Lead) -> None:
    """Mark a lead as converted; of two requests at once, the second is told who won it."""
    unclaimed = db.query(Lead).filter(Lead.id == lead.id, Lead.status != "converted")
    if not unclaimed.update({Lead.status: "converted"}):
        raise Conflict(f"{lead!r} was converted before, to {lead.customer!r}")


def company_of(db: Session, lead: Lead, *, city: str | None) -> Customer:
    """Return the oldest customer with the name of a lead's company, active from now on, or a new one."""
    same_name = db.query(Customer).filter(
        Customer.tenant_id == lead.tenant_id, func.lower(Customer.name) == lead.company.lower()
    )
    customer = same_name.order_by(Customer.id).first()
    if customer is None:
        customer = Customer(tenant_id=lead.tenant_id, name=lead.company, email=lead.email, city=city)
        db.add(customer)
    customer.status = "active"
    return customer


@in_one_transaction
def run_campaign(db: Session, tenant: Tenant, data: CampaignIn, *, mail: MailClient) -> Campaign:
    """Write to all new leads that are promising enough; nobody counts as reached when the mail server gives up.

    Raises `Conflict` when there is nobody to write to, `Unavailable` when the mail cannot be sent.
    """
    audience = db.query(Lead).filter(Lead.tenant_id == tenant.id, Lead.status == "new", Lead.email.is_not(None))
    audience = audience.filter(Lead.score >= data.min_score)
    readers = audience.order_by(Lead.id).all()
    if not readers:
        raise Conflict("There is nobody to write to")
    campaign = Campaign(tenant_id=tenant.id, name=data.name, sent_at=now())
    db.add(campaign)
    db.flush()
    reached: dict[Any, object] = {"status": "contacted", "campaign_id": campaign.id, "letters": Lead.letters + 1}
    audience.update(reached, synchronize_session="fetch")
    for reader in readers:
        send_letter(mail, reader, data.text)
    return campaign


def send_letter(mail: MailClient, reader: Lead, text: str) -> None:
    """Mail a campaign's text to one lead, under a number that counts the letters it has had."""
    subject = f"{reader.tenant.name}: letter {reader.letters} ({reader.origin})"
    try:
        mail.send(Mail(reader.email or "", subject, text.replace("{person}", reader.person)))
    except MailError as error:
        raise Unavailable("The campaign could not be mailed: try again in a minute") from error
