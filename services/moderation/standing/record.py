"""A member's record as its own facts tell it: findings, and measures with their state."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from contracts.case import MeasureKind, Track
from contracts.member import (
    FindingRecorded,
    FindingRevalued,
    FindingReversed,
    MeasureExpired,
    MeasureImposed,
    MeasureProposed,
    MeasureRefused,
    MeasureReversed,
    MeasureStarted,
    MemberFact,
    Step,
)
from services.moderation.standing.valuing import Entry


class MeasureState(StrEnum):
    """`ANNOUNCED`: told to the member, in force later."""

    PROPOSED = "proposed"
    REFUSED = "refused"
    ANNOUNCED = "announced"
    ACTIVE = "active"
    EXPIRED = "expired"
    REVERSED = "reversed"


IN_FORCE = frozenset({MeasureState.ANNOUNCED, MeasureState.ACTIVE})
OPEN = IN_FORCE | {MeasureState.PROPOSED}


@dataclass(frozen=True, slots=True)
class Held:
    """A finding that counts against the member."""

    entry: Entry
    track: Track
    points: Decimal
    steps: tuple[Step, ...]
    case_id: str
    decision_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MeasureOf:
    """A measure, proposed or imposed. `threshold` and `finding_id` only where a ladder led to it;
    `decided_by` made the decision that it follows from."""

    id: str
    kind: MeasureKind
    state: MeasureState
    case_id: str
    decision_id: str
    days: int | None = None
    product_id: str | None = None
    track: Track | None = None
    threshold: Decimal | None = None
    total: Decimal | None = None
    finding_id: str | None = None
    decided_by: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """`<kind>:<id>` of the member; findings by id, without those that were taken off."""

    member: str = ""
    findings: Mapping[str, Held] = field(default_factory=lambda: MappingProxyType({}))
    measures: Mapping[str, MeasureOf] = field(default_factory=lambda: MappingProxyType({}))


NO_RECORD = Record()


def evolve(record: Record, fact: MemberFact) -> Record:
    """The record after `fact`."""
    record = replace(record, member=fact.member)
    match fact:
        case FindingRecorded():
            entry = Entry(
                fact.finding_id, fact.reason, fact.gravity, fact.at, fact.complained_at or fact.at
            )
            held = Held(
                entry,
                fact.track,
                fact.points,
                fact.steps,
                fact.case_id,
                fact.decision_id,
                fact.expires_at,
            )
            return replace(record, findings={**record.findings, fact.finding_id: held})
        case FindingRevalued():
            held = replace(record.findings[fact.finding_id], points=fact.points, steps=fact.steps)
            return replace(record, findings={**record.findings, fact.finding_id: held})
        case FindingReversed():
            others = {i: each for i, each in record.findings.items() if i != fact.finding_id}
            return replace(record, findings=others)
        case MeasureProposed():
            return _with(
                record,
                MeasureOf(
                    id=fact.measure_id,
                    kind=fact.kind,
                    state=MeasureState.PROPOSED,
                    case_id=fact.case_id,
                    decision_id=fact.decision_id,
                    days=fact.days,
                    track=fact.track,
                    threshold=fact.threshold,
                    total=fact.total,
                    finding_id=fact.finding_id,
                    decided_by=fact.decided_by,
                ),
            )
        case MeasureImposed():
            proposed = record.measures.get(fact.measure_id)
            measure = proposed or MeasureOf(
                fact.measure_id, fact.kind, MeasureState.ACTIVE, fact.case_id, fact.decision_id
            )
            later = fact.starts_at > fact.at
            return _with(
                record,
                replace(
                    measure,
                    state=MeasureState.ANNOUNCED if later else MeasureState.ACTIVE,
                    product_id=fact.product_id,
                    starts_at=fact.starts_at,
                    ends_at=fact.ends_at,
                ),
            )
        case MeasureRefused():
            return _in_state(record, fact.measure_id, MeasureState.REFUSED)
        case MeasureStarted():
            return _in_state(record, fact.measure_id, MeasureState.ACTIVE)
        case MeasureExpired():
            return _in_state(record, fact.measure_id, MeasureState.EXPIRED)
        case MeasureReversed():
            return _in_state(record, fact.measure_id, MeasureState.REVERSED)
        case _:
            assert_never(fact)


def _with(record: Record, measure: MeasureOf) -> Record:
    return replace(record, measures={**record.measures, measure.id: measure})


def _in_state(record: Record, measure_id: str, state: MeasureState) -> Record:
    return _with(record, replace(record.measures[measure_id], state=state))
