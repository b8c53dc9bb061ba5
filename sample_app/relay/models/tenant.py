"""Tenants, the codes they sign in with and the sessions that follow."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from relay.models.base import Base, Timestamps


class Tenant(Timestamps, Base):
    """A company that uses Relay; everything else belongs to one."""

    __tablename__ = "tenants"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))

    sessions: Mapped[list["TenantSession"]] = relationship(back_populates="tenant", cascade="all, delete-orphan")

    def __repr__(self) -> str:
        return f"<Tenant {self.slug}>"


class OneTimeCode(Base):
    """A code sent by mail: kept as a keyed hash, good once, for a short time and a few attempts."""

    __tablename__ = "one_time_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class CodeRequest(Base):
    """That somebody asked for a code, whether or not the tenant exists: the base of the rate limit."""

    __tablename__ = "code_requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), index=True)
    requested_at: Mapped[datetime]


class TenantSession(Base):
    """A signed-in browser or program; only the hash of its token is kept."""

    __tablename__ = "tenant_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_agent: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    tenant: Mapped[Tenant] = relationship(back_populates="sessions")
