"""Tickets: reading and writing their threads."""

import logging

from sqlalchemy import or_
from sqlalchemy.orm import Session, with_polymorphic

from relay.clients.mail import Mail, MailClient, MailError
from relay.errors import Conflict, NotFound
from relay.models import Entry, Note, StatusChange, Tenant, Ticket
from relay.schemas.desk import NoteIn

logger = logging.getLogger(__name__)

DEEPEST = 4


def get_ticket(db: Session, tenant: Tenant, ticket_id: int) -> Ticket:
    """Return a ticket by its id; raise `NotFound` unless it is the tenant's."""
    ticket = db.query(Ticket).filter(Ticket.id == ticket_id, Ticket.tenant_id == tenant.id).first()
    if ticket is None:
        raise NotFound(f"No ticket {ticket_id}")
    return ticket


def search(db: Session, tenant: Tenant, text: str) -> list[dict[str, object]]:
    """Return the tickets on which something was said, or which became something, the latest match first."""
    anything = with_polymorphic(Entry, [Note, StatusChange])
    hits = (
        db.query(anything)
        .join(anything.ticket)
        .filter(Ticket.tenant_id == tenant.id)
        .filter(or_(anything.Note.body.icontains(text, autoescape=True), anything.StatusChange.after == text))
        .order_by(anything.id)
    )
    latest = {hit.ticket: hit for hit in hits}
    return [
        {"id": ticket.id, "subject": ticket.subject, "status": ticket.status, "matched": hit.line}
        for ticket, hit in sorted(latest.items(), key=lambda found: found[1].id, reverse=True)
    ]


def add_note(db: Session, tenant: Tenant, ticket_id: int, *, data: NoteIn) -> Ticket:
    """Write a note and change the ticket's status if asked to.

    Raises `NotFound` when the note to answer is not in the ticket, `Conflict` when the ticket is closed and stays
    so, or when answers are nested too deep.
    """
    ticket = get_ticket(db, tenant, ticket_id)
    if ticket.status == "closed" and data.status != "open":
        raise Conflict(f"Ticket {ticket.id} is closed")
    parent = answerable(db, ticket, data.answers) if data.answers is not None else None
    ticket.entries.append(Note(author=data.author, body=data.body, parent=parent))
    if data.status and data.status != ticket.status:
        ticket.entries.append(StatusChange(author=data.author, before=ticket.status, after=data.status))
        ticket.status = data.status
    db.commit()
    return ticket


def tell_customer(db: Session, ticket_id: int, author: str, *, mail: MailClient) -> None:
    """Mail a ticket's customer that somebody wrote on it; nobody is told when the customer is gone."""
    ticket = db.query(Ticket).filter(Ticket.id == ticket_id).one_or_none()
    if ticket is None or ticket.customer is None or not ticket.customer.email:
        return
    body = f"{author} of {ticket.tenant.name} has written to you. The ticket is {ticket.status}."
    try:
        mail.send(Mail(ticket.customer.email, f"Ticket {ticket.id}: {ticket.subject}", body))
    except MailError:
        logger.warning("Nobody could be told of the note on ticket %s", ticket_id)


def answerable(db: Session, ticket: Ticket, note_id: int) -> Note:
    """Return a note of a ticket that an answer may be put under."""
    note = db.query(Note).filter(Note.id == note_id, Note.ticket_id == ticket.id).one_or_none()
    if note is None:
        raise NotFound(f"No note {note_id} in ticket {ticket.id}")
    if note.depth >= DEEPEST:
        raise Conflict("The thread is too deep: answer a note higher up")
    return note
