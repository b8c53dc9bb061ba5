"""What customers want help with."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Query
from sqlalchemy.orm import Session

from relay.clients.mail import MailClient, get_mail
from relay.database import get_db
from relay.deps import current_tenant
from relay.models import Tenant, Ticket
from relay.schemas.common import problems
from relay.schemas.desk import NoteIn, TicketHit, TicketOut
from relay.services import helpdesk

router = APIRouter(prefix="/tickets", tags=["helpdesk"], responses=problems(401))


@router.get("", response_model=list[TicketHit])
def search_tickets(
    text: Annotated[str, Query(min_length=2, max_length=200, description="part of a note, or a status")],
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
) -> list[dict[str, object]]:
    """Find tickets by what was said on them or what became of them."""
    return helpdesk.search(db, tenant, text)


@router.get("/{ticket_id}", response_model=TicketOut, responses=problems(404))
def read_ticket(ticket_id: int, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)) -> Ticket:
    """Read a ticket with its whole thread."""
    return helpdesk.get_ticket(db, tenant, ticket_id)


@router.post("/{ticket_id}/notes", status_code=201, response_model=TicketOut, responses=problems(404, 409))
def add_note(
    ticket_id: int,
    data: NoteIn,
    background: BackgroundTasks,
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
    mail: MailClient = Depends(get_mail),
) -> Ticket:
    """Say something on a ticket, close it with that, or open it again; the customer is told after this answer."""
    ticket = helpdesk.add_note(db, tenant, ticket_id, data=data)
    background.add_task(helpdesk.tell_customer, db, ticket.id, data.author, mail=mail)
    return ticket
