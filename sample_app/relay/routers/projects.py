"""Projects: the newest routes, `async def` already while the services under them are not."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.deps import current_tenant
from relay.models import Project, Task, Tenant
from relay.schemas.common import problems
from relay.schemas.project import (
    ProjectIn,
    ProjectOut,
    ProjectPatch,
    ProjectRow,
    ProjectStatus,
    TaskIn,
    TaskOut,
    TaskPatch,
)
from relay.services import project as service

router = APIRouter(prefix="/projects", tags=["projects"], responses=problems(401))

Db = Annotated[Session, Depends(get_db)]
SignedIn = Annotated[Tenant, Depends(current_tenant)]


@router.get("", response_model=list[ProjectRow])
async def list_projects(
    tenant: SignedIn, db: Db, status: ProjectStatus | None = None, late: bool = False
) -> list[Project]:
    """List the projects, if asked only those in one status or those that are late."""
    return service.list_projects(db, tenant, status=status, late=late)


@router.post("", status_code=201, response_model=ProjectOut, responses=problems(404, 409))
async def create_project(data: ProjectIn, tenant: SignedIn, db: Db) -> Project:
    """Start a project, usually from an accepted quote."""
    project = service.create_project(db, tenant, data)
    db.commit()
    return project


@router.get("/{project_id}", response_model=ProjectOut, responses=problems(404))
async def read_project(project_id: int, tenant: SignedIn, db: Db) -> Project:
    """Show a project with its tasks."""
    return service.get_project(db, tenant, project_id)


@router.patch("/{project_id}", response_model=ProjectOut, responses=problems(404, 409))
async def update_project(project_id: int, data: ProjectPatch, tenant: SignedIn, db: Db) -> Project:
    """Rename a project, finish it or put it away."""
    project = service.update_project(db, tenant, project_id, data=data)
    db.commit()
    return project


@router.post("/{project_id}/tasks", status_code=201, response_model=TaskOut, responses=problems(404, 409))
async def add_task(project_id: int, data: TaskIn, tenant: SignedIn, db: Db) -> Task:
    """Add a task to a project."""
    task = service.add_task(db, tenant, project_id, data=data)
    db.commit()
    return task


@router.patch("/{project_id}/tasks/{task_id}", response_model=ProjectOut, responses=problems(404))
async def update_task(project_id: int, task_id: int, data: TaskPatch, tenant: SignedIn, db: Db) -> Project:
    """Change a task or tick it off, and see where the project stands."""
    return service.update_task(db, tenant, project_id, task_id=task_id, data=data)
