"""Texts that decisions begin with: data, with fields that the moderator fills in.

`{title}` is known and filled in by the software. What stands in brackets is for the moderator, and
a decision is not taken while any of it is left.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

_FIELD = re.compile(r"\[[^\[\]]{1,60}\]")


class ReasonText(BaseModel):
    """`types` empty: for every type of complaint. `title` and `text` are by language."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    types: frozenset[str]
    title: dict[str, str]
    text: dict[str, str]

    def filled(self, language: str, values: dict[str, Any]) -> str:
        return self.text.get(language, self.text["en"]).format(**values)


@cache
def _all() -> tuple[ReasonText, ...]:
    path = files("services.moderation").joinpath("data/reason_texts.json")
    return TypeAdapter(tuple[ReasonText, ...]).validate_json(path.read_bytes())


def reason_texts(complaint_type: str) -> tuple[ReasonText, ...]:
    """The texts for a type of complaint."""
    return tuple(each for each in _all() if not each.types or complaint_type in each.types)


def unfilled(text: str) -> list[str]:
    """The fields of our texts that were left as they are. Other brackets are the author's own."""
    ours = {field for each in _all() for t in each.text.values() for field in _FIELD.findall(t)}
    return [field for field in _FIELD.findall(text) if field in ours]
