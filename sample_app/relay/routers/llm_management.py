"""What a tenant decides about its language models and prompts."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import current_tenant
from relay.models import Prompt, Tenant
from relay.schemas.common import problems
from relay.schemas.llm import LlmOut, OverrideIn, PromptIn, PromptName, PromptOut, Purpose
from relay.services import llm_config, prompt

router = APIRouter(prefix="/llm", tags=["language models"], responses=problems(401))

SignedIn = Annotated[Tenant, Depends(current_tenant)]


@router.get("", response_model=list[LlmOut])
def list_models(tenant: SignedIn, db: Session = Depends(get_db)) -> list[llm_config.LlmSetting]:
    """See which model is used for what."""
    return llm_config.settings_of(db, tenant)


@router.put("/{purpose}", response_model=LlmOut, responses=problems(404, 409))
def choose_model(
    purpose: Purpose, data: OverrideIn, tenant: SignedIn, db: Session = Depends(get_db)
) -> llm_config.LlmSetting:
    """Use another model, provider or limit than the default, or go back to the default."""
    return llm_config.choose(db, tenant, purpose, data=data)


@router.put("/prompts/{name}", response_model=PromptOut, responses=problems(409))
def save_prompt(name: PromptName, data: PromptIn, tenant: SignedIn, db: Session = Depends(get_db)) -> Prompt:
    """Write a prompt or word it anew; every earlier wording is kept."""
    return prompt.save_prompt(db, tenant, name, data=data)
