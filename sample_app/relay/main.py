"""The FastAPI application: `uvicorn relay.main:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from relay.async_database import async_engine
from relay.database import engine
from relay.errors import RelayError, answer, answer_collision
from relay.routers import (
    categories,
    chats,
    customers,
    health,
    insights,
    offline,
    projects,
    quotes,
    rag,
    reports,
    tenant,
    users,
    websocket,
)
from relay.settings import settings

DESCRIPTION = """
Companies keep their customers, quotes and projects in Relay.

Ask for a code with `POST /auth/codes`, read it at `GET /offline/mail` (offline mode), exchange it for a token with
`POST /auth/sessions`, and press *Authorize*. The sample tenants are `northwind`, `contoso` and `fabrikam`.
"""


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Give the connections back when the server stops."""
    yield
    engine.dispose()
    await async_engine.dispose()


def create_app() -> FastAPI:
    """Put the application together; the offline face is there in offline mode alone."""
    app = FastAPI(title="Relay", version="0.1.0", description=DESCRIPTION, lifespan=lifespan)
    app.add_exception_handler(RelayError, answer)
    for collision in (IntegrityError, StaleDataError):
        app.add_exception_handler(collision, answer_collision)
    for module in (tenant, customers, quotes, projects, reports, health):
        app.include_router(module.router)
    for module in (users, chats, rag, categories, insights, websocket):
        app.include_router(module.router)
    if settings.offline:
        app.include_router(offline.router)
    return app


app = create_app()
