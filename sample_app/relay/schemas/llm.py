"""Language models and prompts."""

from datetime import datetime
from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from relay.schemas.common import Input, Output

Purpose = Literal["insights", "chat", "letters"]
Provider = Literal["offline", "openai", "anthropic", "mistral"]
ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,59}$")]
PromptName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
PLACEHOLDERS = {"customer", "tenant", "text", "today"}


class DefaultIn(Input):
    """What everybody uses for a purpose; once locked, no tenant may choose otherwise."""

    provider: Provider
    model: ModelName
    max_tokens: int = Field(ge=1, le=200_000)
    locked: bool = False


class OverrideIn(Input):
    """What a tenant uses instead; what is left out follows the default, and an empty body ends the override."""

    provider: Provider | None = None
    model: ModelName | None = None
    max_tokens: int | None = Field(default=None, ge=1, le=200_000)


class LlmOut(Output):
    """The model in use for a purpose and whether it is the tenant's own choice."""

    purpose: str
    provider: str
    model: str
    max_tokens: int
    locked: bool
    own_choice: bool


class DefaultOut(Output):
    """A default and who has chosen otherwise."""

    purpose: str
    provider: str
    model: str
    max_tokens: int
    locked: bool
    overridden_by: list[str]
    updated_at: datetime


class TenantLlmOut(Output):
    """A tenant as the administrators see it: how often it is signed in, the models it uses."""

    slug: str
    name: str
    sessions: int
    models: list[LlmOut]


class PromptIn(Input):
    """A wording; `version` is the one that the caller saw, and is left out for a new prompt."""

    body: str = Field(min_length=1, max_length=20_000, examples=["Sum up for {customer}: {text}"])
    version: int | None = None

    @field_validator("body")
    @classmethod
    def know_all_placeholders(cls, body: str) -> str:
        """Refuse a placeholder that nothing will be put into."""
        unknown = {name for _, name, _, _ in Formatter().parse(body) if name is not None} - PLACEHOLDERS
        if unknown:
            raise ValueError(f"unknown placeholders: {', '.join(sorted(unknown))}")
        return body


class PromptVersionOut(Output):
    """An earlier wording."""

    version: int
    body: str


class PromptOut(Output):
    """A prompt with all wordings before this one."""

    name: str
    body: str
    version: int
    versions: list[PromptVersionOut]
