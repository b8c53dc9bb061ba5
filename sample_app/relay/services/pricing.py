"""Products, what their suppliers ask, and the price lists that are kept in memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import event
from sqlalchemy.orm import Session

from relay.clients.clock import now
from relay.database import SessionLocal
from relay.errors import Conflict, NotFound
from relay.models import Offer, Product, Supplier, Tenant
from relay.models.sales import by_cost
from relay.schemas.sales import OfferIn
from relay.settings import settings


@dataclass(frozen=True)
class Step:
    """What a piece costs from some quantity on, and who delivers it."""

    supplier: str
    min_quantity: int
    unit_cents: int


@dataclass(frozen=True)
class PriceList:
    """The steps of a product, the cheapest first, as they were at a moment."""

    steps: tuple[Step, ...]
    as_of: datetime

    def best(self, quantity: int) -> Step | None:
        """Return the cheapest step that a quantity reaches."""
        return next((step for step in self.steps if step.min_quantity <= quantity), None)


class PriceCache:
    """Price lists by product; prices are asked for all day and change once a week."""

    def __init__(self) -> None:
        self._lists: dict[int, PriceList] = {}
        self._generation = 0
        self._lock = Lock()

    def get(self, product: Product) -> PriceList:
        """Return the list of a product, worked out again when it is missing or old."""
        known = self._lists.get(product.id)
        if known and known.as_of > now() - timedelta(seconds=settings.price_lifetime):
            return known
        generation = self._generation
        fresh = PriceList(tuple(to_step(product, offer) for offer in sorted(product.offers, key=by_cost)), now())
        with self._lock:
            # A list that was read while prices changed may be the old one: show it once, do not keep it.
            if generation == self._generation:
                self._lists[product.id] = fresh
        return fresh

    def forget(self, product_ids: Iterable[int]) -> None:
        """Drop the lists of products whose prices have changed."""
        with self._lock:
            self._generation += 1
            for product_id in product_ids:
                self._lists.pop(product_id, None)

    def clear(self) -> None:
        """Drop everything, as when the server starts."""
        self.forget(list(self._lists))


cache = PriceCache()


def to_step(product: Product, offer: Offer) -> Step:
    """Add the margin of a product to what a supplier asks; a fraction of a cent is rounded up."""
    unit_cents = -(-offer.cost_cents * (100 + product.margin_percent) // 100)
    return Step(offer.supplier.name, offer.min_quantity, unit_cents)


@event.listens_for(SessionLocal, "before_flush")
def note_changed_prices(db: Session, _context: object, _instances: object) -> None:
    """Remember the products whose offers are about to be written."""
    changed = {
        item.product.id for item in [*db.new, *db.dirty, *db.deleted] if isinstance(item, Offer) and item.product
    }
    db.info.setdefault("changed_prices", set()).update(changed)


@event.listens_for(SessionLocal, "after_commit")
def forget_changed_prices(db: Session) -> None:
    """Drop cached prices once the new ones are there for everybody, and not before."""
    if changed := db.info.pop("changed_prices", None):
        cache.forget(changed)


def get_product(db: Session, tenant: Tenant, sku: str) -> Product:
    """Return a product by its number on the shelf; raise `NotFound` unless it is the tenant's."""
    product = db.query(Product).filter(Product.tenant_id == tenant.id, Product.sku == sku.upper()).first()
    if product is None:
        raise NotFound(f"No product {sku}")
    return product


def set_offer(db: Session, tenant: Tenant, sku: str, *, supplier_id: int, data: OfferIn) -> Product:
    """Write down what a supplier asks for a product; a supplier that is new to it is added."""
    product = get_product(db, tenant, sku)
    supplier = db.query(Supplier).filter_by(id=supplier_id, tenant_id=tenant.id).first()
    if supplier is None:
        raise NotFound(f"No supplier {supplier_id}")
    if supplier not in product.suppliers:
        product.suppliers.append(supplier)
    offer = next(offer for offer in product.offers if offer.supplier is supplier)
    offer.cost_cents, offer.min_quantity = data.cost_cents, data.min_quantity
    db.commit()
    return product


def quote_price(db: Session, tenant: Tenant, sku: str, *, quantity: int) -> dict[str, object]:
    """Return what a quantity of a product costs; raise `Conflict` when no supplier delivers so few."""
    product = get_product(db, tenant, sku)
    prices = cache.get(product)
    step = prices.best(quantity)
    if step is None:
        raise Conflict(f"No supplier delivers {quantity} of {product.sku}")
    return {
        "sku": product.sku,
        "quantity": quantity,
        "supplier": step.supplier,
        "unit_cents": step.unit_cents,
        "total_cents": step.unit_cents * quantity,
        "as_of": prices.as_of,
    }
