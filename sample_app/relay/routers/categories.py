"""What can be found out about a chat, and for how many credits."""

from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import current_tenant
from relay.schemas.common import problems
from relay.schemas.insight import CategoryOut
from relay.services.definition import list_categories

router = APIRouter(prefix="/categories", tags=["insights"], responses=problems(401))


@router.get("", dependencies=[Depends(current_tenant)])
def read_categories(response: Response, db: Session = Depends(get_db)) -> list[CategoryOut]:
    """List the categories; they are remembered for a while, and the header `Age` says for how long they have been."""
    categories, age = list_categories(db)
    response.headers["Age"] = str(age)
    return categories
