"""The administrators' pages, as HTML."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from sqlalchemy.orm import Session

from relay.database import get_db
from relay.models import Tenant
from relay.routers.admin import is_admin
from relay.services import admin_auth
from relay.settings import settings

router = APIRouter(prefix="/admin", tags=["admin pages"], default_response_class=HTMLResponse)
templates = Jinja2Templates(Path(__file__).parent.parent / "templates")
SIGN_IN: dict[int | str, dict[str, Any]] = {
    401: {"description": "The form that asks for the key", "content": {"text/html": {}}}
}


def ask_for_key(request: Request, *, wrong: bool = False) -> Response:
    """Show the form for the administrators' key."""
    return templates.TemplateResponse(request, "sign_in.html", {"wrong": wrong}, status_code=401)


@router.post("/sign-in", status_code=303, responses={**SIGN_IN, 303: {"description": "On to the pages"}})
def sign_in(request: Request, key: Annotated[str, Form(max_length=200)]) -> Response:
    """Exchange the administrators' key for a cookie that opens the pages."""
    if not admin_auth.is_key(key):
        return ask_for_key(request, wrong=True)
    answer = RedirectResponse("/admin/pages", status_code=303)
    answer.set_cookie(
        "relay_admin",
        admin_auth.new_pass(),
        max_age=settings.admin_pass_lifetime,
        path="/admin",
        httponly=True,
        samesite="strict",
        secure=not settings.offline,
    )
    return answer


@router.get("/pages", responses=SIGN_IN)
def show_tenants(request: Request, admin: bool = Depends(is_admin), db: Session = Depends(get_db)) -> Response:
    """Look at all tenants: where they are signed in, what they chose, what their customers wait for."""
    if not admin:
        return ask_for_key(request)
    tenants = db.query(Tenant).order_by(Tenant.name).all()
    return templates.TemplateResponse(request, "tenants.html", {"tenants": tenants})
