"""The people who chat, their devices, and what they say."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from relay.models.base import Base, Timestamps
from relay.models.insight import Definition, UserDefinition


class User(Timestamps, Base):
    """A person who chats, known by the id that the tenant's own application gave."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("tenant_id", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(80))
    name: Mapped[str | None] = mapped_column(String(120))

    devices: Mapped[list["Device"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", order_by="Device.id"
    )
    chats: Mapped[list["Chat"]] = relationship(back_populates="user", passive_deletes=True, order_by="Chat.id")
    definitions: Mapped[list[Definition]] = relationship(
        secondary=UserDefinition.__table__, order_by=Definition.id, passive_deletes=True
    )

    @property
    def label(self) -> str:
        """The name, or what else there is to tell people apart."""
        return self.name or f"user {self.external_id}"


class Device(Base):
    """A telephone or browser; it belongs to one user at a time."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("tenant_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(80))
    linked_at: Mapped[datetime]

    user: Mapped[User] = relationship(back_populates="devices")


class LinkCode(Base):
    """A code that links another device to a user: kept as a keyed hash, good once and for a short time."""

    __tablename__ = "link_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), index=True)
    expires_at: Mapped[datetime]

    user: Mapped[User] = relationship()


class Chat(Timestamps, Base):
    """A conversation; it outlives the user who brought it."""

    __tablename__ = "chats"

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    # Whoever knows this key may see the chat's figures without signing in.
    public_key: Mapped[str | None] = mapped_column(String(43), unique=True)
    file_path: Mapped[str | None] = mapped_column(String(500))

    user: Mapped[User | None] = relationship(back_populates="chats")
    messages: Mapped[list["Message"]] = relationship(back_populates="chat", passive_deletes=True, order_by="Message.id")

    @property
    def owner(self) -> str | None:
        """Who brought the chat, as people read it."""
        return self.user.label if self.user else None

    @property
    def file_bytes(self) -> int | None:
        """The size of the uploaded file, none without a file."""
        path = Path(self.file_path) if self.file_path else None
        return path.stat().st_size if path and path.exists() else None


class Message(Base):
    """One message; in an uploaded chat the author is often just a name, and sometimes nobody."""

    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    author_name: Mapped[str | None] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime | None]

    chat: Mapped[Chat] = relationship(back_populates="messages")
    author: Mapped[User | None] = relationship()

    @property
    def written_by(self) -> str | None:
        """The author as people read it."""
        return self.author.label if self.author else self.author_name


class Passage(Base):
    """A part of a message that a user wants to keep."""

    __tablename__ = "passages"
    __table_args__ = (UniqueConstraint("user_id", "message_id", "quote"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    quote: Mapped[str] = mapped_column(String(500))
    saved_at: Mapped[datetime]

    user: Mapped[User] = relationship()
    message: Mapped[Message] = relationship()
