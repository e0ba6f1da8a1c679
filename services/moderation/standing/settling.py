"""What a case says of a member, put on their record. Pure: time is given."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce

from contracts.case import Measure
from contracts.ids import derived_id
from contracts.member import (
    FindingRecorded,
    FindingRevalued,
    FindingReversed,
    MeasureImposed,
    MeasureProposed,
    MeasureReversed,
    MemberFact,
    Step,
)
from services.moderation.policy import Policy
from services.moderation.standing.commands import Settle
from services.moderation.standing.ladder import consequences
from services.moderation.standing.record import IN_FORCE, OPEN, Held, MeasureOf, Record, evolve
from services.moderation.standing.rules import RungMeasure
from services.moderation.standing.valuing import (
    Crossing,
    Entry,
    Valued,
    crossings,
    freeze_days,
    valued,
)

_SERVICE = "service:moderation"
_FELL_AWAY = "What it rested on was taken off the record."
_NOT_DECIDED = "The decision that imposed it was changed."


def settle(record: Record, command: Settle, now: datetime, policy: Policy) -> list[MemberFact]:
    """The record brought in line with what its case says now: findings and measures that the case
    has no more are taken back, exactly; new ones are recorded, and whatever follows is proposed."""
    record = replace(record, member=command.member)
    findings = _findings(record, command, now, policy)
    after = reduce(evolve, findings, record)
    before_valued = _valued(record, policy)
    after_valued = _valued(after, policy)
    revalued = list(_revalued(after, after_valued, now))
    rules = policy.standing
    follows = consequences(
        record.measures, crossings(before_valued, rules), crossings(after_valued, rules)
    )
    fallen = [
        taken_back(command.member, each, command.case_id, _SERVICE, now, _FELL_AWAY)
        for each in follows.reverse
        if each.state in OPEN
    ]
    proposed = [
        fact
        for crossing in follows.propose
        for fact in _proposed(after, after_valued, crossing, command, now, policy)
        if fact.measure_id not in record.measures
    ]
    decided = [] if command.as_complainant else list(_measures(record, command, now, policy))
    return [*findings, *revalued, *fallen, *decided, *proposed]


def _valued(record: Record, policy: Policy) -> tuple[Valued, ...]:
    return valued((held.entry for held in record.findings.values()), policy.standing)


def _findings(record: Record, command: Settle, now: datetime, policy: Policy) -> list[MemberFact]:
    """Findings that the case has no more are reversed, those that are new are recorded."""
    wanted = {finding.id for finding in command.findings}
    gone = [
        held.entry.finding_id
        for held in record.findings.values()
        if _is_of(held, command) and held.entry.finding_id not in wanted
    ]
    new = {
        each.id: Entry(
            each.id, each.reason, each.gravity, command.decided_at, command.complained_at
        )
        for each in command.findings
        if each.id not in record.findings
    }
    staying = [held.entry for i, held in record.findings.items() if i not in gone]
    reversals = [
        FindingReversed(
            finding_id=finding_id,
            member=command.member,
            case_id=command.case_id,
            appeal_id=command.cause,
            at=now,
        )
        for finding_id in gone
    ]
    recorded = [
        FindingRecorded(
            finding_id=each.entry.finding_id,
            member=command.member,
            case_id=command.case_id,
            decision_id=command.decision_id,
            reason=each.entry.reason,
            gravity=each.entry.gravity,
            track=each.track,
            points=each.points,
            explanation=explained(each.entry, each.steps),
            steps=each.steps,
            at=each.entry.at,
            expires_at=each.expires_at,
            complained_at=each.entry.complained_at,
        )
        for each in valued([*staying, *new.values()], policy.standing)
        if each.entry.finding_id in new
    ]
    return [*reversals, *recorded]


def _is_of(held: Held, command: Settle) -> bool:
    of_complainant = held.track == "ABUSE"
    return held.case_id == command.case_id and of_complainant == command.as_complainant


def _revalued(record: Record, now_valued: Sequence[Valued], now: datetime) -> Iterable[MemberFact]:
    for each in now_valued:
        held = record.findings[each.entry.finding_id]
        if (held.points, held.steps) != (each.points, each.steps):
            yield FindingRevalued(
                finding_id=each.entry.finding_id,
                member=record.member,
                points=each.points,
                explanation=explained(each.entry, each.steps),
                steps=each.steps,
                at=now,
            )


def _measures(
    record: Record, command: Settle, now: datetime, policy: Policy
) -> Iterable[MemberFact]:
    """The measures of the decision itself: those that are gone are lifted, new ones imposed."""
    wanted = {measure.id for measure in command.measures}
    for held in record.measures.values():
        own = held.case_id == command.case_id and held.finding_id is None
        if own and held.id not in wanted and held.state in IN_FORCE:
            yield taken_back(command.member, held, command.case_id, _SERVICE, now, _NOT_DECIDED)
    for measure in command.measures:
        if measure.id not in record.measures:
            yield _imposed(command, measure, policy)


def _imposed(command: Settle, measure: Measure, policy: Policy) -> MeasureImposed:
    at = command.decided_at
    starts_at = at
    if measure.kind == "account_closed" and measure.immediate_ground is None:
        starts_at = at + timedelta(days=policy.standing.closing_notice_days)
    ends_at = measure.ends_at
    if measure.days is not None:
        ends_at = starts_at + timedelta(days=measure.days)
    return MeasureImposed(
        measure_id=measure.id,
        member=command.member,
        kind=measure.kind,
        product_id=measure.product_id,
        case_id=command.case_id,
        decision_id=command.decision_id,
        by=command.decided_by[-1],
        at=at,
        starts_at=starts_at,
        ends_at=ends_at,
        explanation="The decision on the case imposes it.",
        immediate_ground=measure.immediate_ground,
    )


def _proposed(
    record: Record,
    now_valued: Sequence[Valued],
    crossing: Crossing,
    command: Settle,
    now: datetime,
    policy: Policy,
) -> Iterable[MeasureProposed]:
    held = record.findings[crossing.finding_id]
    for wanted in crossing.rung.measures:
        yield MeasureProposed(
            measure_id=derived_id(
                "ladder", record.member, crossing.track, str(crossing.rung.at),
                crossing.finding_id, wanted.kind,
            ),
            member=record.member,
            kind=wanted.kind,
            days=_days(wanted, now_valued, crossing, policy),
            track=crossing.track,
            threshold=crossing.rung.at,
            total=crossing.total,
            case_id=held.case_id,
            decision_id=held.decision_id,
            at=now,
            finding_id=crossing.finding_id,
            decided_by=command.decided_by,
        )  # fmt: skip


def _days(
    wanted: RungMeasure, now_valued: Sequence[Valued], crossing: Crossing, policy: Policy
) -> int | None:
    if not wanted.by_record:
        return wanted.days
    return freeze_days(now_valued, crossing.at, policy.standing)


def taken_back(
    member: str, measure: MeasureOf, case_id: str, by: str, now: datetime, explanation: str
) -> MeasureReversed:
    """The measure ends before its time, or is proposed no more."""
    return MeasureReversed(
        measure_id=measure.id,
        member=member,
        case_id=case_id,
        by=by,
        at=now,
        explanation=explanation,
    )


_RULES = {
    "base": "a finding of {reason}, {gravity}, counts {points}",
    "repeat": "found again within a year, it counts {points}",
    "escalated": "by the number of such findings within a year it counts {points}",
    "cap": "so many points count at once at most that {points} remain",
    "joined": "complaints of the same days are one strike, so it counts {points}",
}


def explained(entry: Entry, steps: Sequence[Step]) -> str:
    """How the points came about, as a sentence in English."""
    said = "; ".join(
        _RULES[step.rule].format(
            reason=entry.reason, gravity=entry.gravity, points=f"{step.points.normalize():f}"
        )
        for step in steps
    )
    return f"{said[0].upper()}{said[1:]}."
