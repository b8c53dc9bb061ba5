"""The prompts of a tenant; their earlier wordings are kept by the models."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from relay.errors import Conflict
from relay.models import Prompt, Tenant
from relay.schemas.llm import PromptIn


def save_prompt(db: Session, tenant: Tenant, name: str, *, data: PromptIn) -> Prompt:
    """Write a prompt or a new wording of it; raise `Conflict` unless the caller saw the latest."""
    prompt = db.scalar(select(Prompt).where(Prompt.tenant_id == tenant.id, Prompt.name == name))
    if prompt is None:
        prompt = Prompt(tenant_id=tenant.id, name=name)
        db.add(prompt)
    elif data.version != prompt.version:
        raise Conflict(f"The prompt {name} is at version {prompt.version} by now")
    prompt.body = data.body
    db.commit()
    return prompt
