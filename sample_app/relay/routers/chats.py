"""Chats: uploaded as files or written live, read back a page at a time."""

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import current_tenant
from relay.models import Chat, Message, Passage, Tenant
from relay.schemas.common import problems
from relay.schemas.conversation import (
    ChatFilters,
    ChatOut,
    MessageIn,
    MessageOut,
    PassageIn,
    PassageOut,
    Statistics,
    Uploaded,
)
from relay.services import passage as passage_service
from relay.services import upload as upload_service
from relay.services.chat import ChatService
from relay.services.user import UserService
from relay.settings import settings

router = APIRouter(tags=["chats"])
service = ChatService()

Db = Annotated[Session, Depends(get_db)]
SignedIn = Annotated[Tenant, Depends(current_tenant)]


@router.get("/chats", response_model=list[ChatOut], responses=problems(401))
def list_chats(filters: Annotated[ChatFilters, Query()], tenant: SignedIn, db: Db) -> list[Chat]:
    """List the chats, the newest first or by owner."""
    return service.list_chats(db, tenant, filters)


@router.post("/chats/upload", status_code=201, response_model=Uploaded, responses=problems(401, 404, 413))
async def upload(
    file: Annotated[UploadFile, File()],
    tenant: SignedIn,
    users: Annotated[UserService, Depends()],
    db: Db,
    user: Annotated[str | None, Form()] = None,
    share: Annotated[bool, Form()] = False,
) -> Uploaded:
    """Upload a conversation that another application exported; shared, its figures are public."""
    owner = users.get_user(db, tenant, user) if user else None
    content = await file.read(settings.upload_limit + 1)
    name = upload_service.safe_name(file.filename)
    path = upload_service.store(tenant, name, content)
    try:
        chat = upload_service.import_chat(db, tenant, owner, path=path, title=name.rsplit(".", 1)[0], share=share)
        db.commit()
    except BaseException:
        path.unlink()
        raise
    authors = sorted({message.written_by for message in chat.messages if message.written_by})
    shown = ChatOut.model_validate(chat).model_dump()
    return Uploaded(**shown, file_name=name, messages=len(chat.messages), authors=authors)


@router.get("/chats/{chat_id}/messages", response_model=list[MessageOut], responses=problems(401, 404))
def list_messages(
    chat_id: int,
    tenant: SignedIn,
    db: Db,
    before: Annotated[int | None, Query(description="the id of a message: show what came before it")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[Message]:
    """Read a chat backwards, as people scroll: the last messages, or those before one."""
    return service.earlier_messages(db, service.get_chat(db, tenant, chat_id), before=before, limit=limit)


@router.post("/chats/{chat_id}/messages", status_code=201, response_model=MessageOut, responses=problems(401, 404))
def add_message(chat_id: int, data: MessageIn, tenant: SignedIn, db: Db) -> Message:
    """Say something in a chat; who listens to its feed hears it."""
    return service.add_message(db, tenant, chat_id, data=data)


@router.get("/public/chats/{public_key}/statistics", response_model=Statistics, responses=problems(404))
def read_statistics(public_key: str, db: Db) -> dict[str, object]:
    """See the figures of a shared chat, without signing in."""
    return service.statistics(db, public_key)


@router.post("/passages", status_code=201, response_model=PassageOut, responses=problems(401, 404))
async def save_passage(data: PassageIn, tenant: SignedIn) -> Passage:
    """Keep a part of a message for a user."""
    return await passage_service.save_passage(tenant.id, data)
