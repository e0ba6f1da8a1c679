"""The form in which staff enter what the yearly report asks for and no log can know."""

import math
from collections.abc import Iterable
from itertools import groupby
from typing import Final, NamedTuple

from starlette.datastructures import FormData

from services.moderation.outgoing.report_template import (
    ALL,
    LONGEST,
    TEMPLATE,
    Entry,
    Wanted,
    categories,
)
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _
from services.runtime.web import Form


class Asked(NamedTuple):
    """An indicator with the name of its field."""

    field: str
    wanted: Wanted


_ASKED: Final = tuple(Asked(f"e{place}", each) for place, each in enumerate(TEMPLATE))
SECTIONS: Final = tuple(
    (section, tuple(group)) for section, group in groupby(_ASKED, lambda each: each.wanted.section)
)


def form_of(entries: Iterable[Entry]) -> Form:
    """The form filled in. What is split has a line for each category: `DE 1200`."""
    kept = list(entries)
    values: dict[str, list[str]] = {}
    for field, wanted in _ASKED:
        here = [e for e in kept if (e.section, e.indicator) == (wanted.section, wanted.indicator)]
        if wanted.kind != "number":
            lines = [each.text for each in here]
        elif wanted.split:
            lines = [f"{each.category} {each.value:.15g}" for each in here]
        else:
            lines = [f"{each.value:.15g}" for each in here]
        values[field] = ["\n".join(lines)]
    return Form(values)


def entries_of(form: FormData) -> tuple[Entry, ...]:
    """What the form says; what is left empty is not entered. Raises Invalid."""
    entries: list[Entry] = []
    errors: list[dict[str, str]] = []
    for field, wanted in _ASKED:
        text = str(form.get(field, "")).replace("\r\n", "\n").strip()
        try:
            entries += _read(text, wanted)
        except Invalid as refusal:
            errors.append({"field": field, "message": refusal.errors[0]["message"]})
    if errors:
        raise Invalid(errors)
    return tuple(entries)


def _read(text: str, wanted: Wanted) -> list[Entry]:
    if not text:
        return []
    entry = Entry(section=wanted.section, indicator=wanted.indicator)
    if wanted.kind != "number":
        if len(text) > LONGEST:
            raise _wrong(_("At most %(n)s characters") % {"n": LONGEST})
        return [entry.model_copy(update={"text": text})]
    if not wanted.split:
        return [entry.model_copy(update={"value": _number(text)})]
    found: dict[str, Entry] = {}
    for line in text.splitlines():
        category, _sep, value = line.strip().partition(" ")
        if not category:
            continue
        known = {each.lower(): each for each in categories(wanted.split)}.get(category.lower())
        if known is None:
            raise _wrong(_("There is no category %(name)s here.") % {"name": category})
        if known in found:
            raise _wrong(_("This is said twice: %(what)s.") % {"what": category})
        update = {"category": known, "value": _number(value)}
        found[known] = entry.model_copy(update=update)
    return sorted(found.values(), key=lambda each: (each.category != ALL, each.category))


def _number(text: str) -> float:
    """A number as people write one, with spaces between thousands and either decimal sign."""
    try:
        value = float("".join(text.split()).replace(",", "."))
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1e12:
        raise _wrong(_("Enter a number, such as 1200 or 0.95, and not %(text)s.") % {"text": text})
    return value


def _wrong(message: str) -> Invalid:
    return Invalid([{"field": "", "message": message}])
