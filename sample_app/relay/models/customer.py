"""Customers of a tenant, the people there and the tags on them."""

from typing import TYPE_CHECKING

from sqlalchemy import Column, ForeignKey, String, Table, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from relay.models.base import Base, Timestamps
from relay.models.tenant import Tenant

if TYPE_CHECKING:
    from relay.models.quote import Quote

customer_tags = Table(
    "customer_tags",
    Base.metadata,
    Column("customer_id", ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
)


class Tag(Base):
    """A word that a tenant puts on customers; unique within the tenant."""

    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))

    customers: Mapped[list["Customer"]] = relationship(secondary=customer_tags, back_populates="tags")


class Customer(Timestamps, Base):
    """A company or person that a tenant sells to; several may share one e-mail address."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(254), index=True)
    phone: Mapped[str | None] = mapped_column(String(40))
    city: Mapped[str | None] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(10), default="lead")
    notes: Mapped[str | None] = mapped_column(Text)

    tenant: Mapped[Tenant] = relationship()
    tags: Mapped[list[Tag]] = relationship(secondary=customer_tags, back_populates="customers", order_by=Tag.name)
    contacts: Mapped[list["Contact"]] = relationship(
        back_populates="customer", cascade="all, delete-orphan", order_by="Contact.id"
    )
    quotes: Mapped[list["Quote"]] = relationship(
        back_populates="customer", passive_deletes=True, order_by="Quote.number"
    )

    @property
    def main_contact(self) -> "Contact | None":
        """The contact marked as such, else the first one, else none."""
        marked = [contact for contact in self.contacts if contact.is_main]
        return next(iter(marked or self.contacts), None)

    @property
    def open_quotes(self) -> int:
        """How many quotes are drafts or wait for an answer."""
        return sum(quote.is_open for quote in self.quotes)

    def __repr__(self) -> str:
        return f"<Customer {self.id} {self.name!r} of {self.tenant.slug}>"


class Contact(Base):
    """A person at a customer."""

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str | None] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(254))
    is_main: Mapped[bool] = mapped_column(default=False)

    customer: Mapped[Customer] = relationship(back_populates="contacts")
