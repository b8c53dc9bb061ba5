"""Tickets of customers and what is written on them: notes that answer one another, and changes of status."""

from collections.abc import Iterator

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, backref, mapped_column, relationship

from relay.models.base import Base, Timestamps
from relay.models.customer import Customer
from relay.models.tenant import Tenant


class Ticket(Timestamps, Base):
    """Something that a customer wants help with."""

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="SET NULL"), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(10), default="open")

    tenant: Mapped[Tenant] = relationship(backref=backref("tickets", order_by="Ticket.id", passive_deletes=True))
    customer: Mapped[Customer | None] = relationship()
    entries: Mapped[list["Entry"]] = relationship(
        back_populates="ticket", cascade="all, delete-orphan", order_by="Entry.id"
    )

    @property
    def timeline(self) -> list["Entry"]:
        """What happened, in order; an answer stands under the note that it answers."""
        return [entry for entry in self.entries if not (isinstance(entry, Note) and entry.parent_id)]

    @property
    def people(self) -> list[str]:
        """Everybody who wrote something, in order of appearance."""
        notes = [entry for entry in self.timeline if isinstance(entry, Note)]
        return list(dict.fromkeys(author for note in notes for author in note.voices()))


class Entry(Timestamps, Base):
    """One thing that happened to a ticket; its kinds have tables of their own."""

    __tablename__ = "entries"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_abstract": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    author: Mapped[str] = mapped_column(String(120))

    ticket: Mapped[Ticket] = relationship(back_populates="entries")

    @property
    def line(self) -> str:
        """The entry in one line."""
        raise NotImplementedError


class Note(Entry):
    """Something said about a ticket, perhaps in answer to another note."""

    __tablename__ = "notes"
    __mapper_args__ = {"polymorphic_identity": "note"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("notes.id", ondelete="CASCADE"), index=True)
    body: Mapped[str] = mapped_column(Text)

    parent: Mapped["Note | None"] = relationship(back_populates="replies", foreign_keys=[parent_id], remote_side=[id])
    replies: Mapped[list["Note"]] = relationship(
        back_populates="parent", foreign_keys=[parent_id], order_by="Note.id", passive_deletes=True
    )

    @property
    def line(self) -> str:
        """The author and what was said."""
        return f"{self.author}: {self.body}"

    @property
    def depth(self) -> int:
        """How many notes this one answers, one through another."""
        return self.parent.depth + 1 if self.parent else 0

    def voices(self) -> Iterator[str]:
        """Go through the authors of this note and of all answers below it."""
        yield self.author
        for reply in self.replies:
            yield from reply.voices()


class StatusChange(Entry):
    """That a ticket was closed or opened again."""

    __tablename__ = "status_changes"
    __mapper_args__ = {"polymorphic_identity": "status"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True)
    before: Mapped[str] = mapped_column(String(10))
    after: Mapped[str] = mapped_column(String(10))

    @property
    def line(self) -> str:
        """The author and what became of the ticket."""
        return f"{self.author}: {self.before} to {self.after}"
