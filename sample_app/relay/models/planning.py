"""Who works on which project when."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import Mapped, mapped_column, relationship

from relay.models.base import Base
from relay.models.project import Project


class Calendar(Base):
    """The working time of one person; its revision counts the bookings ever made."""

    __tablename__ = "calendars"
    __table_args__ = (UniqueConstraint("tenant_id", "person"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    person: Mapped[str] = mapped_column(String(120))
    revision: Mapped[int] = mapped_column(default=0)

    bookings: Mapped[list["Booking"]] = relationship(back_populates="calendar", cascade="all, delete-orphan")


class Booking(Base):
    """A stretch of time on a project, up to but without its end."""

    __tablename__ = "bookings"

    id: Mapped[int] = mapped_column(primary_key=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    calendar: Mapped[Calendar] = relationship(back_populates="bookings")
    project: Mapped[Project] = relationship()

    person: AssociationProxy[str] = association_proxy("calendar", "person")
    project_code: AssociationProxy[str] = association_proxy("project", "code")

    def __repr__(self) -> str:
        return f"<Booking of {self.person} for {self.project_code} at {self.starts_at:%Y-%m-%d %H:%M}>"
