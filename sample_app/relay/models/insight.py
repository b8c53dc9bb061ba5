"""What can be found out about a chat, what was, and what each call of the language model cost."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from relay.models.base import Base

if TYPE_CHECKING:
    from relay.models.conversation import Chat


class Category(Base):
    """A group of insights that is unlocked as a whole; the same for all tenants."""

    __tablename__ = "categories"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(120))

    definitions: Mapped[list["Definition"]] = relationship(back_populates="category", order_by="Definition.id")

    @property
    def credits(self) -> int:
        """What it costs to unlock the category for a chat."""
        return sum(definition.credits for definition in self.definitions)


class Definition(Base):
    """One insight that can be generated: the question to the model and its price."""

    __tablename__ = "definitions"

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    prompt: Mapped[str] = mapped_column(Text)
    credits: Mapped[int]

    category: Mapped[Category] = relationship(back_populates="definitions")


class UserDefinition(Base):
    """That a user follows an insight."""

    __tablename__ = "user_definitions"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("definitions.id", ondelete="CASCADE"), primary_key=True)


class InsightJob(Base):
    """The generation of a category's insights for a chat: pending, running, done or failed."""

    __tablename__ = "insight_jobs"
    __table_args__ = (UniqueConstraint("chat_id", "category_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"))
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(String(10), default="pending")
    error: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    chat: Mapped["Chat"] = relationship()
    category: Mapped[Category] = relationship()
    insights: Mapped[list["Insight"]] = relationship(passive_deletes=True, order_by="Insight.id")


class Insight(Base):
    """What the model found out about a chat."""

    __tablename__ = "insights"
    __table_args__ = (UniqueConstraint("job_id", "definition_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("insight_jobs.id", ondelete="CASCADE"))
    definition_id: Mapped[int] = mapped_column(ForeignKey("definitions.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)

    definition: Mapped[Definition] = relationship()

    @property
    def title(self) -> str:
        """The title of what was asked."""
        return self.definition.title


class LlmCall(Base):
    """One call of the language model, which costs money whether or not it helped."""

    __tablename__ = "llm_calls"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(40))
    tokens: Mapped[int]
    called_at: Mapped[datetime]
