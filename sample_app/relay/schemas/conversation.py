"""People who chat, their devices, chats and messages."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from relay.schemas.common import Input, Name, Output

ExternalId = Annotated[str, StringConstraints(pattern=r"^[\w.@-]{1,80}$")]
MessageText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]


class UserIn(Input):
    """What a tenant's application knows about a user who signs on; what is left out stays."""

    name: Name | None = None
    device: ExternalId | None = None
    follows: list[str] | None = Field(default=None, max_length=50, description="keys of insight definitions")


class DeviceOut(Output):
    """A device of a user."""

    key: str
    linked_at: datetime


class Followed(Output):
    """An insight that a user follows."""

    key: str
    title: str


class UserOut(Output):
    """A user with devices and interests."""

    external_id: str
    name: str | None
    label: str
    devices: list[DeviceOut]
    follows: list[Followed] = Field(validation_alias="definitions")
    created_at: datetime


class LinkCodeOut(Output):
    """A code to type on another device, shown this once."""

    code: str
    expires_at: datetime


class LinkIn(Input):
    """The device on which the code was typed."""

    code: Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z2-9]{8}$")]
    device: ExternalId


class Cleared(Output):
    """How much of a user's data was removed."""

    chats: int
    messages: int
    passages: int
    files: int


class ImportedMessage(Input):
    """A message in an export."""

    author: str | None = Field(default=None, max_length=120)
    own: bool = False
    text: MessageText
    sent_at: datetime | None = None
    passages: list[str] = Field(default=[], max_length=50)


class ImportedUser(Input):
    """The line of an export that describes the user."""

    kind: Literal["user"]
    name: Name | None = None
    follows: list[str] = Field(default=[], max_length=50)


class ImportedChat(Input):
    """A line of an export that holds a chat."""

    kind: Literal["chat"]
    title: Name
    messages: list[ImportedMessage] = Field(default=[], max_length=10_000)


ImportedLine = Annotated[ImportedUser | ImportedChat, Field(discriminator="kind")]


class Imported(Output):
    """What an import has added."""

    chats: int
    messages: int


class ChatFilters(BaseModel):
    """Which chats to list, and in which order."""

    user: str | None = Field(default=None, description="external id of the user who brought them")
    without_user: bool = False
    order: Literal["newest", "owner"] = "newest"


class ChatOut(Output):
    """A chat without its messages."""

    id: int
    title: str
    owner: str | None
    public_key: str | None
    file_bytes: int | None
    created_at: datetime


class Uploaded(ChatOut):
    """A chat that was just uploaded, and what was read in the file."""

    file_name: str
    messages: int
    authors: list[str]


class MessageIn(Input):
    """A new message; without an author the system speaks."""

    text: MessageText
    author: ExternalId | None = None


class MessageOut(Output):
    """A message of a chat."""

    id: int
    written_by: str | None
    text: str
    sent_at: datetime | None


class Statistics(Output):
    """The figures of a chat that its owner has shared; no names, no texts."""

    title: str
    messages: int
    authors: int
    repeated: int
    first_at: datetime | None
    last_at: datetime | None


class PassageIn(Input):
    """A part of a message to keep."""

    user: ExternalId
    message_id: int
    quote: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class PassageOut(Output):
    """A passage that a user keeps."""

    id: int
    message_id: int
    quote: str
    saved_at: datetime
