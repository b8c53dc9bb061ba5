"""Which language model a tenant uses: the administrators' defaults and what tenants chose instead."""

from dataclasses import dataclass

from sqlalchemy.orm import Session, joinedload

from relay.errors import Conflict, NotFound
from relay.models import LlmDefault, LlmOverride, Tenant
from relay.schemas.llm import DefaultIn, OverrideIn
from relay.services.transaction import in_one_transaction


@dataclass(frozen=True)
class LlmSetting:
    """What a tenant gets for a purpose, default and override taken together."""

    purpose: str
    provider: str
    model: str
    max_tokens: int
    locked: bool
    own_choice: bool


def settings_of(db: Session, tenant: Tenant) -> list[LlmSetting]:
    """Return what a tenant uses for each purpose."""
    chosen = {override.purpose: override for override in db.query(LlmOverride).filter_by(tenant_id=tenant.id)}
    defaults = db.query(LlmDefault).order_by(LlmDefault.purpose)
    return [combine(default, chosen.get(default.purpose)) for default in defaults]


def combine(default: LlmDefault, override: LlmOverride | None) -> LlmSetting:
    """Lay a tenant's choice over the default."""
    return LlmSetting(
        purpose=default.purpose,
        provider=(override and override.provider) or default.provider,
        model=(override and override.model) or default.model,
        max_tokens=(override and override.max_tokens) or default.max_tokens,
        locked=default.locked,
        own_choice=override is not None,
    )


@in_one_transaction
def choose(db: Session, tenant: Tenant, purpose: str, *, data: OverrideIn) -> LlmSetting:
    """Let a tenant use something else for a purpose; raise `Conflict` when the administrators do not allow it."""
    default = db.query(LlmDefault).get(purpose)
    if default is None:
        raise NotFound(f"No language model is set up for {purpose}")
    if default.locked:
        raise Conflict(f"The model for {purpose} is the same for everybody")
    if (data.max_tokens or 0) > default.max_tokens:
        raise Conflict(f"At most {default.max_tokens} tokens are allowed for {purpose}")
    override = db.query(LlmOverride).get((tenant.id, purpose))
    if not data.model_dump(exclude_none=True):
        if override:
            db.delete(override)
        return combine(default, None)
    return combine(default, db.merge(LlmOverride(tenant_id=tenant.id, purpose=purpose, **data.model_dump())))


@in_one_transaction
def set_default(db: Session, purpose: str, data: DefaultIn) -> LlmDefault:
    """Set what everybody uses; a lock ends the tenants' choices, a smaller limit holds for them too."""
    default = db.query(LlmDefault).filter_by(purpose=purpose).one_or_none() or LlmDefault(purpose=purpose)
    for field, value in data.model_dump().items():
        setattr(default, field, value)
    db.add(default)
    chosen = db.query(LlmOverride).filter(LlmOverride.purpose == purpose)
    if data.locked:
        chosen.delete()
    else:
        chosen.filter(LlmOverride.max_tokens > data.max_tokens).update({"max_tokens": data.max_tokens})
    return default


def overridden_by(default: LlmDefault) -> list[str]:
    """Return the tenants that have chosen something else than a default, in order of their names."""
    return [override.tenant.slug for override in sorted(default.overrides, key=lambda other: other.tenant.name)]


def settings_of_all(db: Session) -> list[tuple[Tenant, list[LlmSetting]]]:
    """Return every tenant with its sessions and with what it uses, as the administrators see it."""
    tenants = db.query(Tenant).options(joinedload(Tenant.sessions)).order_by(Tenant.slug).all()
    return [(tenant, settings_of(db, tenant)) for tenant in tenants]
