"""Who may do what for a tenant: members with roles, their keys, and licences with seats."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from relay.models.base import Base, Timestamps
from relay.models.money import Subscription
from relay.models.tenant import Tenant


class SoftDeletes:
    """Rows that go to the trash first; `relay.listeners` keeps trashed rows out of every query."""

    deleted_at: Mapped[datetime | None] = mapped_column(index=True)


class Member(Base):
    """A person who works for a tenant under a role."""

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("tenant_id", "email"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(10))

    tenant: Mapped[Tenant] = relationship()
    keys: Mapped[list["ApiKey"]] = relationship(back_populates="member", order_by="ApiKey.id", passive_deletes=True)

    @property
    def tenant_plan(self) -> str:
        """The name of the plan that the tenant is on; who never chose one has the free one."""
        db = object_session(self)
        assert db is not None, "the member is in no session"
        return db.query(Subscription.plan).filter(Subscription.tenant_id == self.tenant_id).scalar() or "free"


class ApiKey(SoftDeletes, Base):
    """A key that a member's programs sign in with; found by its open prefix, proved by the hash of the rest."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id", ondelete="CASCADE"), index=True)
    prefix: Mapped[str] = mapped_column(String(12), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(200))
    window_start: Mapped[datetime | None]
    window_calls: Mapped[int] = mapped_column(default=0)

    member: Mapped[Member] = relationship(back_populates="keys")


class Licence(SoftDeletes, Timestamps, Base):
    """The right of some people to use a product."""

    __tablename__ = "licences"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    product: Mapped[str] = mapped_column(String(80))
    seats_total: Mapped[int]

    seats: Mapped[list["Seat"]] = relationship(back_populates="licence", order_by="Seat.number", passive_deletes=True)

    @property
    def seats_free(self) -> int:
        """How many seats nobody has taken."""
        return self.seats_total - len(self.seats)


class Seat(Base):
    """One person's place in a licence; number and person are unique within it."""

    __tablename__ = "seats"
    __table_args__ = (UniqueConstraint("licence_id", "number"), UniqueConstraint("licence_id", "email"))

    id: Mapped[int] = mapped_column(primary_key=True)
    licence_id: Mapped[int] = mapped_column(ForeignKey("licences.id", ondelete="CASCADE"))
    number: Mapped[int]
    email: Mapped[str] = mapped_column(String(254))

    licence: Mapped[Licence] = relationship(back_populates="seats")
