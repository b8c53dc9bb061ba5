"""Chats and their messages."""

from sqlalchemy import String, cast, distinct, func

from relay.clients.clock import now
from relay.errors import NotFound
from relay.models import Chat, Message, Tenant, User
from relay.schemas.conversation import ChatFilters, MessageIn


class ChatService:
    """Reads chats and adds to them."""

    def list_chats(self, db, tenant: Tenant, filters: ChatFilters) -> list[Chat]:
        """Return a tenant's chats; by owner, those whose owner is gone come last."""
        query = db.query(Chat).filter(Chat.tenant_id == tenant.id)
        if filters.user is not None:
            query = query.join(Chat.user).filter(User.external_id == filters.user)
        if filters.without_user:
            query = query.filter(Chat.user_id.is_(None))
        chats = query.order_by(Chat.created_at.desc(), Chat.id.desc()).all()
        if filters.order == "owner":
            chats.sort(key=lambda chat: (chat.owner is None, chat.owner, chat.title))
        return chats

    def get_chat(self, db, tenant: Tenant, chat_id: int) -> Chat:
        """Return a chat by its id; raise `NotFound` unless it is the tenant's."""
        chat = db.query(Chat).get(chat_id)
        if chat is None or chat.tenant_id != tenant.id:
            raise NotFound(f"No chat {chat_id}")
        return chat

    def earlier_messages(self, db, chat: Chat, *, before: int | None, limit: int) -> list[Message]:
        """Return the last messages of a chat, or the last ones before a message, the oldest first."""
        query = db.query(Message).filter(Message.chat_id == chat.id)
        if before is not None:
            query = query.filter(Message.id < before)
        return list(reversed(query.order_by(Message.id.desc()).limit(limit).all()))

    def later_messages(self, db, chat_id: int, *, after: int) -> list[Message]:
        """Return what was said in a chat after a message, the oldest first."""
        return db.query(Message).filter(Message.chat_id == chat_id, Message.id > after).order_by(Message.id).all()

    def last_message_id(self, db, chat_id: int) -> int:
        """Return the id of a chat's last message, 0 when nobody has said anything."""
        return db.query(func.max(Message.id)).filter(Message.chat_id == chat_id).scalar() or 0

    def add_message(self, db, tenant: Tenant, chat_id: int, *, data: MessageIn) -> Message:
        """Add a message to a chat; raise `NotFound` unless chat and author are the tenant's."""
        chat = self.get_chat(db, tenant, chat_id)
        author = None
        if data.author is not None:
            author = db.query(User).filter_by(tenant_id=tenant.id, external_id=data.author).first()
            if author is None:
                raise NotFound(f"No user {data.author}")
        message = Message(chat=chat, author=author, text=data.text, sent_at=now())
        db.add(message)
        db.commit()
        return message

    def statistics(self, db, public_key: str) -> dict[str, object]:
        """Return the figures of a shared chat; raise `NotFound` when no chat is shared under the key."""
        chat = db.query(Chat).filter(Chat.public_key == public_key).first()
        if chat is None:
            raise NotFound("Nothing is shared under this key")
        author = func.coalesce(Message.author_name, cast(Message.author_id, String))
        messages, authors, texts, first, last = (
            db.query(
                func.count(Message.id),
                func.count(distinct(author)),
                func.count(distinct(Message.text)),
                func.min(Message.sent_at),
                func.max(Message.sent_at),
            )
            .filter(Message.chat_id == chat.id)
            .one()
        )
        figures = {"messages": messages, "authors": authors, "repeated": messages - texts}
        return {"title": chat.title, **figures, "first_at": first, "last_at": last}
