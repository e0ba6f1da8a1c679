"""What all routes of intake share: bodies read from their bytes, and how they are documented."""

from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from services.runtime.problems import TooLarge, invalid
from services.runtime.sentences import gettext as _

BODY_LIMIT: Final = 512_000
"""Bytes of a JSON body: the longest description, however escaped, fits twice."""

B = TypeVar("B", bound=BaseModel)


async def read(request: Request, model: type[B]) -> B:
    """The body as a model. Raises Invalid, or TooLarge before more than `BODY_LIMIT` was read."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise TooLarge(_("The body may have at most %(n)s KB.") % {"n": BODY_LIMIT // 1000})
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        raise invalid(error.errors(include_url=False)) from None


def answer(json: str, status: int, *, location: str | None = None) -> Response:
    headers = {"Cache-Control": "no-store"}
    if location:
        headers["Location"] = location
    return Response(json, status, headers, "application/json")


def documented(model: type[BaseModel], *, keyed: bool = True) -> dict[str, Any]:
    """The OpenAPI of a route that reads `model` from its body; `keyed`: it can be repeated."""
    schema = model.model_json_schema()
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
    return body | _KEY_HEADER if keyed else body


_KEY_HEADER: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Chosen by the client: a request repeated with it is carried out once.",
            "schema": {"type": "string", "maxLength": 200},
        }
    ]
}

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {
        "description": "Refused, with the reason (RFC 9457); 422 lists `errors` by field.",
        "content": {"application/problem+json": {"schema": {"type": "object"}}},
    }
}
