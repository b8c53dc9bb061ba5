"""Categories of insights, jobs that generate them, and questions about messages."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from relay.schemas.common import Input, Output


class DefinitionOut(Output):
    """One insight that can be generated."""

    key: str
    title: str
    credits: int


class CategoryOut(Output):
    """A group of insights and what it costs to unlock it."""

    key: str
    title: str
    credits: int
    definitions: list[DefinitionOut]


class UnlockIn(Input):
    """Which category to unlock for which chat."""

    chat_id: int
    category: str


class InsightOut(Output):
    """An insight into a chat."""

    title: str
    text: str


class JobOut(Output):
    """How far the generation of insights is, and its results once it is done."""

    id: int
    chat_id: int
    status: str
    error: str | None
    insights: list[InsightOut]
    created_at: datetime
    finished_at: datetime | None


class QuestionIn(Input):
    """A question about the messages of all chats, or of one."""

    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
    chat_id: int | None = None
    limit: int = Field(default=5, ge=1, le=20)


class Source(Output):
    """A message that an answer is drawn from."""

    message_id: int
    chat: str
    text: str
    score: float


class AnswerOut(Output):
    """An answer, its sources, and how many more may be asked for within the hour."""

    answer: str
    sources: list[Source]
    calls_left: int
