"""The people who chat: signing on, and taking their data out, in or away as a whole."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Depends
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import IntegrityError

from relay.clients.clock import now
from relay.errors import Conflict, Malformed, NotFound
from relay.models import Chat, Device, Message, Passage, Tenant, User
from relay.schemas.conversation import ImportedChat, ImportedLine, ImportedMessage, ImportedUser, UserIn
from relay.services import upload
from relay.services.definition import DefinitionService

LINE: TypeAdapter[ImportedUser | ImportedChat] = TypeAdapter(ImportedLine)


@contextmanager
def all_or_nothing(db) -> Iterator[None]:
    """Commit what is done inside, or take all of it back."""
    try:
        yield
        db.commit()
    except BaseException:
        db.rollback()
        raise


class UserService:
    """Knows the users of a tenant and everything they own."""

    def __init__(self, definitions: Annotated[DefinitionService, Depends()]) -> None:
        self.definitions = definitions

    def get_user(self, db, tenant: Tenant, external_id: str) -> User:
        """Return a user by the tenant's own id; raise `NotFound` when there is none."""
        user = db.query(User).filter_by(tenant_id=tenant.id, external_id=external_id).first()
        if user is None:
            raise NotFound(f"No user {external_id}")
        return user

    def sign_on(self, db, tenant: Tenant, external_id: str, *, data: UserIn) -> User:
        """Return a user, who is created when seen for the first time, with what the tenant knows now."""
        with all_or_nothing(db):
            user = self.get_or_create(db, tenant, external_id)
            if data.name is not None:
                user.name = data.name
            if data.follows is not None:
                self.definitions.follow(db, user, data.follows)
            if data.device is not None:
                self.add_device(db, user, data.device)
        return user

    def get_or_create(self, db, tenant: Tenant, external_id: str) -> User:
        """Return a user, who is created if need be; two requests at once get the same one."""
        user = db.query(User).filter_by(tenant_id=tenant.id, external_id=external_id).first()
        if user is not None:
            return user
        user = User(tenant_id=tenant.id, external_id=external_id)
        try:
            with db.begin_nested():
                db.add(user)
        except IntegrityError:
            return self.get_user(db, tenant, external_id)
        return user

    def add_device(self, db, user: User, key: str) -> None:
        """Note that a user has a device; raise `Conflict` when it is somebody else's."""
        device = db.query(Device).filter(Device.tenant_id == user.tenant_id, Device.key == key).first()
        if device is None:
            user.devices.append(Device(tenant_id=user.tenant_id, key=key, linked_at=now()))
        elif device.user is not user:
            raise Conflict(f"The device is linked to {device.user.label}: use a link code")

    def export(self, db, user: User) -> Iterator[dict[str, object]]:
        """Yield the user and then each chat, read from the database one by one."""
        quotes = defaultdict(list)
        for message_id, quote in db.query(Passage.message_id, Passage.quote).filter(Passage.user_id == user.id):
            quotes[message_id].append(quote)
        follows = [definition.key for definition in user.definitions]
        yield {"kind": "user", "name": user.name, "follows": follows}
        # No cursor stays open while the reader takes its time: SQLite could write nothing meanwhile.
        numbers = [number for (number,) in db.query(Chat.id).filter(Chat.user_id == user.id).order_by(Chat.id)]
        for chat in filter(None, map(db.query(Chat).get, numbers)):
            messages = [self.describe(message, user, quotes[message.id]) for message in chat.messages]
            yield {"kind": "chat", "title": chat.title, "messages": messages}

    def describe(self, message: Message, user: User, quotes: list[str]) -> dict[str, object]:
        """Return a message as an export holds it."""
        own = message.author is user
        author = None if own else message.written_by
        return {"author": author, "own": own, "text": message.text, "sent_at": message.sent_at, "passages": quotes}

    def import_lines(self, db, user: User, lines: Iterable[bytes]) -> dict[str, int]:
        """Add what an export holds to a user; a bad line anywhere leaves everything as it was."""
        chats = []
        with all_or_nothing(db):
            for number, line in enumerate(lines, 1):
                read = self.read_line(line, number)
                if isinstance(read, ImportedChat):
                    chats.append(self.import_chat(db, user, read))
                else:
                    user.name = user.name or read.name
                    followed = [definition.key for definition in user.definitions]
                    self.definitions.follow(db, user, [*followed, *read.follows])
                db.flush()
        return {"chats": len(chats), "messages": sum(len(chat.messages) for chat in chats)}

    def read_line(self, line: bytes, number: int) -> ImportedUser | ImportedChat:
        """Check one line of an export."""
        try:
            return LINE.validate_json(line)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"])) or "the line"
            raise Malformed(f"Line {number}, {where}: {problem['msg']}") from error

    def import_chat(self, db, user: User, data: ImportedChat) -> Chat:
        """Add one chat of an export to a user."""
        chat = Chat(tenant_id=user.tenant_id, title=data.title)
        for line in data.messages:
            message = self.import_message(chat, user, line)
            db.add_all(Passage(user=user, message=message, quote=quote, saved_at=now()) for quote in line.passages)
        chat.user = user
        db.add(chat)
        return chat

    def import_message(self, chat: Chat, user: User, data: ImportedMessage) -> Message:
        """Return one message of an export, the user's own again if it was."""
        author = user if data.own else None
        return Message(chat=chat, author=author, author_name=data.author, text=data.text, sent_at=data.sent_at)

    def clear(self, db, user: User, *, account: bool) -> dict[str, int]:
        """Remove what a user has brought and, if asked, the account; in chats of others the messages stay unsigned."""
        own = db.query(Chat.id).filter(Chat.user_id == user.id)
        files = [path for (path,) in db.query(Chat.file_path).filter(Chat.user_id == user.id)]
        removed: dict[str, Any] = {}
        with all_or_nothing(db):
            removed["passages"] = db.query(Passage).filter(Passage.user_id == user.id).delete()
            removed["messages"] = db.query(Message).filter(Message.chat_id.in_(own)).delete(synchronize_session=False)
            removed["chats"] = db.query(Chat).filter(Chat.user_id == user.id).delete()
            db.query(Message).filter(Message.author_id == user.id).update({Message.author_id: None})
            self.definitions.unfollow_all(db, user)
            if account:
                db.delete(user)
        return {**removed, "files": upload.remove(files)}
