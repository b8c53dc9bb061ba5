"""Which language model does what for whom, and the prompts it is given."""

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, Session, backref, mapped_column, relationship
from sqlalchemy.orm.attributes import get_history

from relay.models.base import Base, Timestamps
from relay.models.tenant import Tenant


class LlmDefault(Timestamps, Base):
    """What the administrators chose for a purpose; a locked choice is for everybody."""

    __tablename__ = "llm_defaults"

    purpose: Mapped[str] = mapped_column(String(20), primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    model: Mapped[str] = mapped_column(String(60))
    max_tokens: Mapped[int]
    locked: Mapped[bool] = mapped_column(default=False)

    overrides: Mapped[list["LlmOverride"]] = relationship(back_populates="default", passive_deletes=True)


class LlmOverride(Base):
    """What a tenant chose instead; what it left open follows the default."""

    __tablename__ = "llm_overrides"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    purpose: Mapped[str] = mapped_column(ForeignKey("llm_defaults.purpose", ondelete="CASCADE"), primary_key=True)
    provider: Mapped[str | None] = mapped_column(String(20))
    model: Mapped[str | None] = mapped_column(String(60))
    max_tokens: Mapped[int | None]

    tenant: Mapped[Tenant] = relationship(backref=backref("llm_overrides", order_by=purpose, passive_deletes=True))
    default: Mapped[LlmDefault] = relationship(back_populates="overrides")

    @property
    def label(self) -> str:
        """Provider and model that are in use, whoever chose them."""
        return f"{self.provider or self.default.provider}/{self.model or self.default.model}"


class Prompt(Timestamps, Base):
    """A text for the language model; every wording it ever had is kept."""

    __tablename__ = "prompts"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column()

    # Two writers at the same version: the second finds the row gone and is refused.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    versions: Mapped[list["PromptVersion"]] = relationship(
        back_populates="prompt", cascade="all, delete-orphan", order_by="PromptVersion.id"
    )


class PromptVersion(Timestamps, Base):
    """An earlier wording of a prompt."""

    __tablename__ = "prompt_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"), index=True)
    version: Mapped[int]
    body: Mapped[str] = mapped_column(Text)

    prompt: Mapped[Prompt] = relationship(back_populates="versions")


@event.listens_for(Session, "before_flush")
def keep_old_wordings(session: Session, _context: object, _instances: object) -> None:
    """Write down the wording that a changed prompt is about to lose."""
    for prompt in [changed for changed in session.dirty if isinstance(changed, Prompt)]:
        for body in get_history(prompt, "body").deleted:
            prompt.versions.append(PromptVersion(version=prompt.version, body=body))
