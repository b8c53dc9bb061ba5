"""The customers' own door: contacts who may sign in with a password."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from relay.models.base import Base
from relay.models.customer import Contact


class PortalLogin(Base):
    """The password of a contact; an address signs in once per tenant."""

    __tablename__ = "portal_logins"
    __table_args__ = (UniqueConstraint("tenant_id", "email"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), unique=True)
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(200))
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]

    contact: Mapped[Contact] = relationship()
    sessions: Mapped[list["PortalSession"]] = relationship(back_populates="login", cascade="all, delete-orphan")


class PortalSession(Base):
    """A contact that is signed in; only the hash of the token is kept."""

    __tablename__ = "portal_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("portal_logins.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]

    login: Mapped[PortalLogin] = relationship(back_populates="sessions")
