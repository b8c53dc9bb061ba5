"""How customers are won and what they are sold: leads, campaigns, products and who supplies them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, String, UniqueConstraint, case
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from relay.models.base import Base, Timestamps
from relay.models.customer import Customer
from relay.models.tenant import Tenant

ADDRESS_BONUS = 20


class Campaign(Base):
    """A letter that went out to many leads at once."""

    __tablename__ = "campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    sent_at: Mapped[datetime]

    leads: Mapped[list["Lead"]] = relationship(back_populates="campaign", passive_deletes=True, order_by="Lead.id")


class Lead(Timestamps, Base):
    """Somebody who may become a customer; the same person may be written down several times."""

    __tablename__ = "leads"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id", ondelete="SET NULL"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="SET NULL"))
    person: Mapped[str] = mapped_column(String(120))
    company: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(254))
    status: Mapped[str] = mapped_column(String(10), default="new")
    visits: Mapped[int] = mapped_column(default=0)
    letters: Mapped[int] = mapped_column(default=0)

    tenant: Mapped[Tenant] = relationship()
    campaign: Mapped[Campaign | None] = relationship(back_populates="leads")
    customer: Mapped[Customer | None] = relationship()

    @hybrid_property
    def score(self) -> int:
        """How promising the lead is: two points a visit, and a bonus for an address to write to."""
        return 2 * self.visits + (ADDRESS_BONUS if self.email else 0)

    @score.inplace.expression
    @classmethod
    def _score_in_sql(cls) -> ColumnElement[int]:
        return 2 * cls.visits + case((cls.email.is_not(None), ADDRESS_BONUS), else_=0)

    @property
    def origin(self) -> str:
        """What brought the lead here."""
        return self.campaign.name if self.campaign else "walk-in"

    def __repr__(self) -> str:
        return f"<Lead {self.id} {self.person!r} of {self.tenant.slug}, {self.origin}>"


class Supplier(Base):
    """A company that a tenant buys from."""

    __tablename__ = "suppliers"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))


class Product(Base):
    """What a tenant sells; bought from one supplier or several and sold with a margin in percent."""

    __tablename__ = "products"
    __table_args__ = (UniqueConstraint("tenant_id", "sku"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    sku: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    margin_percent: Mapped[int] = mapped_column(default=30)

    offers: Mapped[list["Offer"]] = relationship(
        back_populates="product", cascade="all, delete-orphan", order_by="Offer.supplier_id"
    )
    suppliers: AssociationProxy[list[Supplier]] = association_proxy(
        "offers", "supplier", creator=lambda supplier: Offer(supplier=supplier)
    )

    @property
    def supplier_names(self) -> list[str]:
        """The suppliers, whoever is cheapest first."""
        return [offer.supplier.name for offer in sorted(self.offers, key=by_cost)]


class Offer(Base):
    """That a supplier sells a product, from which quantity on and for how much."""

    __tablename__ = "offers"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id", ondelete="CASCADE"), primary_key=True)
    cost_cents: Mapped[int] = mapped_column(default=0)
    min_quantity: Mapped[int] = mapped_column(default=1)

    product: Mapped[Product] = relationship(back_populates="offers")
    supplier: Mapped[Supplier] = relationship()


def by_cost(offer: Offer) -> tuple[Any, ...]:
    """Order offers by what they cost; equal ones by the supplier's name."""
    return (offer.cost_cents, offer.supplier.name)
