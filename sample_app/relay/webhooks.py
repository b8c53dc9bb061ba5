"""Messages from the providers: signed over the very bytes that were sent, and taken in once."""

import hmac
from hashlib import sha256
from typing import Annotated, TypeVar

from fastapi import Header, Request
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from relay import security
from relay.bodies import read_at_most
from relay.clients.clock import now
from relay.errors import Malformed, NotSignedIn
from relay.models import WebhookEvent
from relay.settings import settings

M = TypeVar("M", bound=BaseModel)

MAX_BODY = 64 * 1024


def sign(body: bytes, moment: int) -> str:
    """Return the signature header of a body sent at a moment, in seconds of the epoch."""
    digest = hmac.new(settings.webhook_secret.encode(), f"{moment}.".encode() + body, sha256).hexdigest()
    return f"t={moment},v1={digest}"


def check_signature(body: bytes, header: str | None) -> None:
    """Raise `NotSignedIn` unless the header signs these bytes with our secret, and not too long ago."""
    moment = (header or "").partition(",")[0].removeprefix("t=")
    if not settings.webhook_secret or not (moment.isascii() and moment.isdigit()):
        raise NotSignedIn("The message is not signed")
    if not security.same(header or "", sign(body, int(moment))):
        raise NotSignedIn("The signature does not fit the message")
    if abs(now().timestamp() - int(moment)) > settings.webhook_tolerance:
        raise NotSignedIn("The message is too old")


async def signed_body(
    request: Request, relay_signature: Annotated[str | None, Header(description="t=seconds,v1=HMAC-SHA256")] = None
) -> bytes:
    """Return the bytes of a signed message; a FastAPI dependency."""
    body = await read_at_most(request, MAX_BODY)
    check_signature(body, relay_signature)
    return body


def read(model: type[M], body: bytes) -> M:
    """Read a message whose signature was checked; raise `Malformed` when it says something else."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
        raise Malformed(f"Cannot read the message: {fields or 'no JSON'}") from error


def take_in(db: Session, source: str, event_id: str) -> bool:
    """Write down that a message came, inside the caller's transaction; say no when it came before."""
    try:
        with db.begin_nested():
            db.add(WebhookEvent(source=source, event_id=event_id, received_at=now()))
    except IntegrityError:
        return False
    return True
