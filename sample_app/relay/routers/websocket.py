"""The live feed of a chat."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect
from sqlalchemy.orm import Session

from relay import security
from relay.clients.clock import now
from relay.database import get_db
from relay.models import Chat, TenantSession
from relay.schemas.conversation import MessageOut
from relay.services.chat import ChatService
from relay.settings import settings

router = APIRouter()
service = ChatService()

SECONDS_TO_SIGN_IN = 10
NOT_SIGNED_IN, NO_SUCH_CHAT = 4401, 4404


@router.websocket("/chats/{chat_id}/feed")
async def feed(websocket: WebSocket, chat_id: int, db: Annotated[Session, Depends(get_db)]) -> None:
    """Send what is said in a chat from now on; the first message of the client is its session token."""
    await websocket.accept()
    try:
        refused = check(db, await next_word(websocket, SECONDS_TO_SIGN_IN), chat_id)
        if refused:
            await websocket.close(refused)
            return
        await follow(websocket, db, chat_id)
    except WebSocketDisconnect:
        pass


def check(db: Session, token: str | None, chat_id: int) -> int:
    """Return the code to close with when a token does not open a chat, 0 when it does."""
    session = db.query(TenantSession).filter(TenantSession.token_hash == security.hash_token(token or "")).first()
    if session is None or session.expires_at <= now():
        return NOT_SIGNED_IN
    known = db.query(Chat).filter(Chat.id == chat_id, Chat.tenant_id == session.tenant_id).first()
    return 0 if known else NO_SUCH_CHAT


async def follow(websocket: WebSocket, db: Session, chat_id: int) -> None:
    """Send new messages until the client leaves; a word from the client makes the feed look at once."""
    last = service.last_message_id(db, chat_id)
    await websocket.send_json({"listening": chat_id, "after": last})
    while True:
        # The connection goes back to the pool while the feed waits.
        db.close()
        await next_word(websocket, settings.feed_interval)
        for message in service.later_messages(db, chat_id, after=last):
            await websocket.send_json(MessageOut.model_validate(message).model_dump(mode="json"))
            last = message.id


async def next_word(websocket: WebSocket, seconds: float) -> str | None:
    """Return what the client says within some seconds, None when it says nothing."""
    try:
        message = await asyncio.wait_for(websocket.receive(), seconds)
    except TimeoutError:
        return None
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    return message.get("text")
