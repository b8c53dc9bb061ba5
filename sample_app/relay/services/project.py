"""Projects and their tasks; the routes decide when to commit, save where a second step depends on the first."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from relay.clients.clock import today
from relay.errors import Conflict, NotFound
from relay.models import Project, Quote, Task, Tenant
from relay.schemas.project import ProjectIn, ProjectPatch, TaskIn, TaskPatch
from relay.services.quote import get_quote


def list_projects(db: Session, tenant: Tenant, *, status: str | None, late: bool) -> list[Project]:
    """Return a tenant's projects; the late ones have a task that should have been done by now, or several."""
    query = db.query(Project).filter(Project.tenant_id == tenant.id)
    if status:
        query = query.filter(Project.status == status)
    if late:
        query = query.join(Project.tasks).filter(Task.done.is_(False), Task.due_on < today())
    return query.order_by(Project.code).all()


def get_project(db: Session, tenant: Tenant, project_id: int) -> Project:
    """Return a project by its id; raise `NotFound` unless it is the tenant's."""
    project = db.query(Project).filter_by(id=project_id, tenant_id=tenant.id).first()
    if project is None:
        raise NotFound(f"No project {project_id}")
    return project


def create_project(db: Session, tenant: Tenant, data: ProjectIn) -> Project:
    """Start a project, with or without a quote; raise `Conflict` when the code is taken."""
    quote = startable_quote(db, tenant, data.quote_id) if data.quote_id is not None else None
    name = data.name or (quote.title if quote else data.code)
    customer_id = quote.customer_id if quote else None
    project = Project(tenant_id=tenant.id, code=data.code, name=name, quote=quote, customer_id=customer_id)
    db.add(project)
    try:
        db.flush()
    except IntegrityError as error:
        db.rollback()
        # The rollback expired the tenant as well: reading its name asks the database again.
        holder = db.query(Project.name).filter(Project.tenant_id == tenant.id, Project.code == data.code).scalar()
        raise Conflict(f"The code {data.code} is taken at {tenant.name} by {holder!r}") from error
    return project


def startable_quote(db: Session, tenant: Tenant, quote_id: int) -> Quote:
    """Return a quote that a project may start from: accepted, and without a project so far."""
    quote = get_quote(db, tenant, quote_id)
    if quote.status != "accepted":
        raise Conflict(f"{quote!r} is not accepted")
    started = db.query(Project.code).filter(Project.quote_id == quote.id).scalar()
    if started:
        raise Conflict(f"{quote!r} has become project {started} already")
    return quote


def update_project(db: Session, tenant: Tenant, project_id: int, *, data: ProjectPatch) -> Project:
    """Change a project; raise `Conflict` when it has changed since the caller saw it."""
    project = get_project(db, tenant, project_id)
    if data.revision not in (None, project.revision):
        raise Conflict(f"Project {project.code} has changed: it is at revision {project.revision}")
    for field, value in data.model_dump(exclude_unset=True, exclude={"revision"}).items():
        setattr(project, field, value)
    if project.status == "done" and db.query(Task).filter_by(project_id=project.id, done=False).count():
        db.rollback()
        raise Conflict(f"Project {project.code} has open tasks")
    return project


def add_task(db: Session, tenant: Tenant, project_id: int, *, data: TaskIn) -> Task:
    """Add a task; raise `Conflict` when the project is archived."""
    project = get_project(db, tenant, project_id)
    if project.status == "archived":
        raise Conflict(f"Project {project.code} is archived")
    task = Task(project_id=project.id, title=data.title, due_on=data.due_on)
    db.add(task)
    return task


def update_task(db: Session, tenant: Tenant, project_id: int, *, task_id: int, data: TaskPatch) -> Project:
    """Change a task; when it was the last open one, the project is done."""
    project = get_project(db, tenant, project_id)
    task = db.query(Task).filter(Task.id == task_id, Task.project_id == project.id).one_or_none()
    if task is None:
        raise NotFound(f"No task {task_id} in project {project.code}")
    for field, value in data.model_dump(exclude_unset=True).items():
        setattr(task, field, value)
    db.commit()
    if project.progress == 100 and project.status == "active":
        project.status = "done"
        db.commit()
    return project
