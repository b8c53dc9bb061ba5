"""What can go wrong in the domain, and the HTTP answer for each case."""

import logging

from fastapi import Request
from fastapi.exceptions import ResponseValidationError
from fastapi.responses import JSONResponse

# What pydantic says of an attribute that could not be read.
GONE = "ObjectDeletedError"

logger = logging.getLogger(__name__)


class RelayError(Exception):
    """A refusal with a sentence for the reader; each kind knows its HTTP status."""

    status = 500
    headers: dict[str, str] | None = None

    @property
    def extensions(self) -> dict[str, int]:
        """What GraphQL tells besides the sentence."""
        return {"status": self.status}


class NotSignedIn(RelayError):
    """The request carries no valid session token, or a code is wrong."""

    status = 401
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012


class PaymentRequired(RelayError):
    """The tenant has not enough credits for what it asks."""

    status = 402


class Forbidden(RelayError):
    """Who asks is known, but has not the role for this."""

    status = 403


class NotFound(RelayError):
    """The thing does not exist, or belongs to another tenant."""

    status = 404


class Conflict(RelayError):
    """The request is well formed, but the present state forbids it."""

    status = 409


class TooLarge(RelayError):
    """The request carries more bytes than are taken."""

    status = 413


class Malformed(RelayError):
    """What was sent cannot be read, in a way that its schema cannot say."""

    status = 422


class TooManyRequests(RelayError):
    """A limit is reached; `retry_after` is in seconds."""

    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(retry_after)}


class Unavailable(RelayError):
    """A service outside Relay does not answer."""

    status = 503


async def answer(_request: Request, error: Exception) -> JSONResponse:
    """Turn a domain error into its JSON answer."""
    assert isinstance(error, RelayError)
    return JSONResponse({"detail": str(error)}, status_code=error.status, headers=error.headers)


async def answer_collision(request: Request, error: Exception) -> JSONResponse:
    """Answer for work that another request has made impossible: a row is taken, changed or gone."""
    logger.warning("%s %s collided: %s", request.method, request.url.path, type(error).__name__)
    return JSONResponse({"detail": "Somebody else changed this at the same moment: try again"}, status_code=409)


async def answer_vanished(request: Request, error: Exception) -> JSONResponse:
    """Answer when a row was deleted after the work and before the answer was read from it; else it is our fault."""
    assert isinstance(error, ResponseValidationError)
    if any(problem["type"] == "get_attribute_error" and GONE in problem["ctx"]["error"] for problem in error.errors()):
        return await answer_collision(request, error)
    raise error
