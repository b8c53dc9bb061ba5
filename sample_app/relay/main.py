"""The FastAPI application: `uvicorn relay.main:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import ResponseValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from relay.api_docs import DESCRIPTION, TAGS
from relay.async_database import async_engine
from relay.database import engine
from relay.errors import RelayError, answer, answer_collision, answer_vanished
from relay.graphql import schema
from relay.routers import (
    admin,
    admin_pages,
    authz,
    billing,
    categories,
    chats,
    crm,
    customers,
    dashboard,
    health,
    helpdesk,
    insights,
    licences,
    llm_management,
    offline,
    payments,
    planning,
    portal,
    projects,
    quotes,
    rag,
    reports,
    tenant,
    usage,
    users,
    websocket,
)
from relay.services import pricing
from relay.services import usage as usage_service
from relay.settings import settings


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Start without remembered prices; give the connections back when the server stops."""
    pricing.cache.clear()
    yield
    usage_service.flush_at_shutdown()
    engine.dispose()
    await async_engine.dispose()


def create_app() -> FastAPI:
    """Put the application together; the offline face is there in offline mode alone."""
    tags = [{"name": name, "description": description} for name, description in TAGS.items()]
    app = FastAPI(title="Relay", version="0.1.0", description=DESCRIPTION, openapi_tags=tags, lifespan=lifespan)
    app.add_exception_handler(RelayError, answer)
    for collision in (IntegrityError, StaleDataError, ObjectDeletedError):
        app.add_exception_handler(collision, answer_collision)
    app.add_exception_handler(ResponseValidationError, answer_vanished)
    for module in (tenant, customers, quotes, projects, reports, health):
        app.include_router(module.router)
    for module in (users, chats, rag, categories, insights, websocket):
        app.include_router(module.router)
    for module in (crm, helpdesk, portal, planning, llm_management, admin, admin_pages, schema):
        app.include_router(module.router)
    for module in (payments, billing, usage, licences, authz, dashboard):
        app.include_router(module.router)
    app.middleware("http")(usage_service.count_request)
    if settings.offline:
        app.include_router(offline.router)
    return app


app = create_app()
