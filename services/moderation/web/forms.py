"""From the console's forms to commands, with a plain sentence beside each field that is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import FormData

from services.moderation.commands import StaffCommand
from services.moderation.transitions import STAFF_COMMANDS
from services.runtime.problems import Invalid, NotFound, sentence
from services.runtime.sentences import gettext as _

_OWN_RULE = "own_rule"
"""The ground that the policy's rule for the type of complaint gives."""

_ABSENT = frozenset({"missing", "string_too_short", "enum", "too_short"})
_FIELD_OF = {
    "ends_at": "ends_on",
    "ground": "ground_reference",
    "body": "outcome",
    "ruling.facts": "facts",
}


def command_of(name: str, form: FormData) -> StaffCommand:
    """The command that a form of the console asks for.

    Raises Invalid, each error beside the form's own field, or NotFound for an unknown command.
    """
    command = STAFF_COMMANDS.get(name)
    if command is None:
        raise NotFound(_("There is no such command."))
    read = _READERS.get(name, _parts)
    try:
        asked: StaffCommand = command.model_validate(read(form, command))  # type: ignore[assignment]
    except ValidationError as error:
        raise _told(error) from None
    return asked


def _told(error: ValidationError) -> Invalid:
    """One sentence for each field, in the order of the form."""
    errors = {_field(each): _sentence(each) for each in error.errors()}
    return Invalid([{"field": name, "message": message} for name, message in errors.items()])


def beside_fields(refusal: Invalid) -> Invalid:
    """A refusal by the decider, told beside the fields of the console's form."""
    return Invalid(
        [{**each, "field": _FIELD_OF.get(each["field"], each["field"])} for each in refusal.errors]
    )


def _parts(form: FormData, command: type[BaseModel]) -> dict[str, Any]:
    """Each part of a command by its own name. What is empty is left out: refused by name where the
    command needs it."""
    values: dict[str, Any] = {}
    for name, field in command.model_fields.items():
        if field.annotation is bool:
            values[name] = _text(form, name) != ""
        elif get_origin(field.annotation) is tuple:
            values[name] = [str(each) for each in form.getlist(name)]
        elif text := _text(form, name):
            values[name] = text
    return values


def _ruling(form: FormData, _command: type[BaseModel]) -> dict[str, Any]:
    ground_kind = _text(form, "ground_kind") or _OWN_RULE
    values: dict[str, Any] = {
        "outcome": _text(form, "outcome"),
        "facts": _text(form, "facts"),
        "manifestly_unfounded": "manifestly_unfounded" in form,
        "restrictions": [str(each) for each in form.getlist("restrictions")],
        "territory": _territory(_text(form, "territory")),
        "ends_at": _end_of(_text(form, "ends_on")),
        "automated_detection": "automated_detection" in form,
        "automated_decision": "automated_decision" in form,
        "measures": _measures(form),
    }
    if gravity := _text(form, "gravity"):
        reason = _text(form, "finding_reason")
        values["findings"] = [] if gravity == "none" else [{"reason": reason, "gravity": gravity}]
    if ground_kind != _OWN_RULE:
        # Absent rather than empty: the field that was left out is then refused by name.
        parts = {name: _text(form, f"ground_{name}") for name in ("reference", "explanation")}
        values["ground"] = {"kind": ground_kind} | {k: v for k, v in parts.items() if v}
    return values


def _measures(form: FormData) -> list[dict[str, Any]]:
    measures: list[dict[str, Any]] = []
    for kind in (str(each) for each in form.getlist("measures")):
        measure: dict[str, Any] = {"kind": kind}
        if kind != "account_closed" and (days := _text(form, f"{kind}_days")):
            measure["days"] = days
        if kind == "account_closed" and (ground := _text(form, "immediate_ground")):
            measure["immediate_ground"] = ground
        measures.append(measure)
    return measures


def _appeal(form: FormData, command: type[BaseModel]) -> dict[str, Any]:
    values = _parts(form, command)
    if values.get("result") in ("varied", "overturned") and _text(form, "outcome"):
        values["ruling"] = _ruling(form, command)
    return values


_READERS: dict[str, Callable[[FormData, type[BaseModel]], dict[str, Any]]] = {
    "decide": _ruling,
    "decide-appeal": _appeal,
}


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _territory(text: str) -> list[str]:
    """`worldwide`, `EEA` or country codes, however they are parted and written."""
    codes = text.replace(",", " ").replace(";", " ").split()
    return [code.lower() if code.lower() == "worldwide" else code.upper() for code in codes]


def _end_of(day: str) -> datetime | None:
    """The end of a day in UTC. Raises Invalid when `day` is not a date."""
    if not day:
        return None
    try:
        following = date.fromisoformat(day) + timedelta(days=1)
    except (ValueError, OverflowError):
        message = _("Enter the last day as a date, such as 2027-01-31.")
        raise Invalid([{"field": "ends_on", "message": message}]) from None
    return datetime.combine(following, time(), UTC)


def _field(error: ErrorDetails) -> str:
    parts = [str(part) for part in error["loc"] if part != "ruling"]
    if not parts:
        return "explanation"
    if parts[0] == "measures" and len(parts) > 1:
        return "immediate_ground" if parts[-1] == "immediate_ground" else "measures"
    if parts[0] == "findings":
        return "gravity"
    if parts[0] == "ground" and len(parts) > 1:
        return f"ground_{parts[1]}"
    return _FIELD_OF.get(parts[0], parts[0])


def _sentence(error: ErrorDetails) -> str:
    field = _field(error)
    absent = {
        "allegation": _("Say what the accused is told."),
        "appeal_id": _("Choose the appeal."),
        "complaint_id": _("Choose whom to ask."),
        "explanation": _("Say why."),
        "ground": _("Say why."),
        "question": _("Write the question."),
        "reason": _("Say why."),
        "reference": _("Name the settlement body and its number."),
        "result": _("Choose a result."),
        "text": _("Write something."),
        "facts": _("Tell the facts that the decision rests on."),
        "ground_explanation": _("Say why the law or rule applies."),
        "ground_reference": _("Name the law or rule."),
        "outcome": _("Choose an outcome."),
        "territory": _("Say where the decision applies."),
    }
    if error["type"] in _ABSENT and field in absent:
        return absent[field]
    if field == "territory":
        return _("Enter “worldwide”, “EEA”, or country codes such as DE, FR.")
    if error["type"] == "string_too_long":
        return _("That is too long: at most %(n)s characters are taken.") % {
            "n": error["ctx"]["max_length"]
        }
    return sentence(error)
