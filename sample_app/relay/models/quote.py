"""Quotes and their lines; amounts are whole cents."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from relay.models.base import Base, Timestamps
from relay.models.customer import Customer
from relay.models.tenant import Tenant

OPEN = ("draft", "sent")


class Quote(Timestamps, Base):
    """An offer to a customer; it outlives the customer, and its number is unique within the tenant."""

    __tablename__ = "quotes"
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="SET NULL"), index=True)
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(10), default="draft", index=True)
    discount_percent: Mapped[int] = mapped_column(default=0)
    valid_until: Mapped[date | None]
    sent_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]

    tenant: Mapped[Tenant] = relationship()
    customer: Mapped[Customer | None] = relationship(back_populates="quotes")
    lines: Mapped[list["QuoteLine"]] = relationship(
        back_populates="quote", cascade="all, delete-orphan", order_by="QuoteLine.position"
    )

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided on the quote yet."""
        return self.status in OPEN

    @property
    def reference(self) -> str:
        """The number as the customer reads it."""
        return f"{self.tenant.slug.upper()}-{self.number:05}"

    @property
    def subtotal_cents(self) -> int:
        """The sum of the lines before the discount."""
        return sum(line.amount_cents for line in self.lines)

    @property
    def total_cents(self) -> int:
        """The sum after the discount; half a cent is rounded in the customer's favour."""
        return self.subtotal_cents * (100 - self.discount_percent) // 100

    def __repr__(self) -> str:
        return f"<Quote {self.reference} {self.status}, {len(self.lines)} lines>"


class QuoteLine(Base):
    """One position of a quote."""

    __tablename__ = "quote_lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    quote_id: Mapped[int] = mapped_column(ForeignKey("quotes.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    description: Mapped[str] = mapped_column(String(200))
    quantity: Mapped[int] = mapped_column(default=1)
    unit_cents: Mapped[int]

    quote: Mapped[Quote] = relationship(back_populates="lines")

    @property
    def amount_cents(self) -> int:
        """Quantity times price."""
        return self.quantity * self.unit_cents
