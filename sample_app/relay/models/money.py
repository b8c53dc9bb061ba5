"""Prepaid credits, what is paid for them, and what they are spent on."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from relay.models.base import Base, Timestamps
from relay.models.tenant import Tenant


class CreditAccount(Timestamps, Base):
    """The credits of a tenant; whoever changes the balance holds the lock on this row."""

    __tablename__ = "credit_accounts"
    __table_args__ = (CheckConstraint("balance >= 0", name="not_overdrawn"),)

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    balance: Mapped[int] = mapped_column(default=0)

    tenant: Mapped[Tenant] = relationship()
    entries: Mapped[list["CreditEntry"]] = relationship(
        back_populates="account", order_by="CreditEntry.id.desc()", passive_deletes=True
    )


class CreditEntry(Base):
    """One movement of credits and the balance after it; entries are never changed."""

    __tablename__ = "credit_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("credit_accounts.tenant_id", ondelete="CASCADE"), index=True)
    amount: Mapped[int]
    balance_after: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]

    account: Mapped[CreditAccount] = relationship(back_populates="entries")


class Subscription(Timestamps, Base):
    """The plan of a tenant, paid from its credits month by month."""

    __tablename__ = "subscriptions"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    plan: Mapped[str] = mapped_column(String(10), default="free")
    status: Mapped[str] = mapped_column(String(10), default="active")
    paid_until: Mapped[datetime | None] = mapped_column(index=True)

    tenant: Mapped[Tenant] = relationship()


class PaymentOrder(Timestamps, Base):
    """A pack of credits that a tenant buys; the provider's webhook says when it is paid."""

    __tablename__ = "payment_orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    pack: Mapped[str] = mapped_column(String(20))
    credits: Mapped[int]
    amount_cents: Mapped[int]
    status: Mapped[str] = mapped_column(String(10), default="pending")
    checkout: Mapped[str | None] = mapped_column(String(60), unique=True)
    paid_at: Mapped[datetime | None]

    tenant: Mapped[Tenant] = relationship()

    @property
    def invoice_number(self) -> str:
        """The number that stands on the invoice."""
        return f"{self.tenant.slug.upper()}-C{self.id:05}"


class WebhookEvent(Base):
    """That a message of a provider has been taken in; the provider's own name for it makes repeats harmless."""

    __tablename__ = "webhook_events"
    __table_args__ = (UniqueConstraint("source", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    event_id: Mapped[str] = mapped_column(String(80))
    received_at: Mapped[datetime]


class Statement(Base):
    """A month's account statement, which the worker writes."""

    __tablename__ = "statements"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    month: Mapped[str] = mapped_column(String(7))
    status: Mapped[str] = mapped_column(String(10), default="queued")
    text: Mapped[str | None] = mapped_column(Text)
    requested_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    tenant: Mapped[Tenant] = relationship()


class UsageCount(Base):
    """How often a tenant called a route on a day."""

    __tablename__ = "usage_counts"
    __table_args__ = (UniqueConstraint("tenant_id", "day", "route"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    day: Mapped[str] = mapped_column(String(10))
    route: Mapped[str] = mapped_column(String(120))
    calls: Mapped[int] = mapped_column(default=0)
