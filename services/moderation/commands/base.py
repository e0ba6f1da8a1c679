"""Who may command, and of what commands are made."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from contracts.case import Ground

_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

GROUND_LIMIT = 2000
"""Characters; what the Transparency Database takes as an explanation."""


def _storable(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise ValueError("There are control characters in this text, which cannot be kept")
    return text


def _told(ground: Ground) -> Ground:
    for text in (ground.reference, ground.explanation):
        if not _storable(text).strip():
            raise ValueError("Name the law or the rule, and say why it applies")
        if len(text) > GROUND_LIMIT:
            raise ValueError(f"A ground has at most {GROUND_LIMIT} characters in each part")
    return ground


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=5000),
    AfterValidator(_storable),
]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_storable),
]
Territory = Annotated[str, StringConstraints(pattern=r"^(worldwide|EEA|[A-Z]{2})$")]
GroundTold = Annotated[Ground, AfterValidator(_told)]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a member of staff by id, or the clock or the service of this software."""

    id: str
    roles: frozenset[str]


CLOCK = Actor("clock:timer", frozenset({"clock"}))
SERVICE = Actor("service:moderation", frozenset({"service"}))


class Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
