"""Plans and statements, and the corrections that the billing office sends in batches."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from sqlalchemy.orm import Session

from relay import webhooks
from relay.database import get_db
from relay.deps import Actor, needs
from relay.models import Statement, Subscription
from relay.schemas.common import problems
from relay.schemas.money import Batch, PlanIn, PlanOut, StatementIn, StatementOut
from relay.services import billing as service
from relay.services import statement as statement_service
from relay.worker.queue import enqueue

router = APIRouter(prefix="/billing", tags=["billing"], responses=problems(401))


@router.get("/plan", response_model=PlanOut, responses=problems(429))
def read_plan(actor: Annotated[Actor, Depends(needs("viewer"))], db: Session = Depends(get_db)) -> Subscription:
    """Show the plan and until when it is paid."""
    return service.get_subscription(db, actor.tenant)


@router.put("/plan", response_model=PlanOut, responses=problems(402, 403, 409, 429))
def choose_plan(
    data: PlanIn, actor: Annotated[Actor, Depends(needs("owner"))], db: Session = Depends(get_db)
) -> Subscription:
    """Change the plan; its first month is paid at once, and its seats can be taken at once."""
    return service.choose_plan(db, actor.tenant, data.plan)


@router.post("/statements", status_code=202, response_model=StatementOut, responses=problems(409, 429))
def request_statement(
    data: StatementIn, actor: Annotated[Actor, Depends(needs("viewer"))], db: Session = Depends(get_db)
) -> Statement:
    """Ask for the statement of a month; look again until it is written."""
    statement = statement_service.request_statement(db, actor.tenant, data.month)
    enqueue("write_statement", statement.id)
    return statement


@router.get("/statements/{statement_id}", response_model=StatementOut, responses=problems(404, 429))
def read_statement(
    statement_id: int, actor: Annotated[Actor, Depends(needs("viewer"))], db: Session = Depends(get_db)
) -> Statement:
    """Show how far a statement is, and its text."""
    return statement_service.get_statement(db, actor.tenant, statement_id)


@router.post("/webhook", responses=problems(413, 422))
async def receive_corrections(
    request: Request, relay_signature: Annotated[str | None, Header()] = None, db: Session = Depends(get_db)
) -> dict[str, str]:
    """Apply a batch of corrections, each by itself, and say what became of each."""
    body = await webhooks.signed_body(request, relay_signature)
    return service.adjust(db, webhooks.read(Batch, body).adjustments)
