"""Uploaded conversations: the file is kept as it came, and its lines become messages."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy.orm import Session

from relay import security
from relay.errors import Malformed, TooLarge
from relay.models import Chat, Message, Tenant, User
from relay.settings import settings

START_OF_MESSAGE = re.compile(r"\[(\d{4}-\d\d-\d\d),? (\d\d:\d\d)\] (?:([^:]{1,120}): )?(.*)")


def safe_name(name: str | None) -> str:
    """Return the last part of a file name with nothing in it that a file system could misunderstand."""
    last = re.split(r"[/\\]", name or "")[-1]
    return re.sub(r"[^\w.-]+", "_", last).strip("._")[:80] or "chat.txt"


def store(tenant: Tenant, name: str, content: bytes) -> Path:
    """Write an upload into the tenant's folder under a name that nobody has used; raise `TooLarge` for a large one."""
    if len(content) > settings.upload_limit:
        raise TooLarge(f"A file may have {settings.upload_limit} bytes, this one has more")
    folder = settings.files / "chats" / tenant.slug
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid4().hex}-{name}"
    path.write_bytes(content)
    return path


def remove(paths: Iterable[str | None]) -> int:
    """Remove uploaded files and return how many there were."""
    found = [Path(path) for path in paths if path and Path(path).exists()]
    for path in found:
        path.unlink()
    return len(found)


def parse(text: str) -> Iterator[Message]:
    """Turn the lines of an exported chat into messages; a line without a date continues the message before it."""
    message = None
    for number, line in enumerate(text.splitlines(), 1):
        start = START_OF_MESSAGE.fullmatch(line)
        if start:
            if message:
                yield message
            message = new_message(start, number)
        elif message:
            message.text += f"\n{line}"
        elif line.strip():
            raise Malformed(f"Line {number} does not start with a date as in [2025-01-06, 09:30]")
    if message:
        yield message


def new_message(start: re.Match[str], number: int) -> Message:
    """Return the message that starts on a line."""
    day, time, author, text = start.groups()
    try:
        sent_at = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)
    except ValueError as error:
        raise Malformed(f"Line {number} has a date that does not exist") from error
    return Message(author_name=author, text=text, sent_at=sent_at)


def import_chat(db: Session, tenant: Tenant, user: User | None, *, path: Path, title: str, share: bool) -> Chat:
    """Make a chat of a stored file; its lines by the user's own name become the user's messages."""
    try:
        messages = list(parse(path.read_text(encoding="utf-8-sig")))
    except UnicodeDecodeError as error:
        raise Malformed("The file is not text in UTF-8") from error
    if not messages:
        raise Malformed("There is no message in the file")
    for message in messages:
        if user and message.author_name == user.name:
            message.author = user
    key = security.new_token() if share else None
    chat = Chat(tenant_id=tenant.id, user=user, title=title, public_key=key, file_path=str(path), messages=messages)
    db.add(chat)
    return chat
