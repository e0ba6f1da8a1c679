"""Refusals, and how they are told over HTTP: problem details (RFC 9457)."""

import re
from http import HTTPStatus
from typing import Any, ClassVar

from pydantic_core import ErrorDetails

from services.runtime.sentences import Sentence, joined
from services.runtime.sentences import gettext as _


class Refused(Exception):
    """A command or query that is turned down, with a reason that its sender can act on.

    Subclasses name the refusal: `status` is the HTTP status, `title` the same sentence for every
    occurrence, `detail` this occurrence's, both marked for translation
    (`services.runtime.sentences`). `extra` members are added to the problem document.
    """

    status: ClassVar[int] = 409
    title: ClassVar[str] = _("The request was refused")

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    @property
    def headers(self) -> dict[str, str]:
        """Added to the answer's own."""
        return {}

    @property
    def code(self) -> str:
        """The refusal's name as a slug, e.g. `already-decided`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()


class NotFound(Refused):
    status = 404
    title = _("There is no such thing here")


class Unauthenticated(Refused):
    status = 401
    title = _("Sign in first")


class Forbidden(Refused):
    status = 403
    title = _("This is not yours to do")


class Conflict(Refused):
    status = 409
    title = _("Somebody else acted at the same time")


class Stale(Refused):
    status = 412
    title = _("What you saw has changed since")


class TooLarge(Refused):
    status = 413
    title = _("That is too large")


class Invalid(Refused):
    """`errors` is a list of `{"field": …, "message": …}`, a plain sentence for each field."""

    status = 422
    title = _("Something in the request needs another look")

    def __init__(self, errors: list[dict[str, str]], detail: str | None = None) -> None:
        super().__init__(detail or joined([e["message"] for e in errors]), errors=errors)
        self.errors = errors


class Unavailable(Refused):
    status = 503
    title = _("A part of the system cannot be reached at the moment")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "2"}


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


_PHRASES = {
    404: _("Not Found"),
    405: _("Method Not Allowed"),
    500: _("Internal Server Error"),
}


def http_problem(status: int, detail: str, *, instance: str) -> dict[str, Any]:
    """The document of a refusal by the web framework itself, such as 404 or 405."""
    return {
        "type": "about:blank",
        "title": _PHRASES.get(status, HTTPStatus(status).phrase),
        "status": status,
        "detail": detail,
        "instance": instance,
    }


_SENTENCES = {
    "missing": _("This is needed."),
    "json_invalid": _("The body is not valid JSON: %(error)s."),
    "string_too_short": _("This needs at least %(min_length)s characters."),
    "string_too_long": _("This takes at most %(max_length)s characters."),
    "too_long": _("At most %(max_length)s are taken."),
    "too_short": _("At least %(min_length)s are needed."),
    "extra_forbidden": _("This field is not known here."),
    "string_type": _("This must be text."),
    "bool_type": _("This must be true or false."),
    "model_attributes_type": _("The body must be a JSON object."),
    "model_type": _("The body must be a JSON object."),
    "list_type": _("This must be a list."),
}


def sentence(error: ErrorDetails) -> str:
    """A validation error as a plain sentence."""
    known = _SENTENCES.get(error["type"])
    values = error.get("ctx", {})
    if known is not None:
        return known % values if values else known
    raised = values.get("error")
    if isinstance(raised, ValueError) and raised.args and isinstance(raised.args[0], Sentence):
        return raised.args[0]
    return error["msg"].removeprefix("Value error, ").rstrip(".") + "."


def invalid(errors: list[ErrorDetails]) -> Invalid:
    """The refusal that tells each of Pydantic's errors beside its field."""
    return Invalid([{"field": _field(e["loc"]), "message": sentence(e)} for e in errors])


def _field(location: tuple[int | str, ...]) -> str:
    """The name of a field or a header, e.g. `evidence.0`; of a parameter `query.limit`."""
    inside = location[1:] if location[:1] in (("body",), ("header",)) else location
    return ".".join(map(str, inside)) or "body"
