"""Bodies of requests that Relay reads itself."""

from fastapi import Request

from relay.errors import TooLarge


async def read_at_most(request: Request, limit: int) -> bytes:
    """Return the body of a request; raise `TooLarge` as soon as there is more than a limit, without reading on."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"This takes {limit} bytes, and there are more")
    return body
