"""What can be asked of a case: the commands, as they arrive over the API, from the pages, from
other facts in the log and from the clock."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from contracts.case import Ground, Listing, Outcome
from contracts.parties import Evidence, Product

_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


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


GROUND_LIMIT = 2000
"""Characters; what the Transparency Database takes as an explanation."""

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=5000),
    AfterValidator(_storable),
]
Restriction = Literal[
    "warning",
    "search_demotion",
    "listing_hidden",
    "listing_removed",
    "listing_restriction",
]
"""What may be imposed on a listing or its member without a second person's consent."""
Territory = Annotated[str, StringConstraints(pattern=r"^(worldwide|EEA|[A-Z]{2})$")]
GroundTold = Annotated[Ground, AfterValidator(_told)]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a member of staff by id, or the `clock` or `service` of this software."""

    id: str
    roles: frozenset[str]


CLOCK = Actor("timer", frozenset({"clock"}))
SERVICE = Actor("moderation", frozenset({"service"}))


class Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Admit(Command):
    """The complaint can be decided: it is complete, about a rule, and not abusive."""


class DeclareInadmissible(Command):
    """The complaint cannot be decided. `explanation` is told to every complainant."""

    explanation: Annotated[
        Text, Field(examples=["The link leads to a listing of another marketplace."])
    ]


class Claim(Command):
    """Take the case for ten minutes, or hold it for ten more."""


class Release(Command):
    """Give the case back."""


class RequestCounterNotice(Command):
    """Ask the accused. `allegation` is what they are told: no word about who complained."""

    allegation: Annotated[
        Text,
        Field(examples=["The phone case is listed under Cosmetic bags, not under Phone cases."]),
    ]
    account_at_stake: bool = False


class Decide(Command):
    """The decision, with the parts of its statement of reasons (Digital Services Act, Art. 17(3)).

    `ground` left out is the marketplace's own rule for the type of complaint; `ends_at` left out
    means that the restrictions have no end. The redress texts are added by the software.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "outcome": "upheld",
                    "facts": "The listing stands in Cosmetic bags; the goods are phone cases.",
                    "restrictions": ["listing_hidden"],
                },
                {
                    "outcome": "dismissed",
                    "facts": "The listing stands in its own category.",
                    "manifestly_unfounded": False,
                },
            ]
        }
    )

    outcome: Outcome
    facts: Text
    manifestly_unfounded: bool = False
    ground: GroundTold | None = None
    restrictions: tuple[Restriction, ...] = ()
    territory: Annotated[tuple[Territory, ...], Field(min_length=1, max_length=60)] = ("worldwide",)
    ends_at: AwareDatetime | None = None
    automated_detection: bool = False
    automated_decision: bool = False


class Join(Command):
    """A complaint about the accused, product and type of this case was filed."""

    case_id: str
    complaint_id: str
    complaint_number: str
    complainant: str
    complaint_type: str
    reason: str
    severity: int
    language: str
    product: Product
    product_title: str | None
    listing: Listing | None = None
    accused: str | None


class ReceiveCounterNotice(Command):
    """The accused's answer stands in the log."""

    response_id: str
    by: str
    text: str
    evidence: tuple[Evidence, ...]
    received_at: AwareDatetime


class Lapse(Command):
    """The time to answer is over."""


class Close(Command):
    """The time to appeal is over."""


StaffCommand = Admit | DeclareInadmissible | Claim | Release | RequestCounterNotice | Decide
CaseCommand = StaffCommand | Join | ReceiveCounterNotice | Lapse | Close
