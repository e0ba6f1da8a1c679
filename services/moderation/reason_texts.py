"""Texts that decisions begin with: data, with fields that the moderator fills in. Pure.

`{title}` is known and filled in by the software. What stands in brackets is for the moderator, and
a decision is not taken while any of it is left.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Final

from pydantic import Field, StringConstraints, TypeAdapter

from contracts.taxonomy import taxonomy
from services.moderation.commands.base import Command, Line, Text
from services.moderation.read_models import Shown
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _
from services.runtime.sentences import joined

FILLED_IN: Final = "{title}"
_PLACE = re.compile(r"\{\w+\}")
_FIELD = re.compile(r"\[[^\[\]]{1,60}\]")

MOST = 200
"""Texts that are kept; more would be found by nobody."""


class Wording(Shown):
    """A text in one language. `{title}` becomes the listing's title; what stands in square
    brackets is for the moderator to fill in."""

    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$"), Field(examples=["en"])]
    title: Annotated[Line, Field(examples=["Wrong category"])]
    text: Annotated[Text, Field(examples=["“{title}” stands in a category not its own: [which]."])]


class WriteReasonText(Command):
    """A text that decisions may begin with. `types` left out: for every type of complaint."""

    types: Annotated[tuple[str, ...], Field(max_length=20, examples=[["SM"]])] = ()
    wordings: Annotated[tuple[Wording, ...], Field(min_length=1, max_length=20)]


class ReasonText(Shown):
    """`by` and `at` tell who changed it last; None for one that came with the software."""

    id: Annotated[str, Field(examples=["wrong-category"])]
    types: tuple[str, ...]
    wordings: tuple[Wording, ...]
    retired: bool = False
    by: str | None = None
    at: datetime | None = None
    version: int = 0

    def wording(self, language: str) -> Wording:
        """In this language; else in English; else in any."""
        of = {each.language: each for each in self.wordings}
        return of.get(language) or of.get("en") or self.wordings[0]

    def is_for(self, complaint_type: str) -> bool:
        return not self.types or complaint_type in self.types


class OfferedText(Shown):
    """A text as a decision on one case may begin with it. `fields` are still to be filled in."""

    id: str
    title: str
    text: str
    fields: tuple[str, ...]


@cache
def shipped() -> tuple[ReasonText, ...]:
    """The texts that come with the software. Each may be changed or retired."""
    path = files("services.moderation").joinpath("data/reason_texts.json")
    return TypeAdapter(tuple[ReasonText, ...]).validate_json(path.read_bytes())


def offered(text: ReasonText, language: str, *, title: str) -> OfferedText:
    """The text in the language, filled in for a listing called `title`."""
    wording = text.wording(language)
    return OfferedText(
        id=text.id,
        title=wording.title,
        text=wording.text.replace(FILLED_IN, title),
        fields=tuple(dict.fromkeys(_FIELD.findall(wording.text))),
    )


def unfilled(facts: str, texts: Iterable[ReasonText]) -> list[str]:
    """The fields of our texts that were left as they are. Other brackets are the author's own."""
    written = (wording.text for each in texts for wording in each.wordings)
    ours = {field for text in written for field in _FIELD.findall(text)}
    return [field for field in dict.fromkeys(_FIELD.findall(facts)) if field in ours]


def check(asked: WriteReasonText) -> None:
    """Raises Invalid for an unknown type, a language said twice, and what nobody would fill in."""
    errors: list[dict[str, str]] = []
    known = {kind.code for kind in taxonomy().types}
    if unknown := sorted(set(asked.types) - known):
        message = _("There is no type %(types)s; there are %(known)s.") % {
            "types": ", ".join(unknown),
            "known": ", ".join(sorted(known)),
        }
        errors.append({"field": "types", "message": message})
    languages = [each.language for each in asked.wordings]
    if len(set(languages)) < len(languages):
        message = _("Each language can be said once.")
        errors.append({"field": "wordings", "message": message})
    for each in asked.wordings:
        if strange := sorted(set(_PLACE.findall(each.text)) - {FILLED_IN}):
            message = _("Only %(known)s is filled in by itself, and not %(strange)s.") % {
                "known": FILLED_IN,
                "strange": ", ".join(strange),
            }
            errors.append({"field": f"wordings.{each.language}.text", "message": message})
    if errors:
        raise Invalid(errors, joined([each["message"] for each in errors]))
