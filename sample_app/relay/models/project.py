"""Projects, which usually start from an accepted quote, and their tasks."""

from datetime import date

from sqlalchemy import ForeignKey, String, UniqueConstraint, literal_column
from sqlalchemy.orm import Mapped, mapped_column, relationship

from relay.models.base import Base, Timestamps
from relay.models.customer import Customer
from relay.models.quote import Quote


class Project(Timestamps, Base):
    """Work for a customer; its code is unique within the tenant."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("tenant_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="SET NULL"), index=True)
    quote_id: Mapped[int | None] = mapped_column(ForeignKey("quotes.id", ondelete="SET NULL"), unique=True)
    code: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(10), default="active")
    # Counted by the database, so that two writers never produce the same revision.
    revision: Mapped[int] = mapped_column(default=1, onupdate=literal_column("revision + 1"))

    customer: Mapped[Customer | None] = relationship()
    quote: Mapped[Quote | None] = relationship()
    tasks: Mapped[list["Task"]] = relationship(
        back_populates="project", cascade="all, delete-orphan", order_by="Task.id"
    )

    @property
    def progress(self) -> int:
        """Finished tasks in percent of all tasks, 0 without tasks."""
        return 100 * sum(task.done for task in self.tasks) // len(self.tasks) if self.tasks else 0

    @property
    def quote_reference(self) -> str | None:
        """The number of the quote as the customer reads it."""
        return self.quote.reference if self.quote else None


class Task(Base):
    """One thing to do in a project."""

    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    done: Mapped[bool] = mapped_column(default=False)
    due_on: Mapped[date | None]

    project: Mapped[Project] = relationship(back_populates="tasks")
