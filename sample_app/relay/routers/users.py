"""The people who chat: signing on, linking devices, and what becomes of their data."""

import json
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from relay.bodies import read_at_most
from relay.database import get_db
from relay.deps import current_tenant
from relay.models import Tenant, User
from relay.schemas.common import download, problems
from relay.schemas.conversation import Cleared, ExternalId, Imported, LinkCodeOut, LinkIn, UserIn, UserOut
from relay.services.device_link import DeviceLinkService
from relay.services.user import UserService
from relay.settings import settings

router = APIRouter(tags=["users"], responses=problems(401))

SignedIn = Annotated[Tenant, Depends(current_tenant)]
Users = Annotated[UserService, Depends()]
NDJSON = "application/x-ndjson"


def known_user(external_id: ExternalId, tenant: SignedIn, service: Users, db: Session = Depends(get_db)) -> User:
    """Return the user in the path; a dependency of the routes below."""
    return service.get_user(db, tenant, external_id)


async def exported(request: Request) -> bytes:
    """Return the lines that a request brings; as many bytes as an upload may have."""
    return await read_at_most(request, settings.upload_limit)


@router.put("/users/{external_id}", response_model=UserOut, responses=problems(404, 409))
def sign_on(
    external_id: ExternalId, data: UserIn, tenant: SignedIn, service: Users, db: Session = Depends(get_db)
) -> User:
    """Tell Relay that a user is there; the first time, the user is created."""
    return service.sign_on(db, tenant, external_id, data=data)


@router.get(
    "/users/{external_id}/export",
    response_class=StreamingResponse,
    responses={**download(NDJSON, "The user, then one chat per line"), **problems(404)},
)
def export(service: Users, user: User = Depends(known_user), db: Session = Depends(get_db)) -> StreamingResponse:
    """Download all that a user has brought, one JSON object per line, read while it is sent."""

    def lines() -> Iterator[str]:
        for item in service.export(db, user):
            yield json.dumps(jsonable_encoder(item)) + "\n"

    return StreamingResponse(lines(), media_type=NDJSON)


@router.post(
    "/users/{external_id}/import",
    response_model=Imported,
    responses=problems(404, 413),
    openapi_extra={"requestBody": {"required": True, "content": {NDJSON: {"schema": {"type": "string"}}}}},
)
def import_lines(
    service: Users,
    user: User = Depends(known_user),
    content: bytes = Depends(exported),
    db: Session = Depends(get_db),
) -> dict[str, int]:
    """Add an export to a user: all of it, or nothing when a line is bad."""
    return service.import_lines(db, user, content.splitlines())


@router.delete("/users/{external_id}", response_model=Cleared, responses=problems(404))
def delete_account(
    service: Users, keep_account: bool = False, user: User = Depends(known_user), db: Session = Depends(get_db)
) -> dict[str, int]:
    """Delete a user's chats with their files, and the user with all devices unless the account is to stay."""
    return service.clear(db, user, account=not keep_account)


@router.post(
    "/users/{external_id}/link-codes", status_code=201, response_model=LinkCodeOut, responses=problems(404, 429)
)
def issue_link_code(
    links: Annotated[DeviceLinkService, Depends()], user: User = Depends(known_user), db: Session = Depends(get_db)
) -> dict[str, object]:
    """Get a code that links another device to a user."""
    code, link = links.issue_code(db, user)
    return {"code": code, "expires_at": link.expires_at}


@router.post("/devices", response_model=UserOut, responses=problems(404, 409))
def redeem_link_code(
    data: LinkIn,
    tenant: SignedIn,
    links: Annotated[DeviceLinkService, Depends()],
    db: Session = Depends(get_db),
) -> User:
    """Link a device by a code; the user it had so far becomes one with the user of the code."""
    return links.redeem(db, tenant, data.code, device_key=data.device)
