"""What staff are shown of a member's record: every figure with how it came about."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field

from contracts.case import MeasureKind, Track
from contracts.member import Step
from services.moderation.read_models import Shown
from services.moderation.standing.points import Gravity
from services.moderation.standing.record import MeasureState
from services.runtime.database import Row
from services.runtime.sentences import Said

Actor = Annotated[str, Field(examples=["member:sunrise-store"])]


class TrackTotal(Shown):
    """What counts now in a track, and the threshold that comes next (None: past the last)."""

    track: Track
    total: Decimal
    next_threshold: Decimal | None


class FindingOnRecord(Shown):
    """`steps` tell how the points came about, `explanation` says it in English."""

    id: str
    case_id: str
    decision_id: str
    reason: str
    gravity: Gravity
    track: Track
    points: Decimal
    steps: tuple[Step, ...]
    explanation: str
    at: datetime
    expires_at: datetime
    counts: bool


class MeasureCommand(Shown):
    """Whether the reader may do this to the measure now; where not, `reason` says why."""

    command: Annotated[str, Field(examples=["approve"])]
    allowed: bool
    reason: Said | None


class MeasureOnRecord(Shown):
    """`track`, `threshold` and `total` where a ladder led to it; else its decision imposed it."""

    id: str
    kind: MeasureKind
    state: MeasureState
    days: int | None
    product_id: str | None
    case_id: str
    decision_id: str
    track: Track | None
    threshold: Decimal | None
    total: Decimal | None
    finding_id: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    allowed: tuple[MeasureCommand, ...]


class MemberDetail(Shown):
    """A member's record. `version` is the ETag, and what `If-Match` compares."""

    member: Actor
    tracks: tuple[TrackTotal, ...]
    findings: tuple[FindingOnRecord, ...]
    measures: tuple[MeasureOnRecord, ...]
    complaints_filed: int
    complaints_unfounded: int
    cases_against: int
    version: int


class MemberActed(Shown):
    """What a command on a measure came to, and where its facts stand in the log."""

    member: Actor
    measure: MeasureOnRecord
    version: int
    sequence: int


class ProposedMeasure(Shown):
    """A measure to be decided on, and what the reader may do about it. `allowed` is decided on the
    member's record in the log, so that it may already say that somebody else was faster."""

    id: str
    member: Actor
    kind: MeasureKind
    days: int | None
    track: Track | None
    threshold: Decimal | None
    total: Decimal | None
    case_id: str | None
    proposed_at: datetime
    allowed: tuple[MeasureCommand, ...]

    @classmethod
    def of(cls, row: Row, allowed: tuple[MeasureCommand, ...]) -> Self:
        same: dict[str, Any] = {n: row[n] for n in cls.model_fields if n != "allowed"}
        return cls(**same, allowed=allowed)


class MeasurePage(Shown):
    items: tuple[ProposedMeasure, ...]
    next: str | None
