"""Passages that users keep; the first service on the asynchronous engine."""

from sqlalchemy import select

from relay.async_database import AsyncSessionLocal
from relay.clients.clock import now
from relay.errors import Malformed, NotFound
from relay.models import Chat, Message, Passage, User
from relay.schemas.conversation import PassageIn


async def save_passage(tenant_id: int, data: PassageIn) -> Passage:
    """Keep a part of a message for a user; a passage that is kept already is returned as it is."""
    async with AsyncSessionLocal() as db:
        user = await db.scalar(select(User).where(User.tenant_id == tenant_id, User.external_id == data.user))
        if user is None:
            raise NotFound(f"No user {data.user}")
        in_a_chat = select(Message).join(Message.chat).where(Chat.tenant_id == tenant_id)
        message = await db.scalar(in_a_chat.where(Message.id == data.message_id))
        if message is None:
            raise NotFound(f"No message {data.message_id}")
        if data.quote not in message.text:
            raise Malformed(f"Message {message.id} does not say so")
        passage = await db.scalar(select(Passage).filter_by(user_id=user.id, message_id=message.id, quote=data.quote))
        if passage is None:
            passage = Passage(user_id=user.id, message_id=message.id, quote=data.quote, saved_at=now())
            db.add(passage)
            await db.commit()
        return passage
