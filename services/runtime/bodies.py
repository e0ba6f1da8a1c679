"""JSON bodies, read from their bytes and answered as they are: FastAPI's own way costs more."""

from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from services.runtime.problems import TooLarge, invalid
from services.runtime.sentences import gettext as _

BODY_LIMIT: Final = 512_000
"""Bytes of a JSON body: the longest description, however escaped, fits twice."""

B = TypeVar("B", bound=BaseModel)


async def read(request: Request, model: type[B], *, default: B | None = None) -> B:
    """The body as a model; `default` where there is none. Raises Invalid, or TooLarge before more
    than `BODY_LIMIT` was read."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise TooLarge(_("The body may have at most %(n)s KB.") % {"n": BODY_LIMIT // 1000})
    if default is not None and bytes(body).strip() in (b"", b"null"):
        return default
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        raise invalid(error.errors(include_url=False)) from None


def answer(json: str, status: int, *, location: str | None = None) -> Response:
    headers = {"Cache-Control": "no-store"}
    if location:
        headers["Location"] = location
    return Response(json, status, headers, "application/json")
