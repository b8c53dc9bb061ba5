"""Questions about what was said, answered by the language model from the messages that bear on them."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from relay.clients.vectors import VectorIndex, get_vectors
from relay.database import get_db
from relay.deps import current_tenant
from relay.models import Tenant
from relay.schemas.common import problems
from relay.schemas.insight import AnswerOut, QuestionIn
from relay.services import rag as service
from relay.services.chat import ChatService
from relay.services.insight import InsightService

router = APIRouter(prefix="/rag", tags=["rag"], responses=problems(401))


@router.post("/query", response_model=AnswerOut, responses=problems(404, 429, 503))
async def query(
    data: QuestionIn,
    insights: Annotated[InsightService, Depends()],
    tenant: Annotated[Tenant, Depends(current_tenant)],
    db: Annotated[Session, Depends(get_db)],
    vectors: Annotated[VectorIndex, Depends(get_vectors)],
) -> dict[str, object]:
    """Ask about all messages, or about those of one chat."""
    if data.chat_id is not None:
        ChatService().get_chat(db, tenant, data.chat_id)
    # Searching takes long: other requests go on meanwhile.
    find = partial(service.search, db, tenant, chat_id=data.chat_id, vectors=vectors)
    loop = asyncio.get_event_loop()
    found = await loop.run_in_executor(None, find, data.question)
    sources = [
        {"message_id": message.id, "chat": message.chat.title, "text": message.text, "score": score}
        for message, score in found[: data.limit]
    ]
    material = "\n".join(message.text for message, _ in found[: data.limit])
    answer = insights.ask(db, tenant.id, data.question, material=material)
    return {"answer": answer, "sources": sources, "calls_left": insights.calls_left(db, tenant.id)}
