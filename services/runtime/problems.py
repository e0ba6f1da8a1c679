"""Refusals, and how they are told over HTTP: problem details (RFC 9457)."""

import re
from http import HTTPStatus
from typing import Any, ClassVar

from pydantic_core import ErrorDetails


class Refused(Exception):
    """A command or query that is turned down, with a reason that its sender can act on.

    Subclasses name the refusal: `status` is the HTTP status, `title` the same sentence for every
    occurrence, `detail` this occurrence's. `extra` members are added to the problem document.
    """

    status: ClassVar[int] = 409
    title: ClassVar[str] = "The request was refused"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    @property
    def code(self) -> str:
        """The refusal's name as a slug, e.g. `already-decided`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()


class NotFound(Refused):
    status = 404
    title = "There is no such thing here"


class Unauthenticated(Refused):
    status = 401
    title = "Sign in first"


class Forbidden(Refused):
    status = 403
    title = "This is not yours to do"


class Conflict(Refused):
    status = 409
    title = "Somebody else acted at the same time"


class Stale(Refused):
    status = 412
    title = "What you saw has changed since"


class TooLarge(Refused):
    status = 413
    title = "That is too large"


class Invalid(Refused):
    """`errors` is a list of `{"field": …, "message": …}`, a plain sentence for each field."""

    status = 422
    title = "Something in the request needs another look"

    def __init__(self, errors: list[dict[str, str]], detail: str | None = None) -> None:
        super().__init__(detail or "; ".join(e["message"] for e in errors), errors=errors)
        self.errors = errors


class Unavailable(Refused):
    status = 503
    title = "A part of the system cannot be reached at the moment"


def problem(refused: Refused, *, instance: str) -> dict[str, Any]:
    """The RFC 9457 document of a refusal."""
    return {
        "type": f"urn:redress:problem:{refused.code}",
        "title": refused.title,
        "status": refused.status,
        "detail": refused.detail,
        "instance": instance,
        **refused.extra,
    }


def http_problem(status: int, detail: str, *, instance: str) -> dict[str, Any]:
    """The document of a refusal by the web framework itself, such as 404 or 405."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
    }


_SENTENCES = {
    "missing": "This is needed.",
    "json_invalid": "The body is not valid JSON: {error}.",
    "string_too_short": "This needs at least {min_length} characters.",
    "string_too_long": "This takes at most {max_length} characters.",
    "too_long": "At most {max_length} are taken.",
    "too_short": "At least {min_length} are needed.",
    "extra_forbidden": "This field is not known here.",
    "string_type": "This must be text.",
    "bool_type": "This must be true or false.",
    "model_attributes_type": "The body must be a JSON object.",
    "model_type": "The body must be a JSON object.",
    "list_type": "This must be a list.",
}


def sentence(error: ErrorDetails) -> str:
    """A validation error as a plain sentence."""
    template = _SENTENCES.get(error["type"])
    if template is None:
        return error["msg"].removeprefix("Value error, ").rstrip(".") + "."
    return template.format(**error.get("ctx", {}))


def invalid(errors: list[ErrorDetails]) -> Invalid:
    """The refusal that tells each of Pydantic's errors beside its field."""
    return Invalid(
        [
            {
                "field": ".".join(str(p) for p in e["loc"] if p != "body") or "body",
                "message": sentence(e),
            }
            for e in errors
        ]
    )
