"""Insights into chats: unlock a category, then ask how far the job is."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import current_tenant
from relay.models import InsightJob, Tenant
from relay.schemas.common import problems
from relay.schemas.insight import JobOut, UnlockIn
from relay.services.insight import InsightService

router = APIRouter(prefix="/insights", tags=["insights"], responses=problems(401))

Insights = Annotated[InsightService, Depends()]


@router.post("/unlock", status_code=202, response_model=JobOut, responses=problems(402, 404, 409))
def unlock(
    data: UnlockIn,
    background: BackgroundTasks,
    service: Insights,
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
) -> InsightJob:
    """Spend credits on a category of a chat; its insights are generated after this answer."""
    job = service.unlock(db, tenant, data.chat_id, category_key=data.category)
    background.add_task(service.generate, job.id)
    return job


@router.get("/jobs/{job_id}", response_model=JobOut, responses=problems(404))
def read_job(
    job_id: int, service: Insights, tenant: Tenant = Depends(current_tenant), db: Session = Depends(get_db)
) -> InsightJob:
    """See whether the insights are there yet, and read them."""
    return service.get_job(db, tenant, job_id)
