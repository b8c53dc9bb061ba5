"""The customers' portal: contacts of customers sign in with a password and see what concerns them."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from relay.clients.mail import MailClient, get_mail
from relay.database import get_db
from relay.deps import current_tenant
from relay.errors import NotSignedIn
from relay.models import Contact, PortalLogin, Quote, Tenant
from relay.schemas.common import problems
from relay.schemas.desk import AccessOut, PortalQuote, PortalSignIn, PortalToken
from relay.services import portal as service

router = APIRouter(prefix="/portal", tags=["portal"], responses=problems(401))

bearer = HTTPBearer(auto_error=False, scheme_name="Portal", description="The token from POST /portal/sessions")


def current_contact(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)], db: Session = Depends(get_db)
) -> Contact:
    """Return the contact that is signed in to the portal; a tenant's token opens nothing here."""
    contact = service.find_contact(db, credentials.credentials) if credentials else None
    if contact is None:
        raise NotSignedIn("Sign in to the portal first")
    return contact


@router.post("/access/{contact_id}", response_model=AccessOut, responses=problems(404, 409, 503))
def give_access(
    contact_id: int,
    tenant: Tenant = Depends(current_tenant),
    db: Session = Depends(get_db),
    mail: MailClient = Depends(get_mail),
) -> PortalLogin:
    """As a tenant, let a customer's contact in: a new password is mailed, and the one before ends."""
    return service.give_access(db, tenant, contact_id, mail=mail)


@router.post("/sessions", status_code=201, response_model=PortalToken, responses=problems(429))
def sign_in(data: PortalSignIn, db: Session = Depends(get_db)) -> dict[str, object]:
    """As a contact, exchange the password for a token of the portal."""
    session, token = service.sign_in(db, data)
    return {"token": token, "expires_at": session.expires_at}


@router.get("/quotes", response_model=list[PortalQuote])
def list_quotes(contact: Contact = Depends(current_contact)) -> list[Quote]:
    """As a contact, see what one's company was offered."""
    return service.visible_quotes(contact)
