"""Members and their keys; only an owner may let people in."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import Actor, needs
from relay.models import Member
from relay.schemas.access import KeyOut, MemberIn, MemberOut
from relay.schemas.common import problems
from relay.services import api_key
from relay.services import member as service

router = APIRouter(prefix="/members", tags=["authz"], responses=problems(401, 403, 429))

Owner = Annotated[Actor, Depends(needs("owner"))]


@router.post("", status_code=201, response_model=MemberOut, responses=problems(409))
def add_member(data: MemberIn, actor: Owner, db: Session = Depends(get_db)) -> Member:
    """Let a person in under a role."""
    return service.add_member(db, actor.tenant, data)


@router.post("/{member_id}/keys", status_code=201, response_model=KeyOut, responses=problems(404))
def issue_key(member_id: int, actor: Owner, db: Session = Depends(get_db)) -> dict[str, object]:
    """Make a key for a member's programs; it is shown this once."""
    key, text = api_key.issue_key(db, service.get_member(db, actor.tenant, member_id))
    return {"id": key.id, "key": text}


@router.delete("/{member_id}/keys/{key_id}", status_code=204, responses=problems(404))
def revoke_key(member_id: int, key_id: int, actor: Owner, db: Session = Depends(get_db)) -> None:
    """Make a key worthless from now on."""
    api_key.revoke_key(db, service.get_member(db, actor.tenant, member_id), key_id)
