"""Search over messages: the database narrows down by words, the vector index orders by nearness."""

import re

from sqlalchemy import or_
from sqlalchemy.orm import Session

from relay.clients.vectors import VectorError, VectorIndex
from relay.errors import Unavailable
from relay.models import Chat, Message, Tenant

Match = tuple[Message, float]

CANDIDATES = 300


def search(db: Session, tenant: Tenant, question: str, *, chat_id: int | None, vectors: VectorIndex) -> list[Match]:
    """Return the messages that bear on a question and how near each is, the nearest first, each text once."""
    words = re.findall(r"\w{3,}", question)
    query = db.query(Message).join(Message.chat).filter(Chat.tenant_id == tenant.id)
    query = query.filter(or_(*(Message.text.icontains(word, autoescape=True) for word in words)))
    if chat_id is not None:
        query = query.filter(Message.chat_id == chat_id)
    texts = {message.text: message for message in query.order_by(Message.id.desc()).limit(CANDIDATES)}
    try:
        scores = vectors.rank(question, {message.id: text for text, message in texts.items()})
    except VectorError as error:
        raise Unavailable(f"The search does not answer: {error}") from error
    # While the index was asked, somebody may have deleted a chat.
    matches = [(message, scores[message.id]) for message in texts.values() if message.id in scores and message.chat]
    return sorted(matches, key=lambda match: (-match[1], match[0].chat.title, match[0].id))
