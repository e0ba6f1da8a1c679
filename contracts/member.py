"""Facts of a member's standing: what counts against them, what was imposed, what was undone.

The aggregate's id follows from the person (`member_key`), so that any marketplace's ids fit.
"""

from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime

from contracts.case import MeasureKind, Track
from contracts.envelope import Contract
from contracts.ids import derived_id


def member_key(actor: str) -> str:
    """The id of the aggregate of `actor`, who is `member:<id>` or `guest:<id>`."""
    return derived_id("member", actor)


class Step(Contract):
    """One rule that was applied to a finding, and what the finding counted after it.

    `base`: by reason and gravity; `repeat`: the same reason counted before; `escalated`: by their
    number within a year; `cap`: so many points at most in a while; `joined`: one strike with
    another complaint of the same days. `other` is the finding that it depends on, if one.
    """

    rule: Literal["base", "repeat", "escalated", "cap", "joined"]
    points: Decimal
    other: str | None = None


class FindingRecorded(Contract):
    """A decision put a finding on the record. It counts until `expires_at`, to the hour."""

    type: Literal["FindingRecorded"] = "FindingRecorded"
    version: Literal[1] = 1
    finding_id: str
    member: str
    case_id: str
    decision_id: str
    reason: str
    gravity: Literal["general", "serious", "extreme"]
    track: Track
    points: Decimal
    """What counts, after caps, repeats and complaints joined to one strike."""
    explanation: str
    """How `points` came about, as a sentence in English."""
    steps: tuple[Step, ...] = ()
    """The same for any language."""
    at: AwareDatetime
    expires_at: AwareDatetime
    complained_at: AwareDatetime | None = None
    """When the first complaint of its case was filed: strikes of the same days are one."""


class FindingReversed(Contract):
    """An appeal, or a new decision, of the id `appeal_id` took the finding off the record."""

    type: Literal["FindingReversed"] = "FindingReversed"
    version: Literal[1] = 1
    finding_id: str
    member: str
    case_id: str
    appeal_id: str
    at: AwareDatetime


class FindingRevalued(Contract):
    """Another finding fell away, and this one counts for what it would have without it."""

    type: Literal["FindingRevalued"] = "FindingRevalued"
    version: Literal[1] = 1
    finding_id: str
    member: str
    points: Decimal
    explanation: str
    steps: tuple[Step, ...] = ()
    at: AwareDatetime


class MeasureProposed(Contract):
    """The record crossed a threshold: the software proposes, a person decides.

    `finding_id` is the finding that crossed it. `decided_by` made the decision that it follows
    from: somebody else approves what concerns a whole account or money.
    """

    type: Literal["MeasureProposed"] = "MeasureProposed"
    version: Literal[1] = 1
    measure_id: str
    member: str
    kind: MeasureKind
    days: int | None
    track: Track
    threshold: Decimal
    total: Decimal
    case_id: str
    decision_id: str
    at: AwareDatetime
    finding_id: str | None = None
    decided_by: tuple[str, ...] = ()


class MeasureRefused(Contract):
    """A person decided against a measure that the software had proposed."""

    type: Literal["MeasureRefused"] = "MeasureRefused"
    version: Literal[1] = 1
    measure_id: str
    member: str
    by: str
    at: AwareDatetime
    explanation: str


class MeasureImposed(Contract):
    """The member is told; it takes effect at `starts_at` and ends by itself at `ends_at`."""

    type: Literal["MeasureImposed"] = "MeasureImposed"
    version: Literal[1] = 1
    measure_id: str
    member: str
    kind: MeasureKind
    product_id: str | None = None
    case_id: str
    decision_id: str
    by: str
    at: AwareDatetime
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None
    explanation: str
    track: Track | None = None
    """The track whose threshold led to it; None for a measure of the decision itself."""
    immediate_ground: str | None = None


class MeasureStarted(Contract):
    """A measure announced for later is in force from now on."""

    type: Literal["MeasureStarted"] = "MeasureStarted"
    version: Literal[1] = 1
    measure_id: str
    member: str
    at: AwareDatetime


class MeasureExpired(Contract):
    type: Literal["MeasureExpired"] = "MeasureExpired"
    version: Literal[1] = 1
    measure_id: str
    member: str
    at: AwareDatetime


class MeasureReversed(Contract):
    """Lifted before its end, or not imposed any more where it was only proposed: an appeal
    succeeded, or what it rested on fell away."""

    type: Literal["MeasureReversed"] = "MeasureReversed"
    version: Literal[1] = 1
    measure_id: str
    member: str
    case_id: str
    by: str
    at: AwareDatetime
    explanation: str


MemberFact = (
    FindingRecorded
    | FindingReversed
    | FindingRevalued
    | MeasureProposed
    | MeasureRefused
    | MeasureImposed
    | MeasureStarted
    | MeasureExpired
    | MeasureReversed
)
