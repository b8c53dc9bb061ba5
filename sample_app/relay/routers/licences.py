"""Licences: who sits on which seat, and what lies in the trash."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import Actor, needs
from relay.models import Licence
from relay.schemas.access import LicenceOut, SeatIn
from relay.schemas.common import problems
from relay.services import licence as service

router = APIRouter(prefix="/licences", tags=["licences"], responses=problems(401, 429))

Viewer = Annotated[Actor, Depends(needs("viewer"))]
Billing = Annotated[Actor, Depends(needs("billing"))]


@router.get("", response_model=list[LicenceOut])
def list_licences(actor: Viewer, trash: bool = False, db: Session = Depends(get_db)) -> list[Licence]:
    """List the licences with their seats, or those in the trash."""
    return service.list_licences(db, actor.tenant, trash=trash)


@router.post("/{licence_id}/seats", status_code=201, response_model=LicenceOut, responses=problems(403, 404, 409))
def take_seat(licence_id: int, data: SeatIn, actor: Billing, db: Session = Depends(get_db)) -> Licence:
    """Give a person the next free seat."""
    return service.take_seat(db, actor.tenant, licence_id, email=data.email)


@router.delete("/{licence_id}", status_code=204, responses=problems(403, 404))
def throw_away(licence_id: int, actor: Billing, db: Session = Depends(get_db)) -> None:
    """Put a licence into the trash."""
    service.throw_away(db, actor.tenant, licence_id)


@router.post("/{licence_id}/restore", response_model=LicenceOut, responses=problems(403, 404, 409))
def restore(licence_id: int, actor: Billing, db: Session = Depends(get_db)) -> Licence:
    """Take a licence out of the trash, with everybody on the seats they had."""
    return service.restore(db, actor.tenant, licence_id)
