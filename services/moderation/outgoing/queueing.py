"""What is to be told outside because of a fact: records and webhooks, composed from the log."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import reduce
from typing import TypeGuard

from contracts.case import AppealDecided, CaseDecided, InterimMeasureImposed, Measure
from contracts.codec import Fact, Message
from contracts.ids import derived_id
from contracts.member import MeasureImposed
from contracts.outgoing import OutgoingFact, OutgoingQueued, OutgoingRefused
from services.moderation.outgoing.privacy import personal_data
from services.moderation.outgoing.records import Record as Statement
from services.moderation.outgoing.records import Restricted, record_of
from services.moderation.outgoing.webhooks import told_of_case, told_of_member
from services.moderation.policy import Policy
from services.moderation.standing.record import NO_RECORD
from services.moderation.standing.record import evolve as evolve_record
from services.moderation.state import NEW_CASE, Case, evolve

_RESTRICTS = (CaseDecided, AppealDecided, InterimMeasureImposed)


def restricts(message: Message) -> bool:
    """Whether a statement of reasons may be in it, for which the people of the case are looked
    up, so that none of them is named."""
    return any(isinstance(fact, _RESTRICTS) for fact in message.facts)


def statements(
    history: tuple[Message, ...], message: Message, *, policy: Policy
) -> Iterator[tuple[Case, Statement]]:
    """The records that a message of a case asks for; `history` is the case's own."""
    for before, fact in _facts(history, message):
        restricted = restricted_by(before, fact, policy=policy)
        record = record_of(restricted) if restricted is not None else None
        if record is not None:
            yield evolve(before, fact), record  # type: ignore[arg-type]


def follows_from_a_ladder(fact: Fact) -> TypeGuard[MeasureImposed]:
    """Whether it is a measure that the record led to, not the decision itself, which tells of its
    own measures. A pause in complaining (Art. 23) restricts no content, and is not told."""
    return isinstance(fact, MeasureImposed) and fact.track not in (None, "ABUSE")


def ladder_statement(
    history: tuple[Message, ...], message: Message, fact: MeasureImposed
) -> tuple[Case, Statement] | None:
    """The record about a measure of `message` that a ladder led to; `history` is that of the case
    whose finding reached the threshold. What the software proposed was partly automated."""
    before = (each for each in history if each.sequence < message.sequence)
    case = reduce(evolve, (f for each in before for f in each.facts), NEW_CASE)  # type: ignore[arg-type]
    if case.statement is None:
        return None
    reasons = {
        "facts": f"{fact.explanation} {case.statement.facts}",
        "automated_decision": True,
        "ends_at": fact.ends_at,
    }
    record = record_of(
        Restricted(
            puid=fact.measure_id,
            complaint_type=case.complaint_type,
            reason=case.reason,
            trusted_flagger=case.trusted_flagger,
            statement=case.statement.model_copy(update=reasons),
            measures=(Measure(id=fact.measure_id, kind=fact.kind, ends_at=fact.ends_at),),
            findings=case.findings,
            known_at=case.opened_at or fact.at,
            applied_at=fact.starts_at,
        )
    )
    return (case, record) if record is not None else None


def queued_statement(
    case: Case, record: Statement, body: str, people: list[str], message: Message
) -> list[OutgoingFact]:
    """The record as it waits to be sent; or, with somebody named in it, to be reworded."""
    queued = OutgoingQueued(
        outgoing_id=statement_id(record["puid"]),
        channel="transparency",
        topic="statement",
        case_id=case.id,
        body=body,
        queued_at=message.meta.time,
    )
    errors = personal_data(record, people)
    if not errors:
        return [queued]
    return [queued, OutgoingRefused(at=message.meta.time, errors=tuple(errors))]


def statement_id(puid: str) -> str:
    return derived_id("transparency", puid)


def webhooks(history: tuple[Message, ...], message: Message) -> Iterator[OutgoingQueued]:
    """The webhooks that a message of a case or of a member's record asks for."""
    of_case = message.subject.startswith("case.")
    record = NO_RECORD
    for each in history:
        for place, fact in enumerate(each.facts):
            told = None
            if not of_case:
                record = evolve_record(record, fact)  # type: ignore[arg-type]
            if each.sequence == message.sequence:
                told = (
                    told_of_case(_case_at(history, message, place), fact)
                    if of_case
                    else told_of_member(record, fact)
                )
            if told is not None:
                topic, body = told
                yield OutgoingQueued(
                    outgoing_id=derived_id("webhook", message.subject, message.meta.id, str(place)),
                    channel="webhook",
                    topic=topic,
                    case_id=getattr(fact, "case_id", None) or _case_id(message),
                    body=body,
                    queued_at=message.meta.time,
                )


def _case_id(message: Message) -> str | None:
    kind, _, identifier = message.subject.split(".", 2)
    return identifier if kind == "case" else None


def _case_at(history: tuple[Message, ...], message: Message, place: int) -> Case:
    facts: list[Fact] = []
    for each in history:
        facts += each.facts[: place + 1] if each.sequence == message.sequence else each.facts
        if each.sequence == message.sequence:
            break
    return reduce(evolve, facts, NEW_CASE)  # type: ignore[arg-type]


def _facts(history: tuple[Message, ...], message: Message) -> Iterator[tuple[Case, Fact]]:
    """The facts of `message`, each with the case before it."""
    case = NEW_CASE
    for each in history:
        for fact in each.facts:
            if each.sequence == message.sequence:
                yield case, fact
            case = evolve(case, fact)  # type: ignore[arg-type]
        if each.sequence == message.sequence:
            return


def restricted_by(case: Case, fact: Fact, *, policy: Policy) -> Restricted | None:
    """What a fact restricts that was not restricted before; `case` is the case before it."""
    match fact:
        case CaseDecided():
            puid, measures, findings = fact.decision_id, fact.measures, fact.findings
        case AppealDecided() if fact.statement is not None and fact.result != "affirmed":
            before = {measure.id for measure in case.measures}
            puid, findings = fact.appeal_id, fact.findings
            measures = tuple(each for each in fact.measures if each.id not in before)
        case InterimMeasureImposed():
            puid, measures, findings = fact.measure.id, (fact.measure,), ()
        case _:
            return None
    statement = fact.statement
    assert statement is not None
    return Restricted(
        puid=puid,
        complaint_type=case.complaint_type,
        reason=case.reason,
        trusted_flagger=case.trusted_flagger,
        statement=statement,
        measures=measures,
        findings=findings,
        known_at=case.opened_at or fact.at,
        applied_at=_applied_at(measures, fact.at, policy),
    )


def _applied_at(measures: tuple[Measure, ...], told_at: datetime, policy: Policy) -> datetime:
    """When the first of the measures takes effect: at once, but where an account is closed and
    nothing else restricted, when the notice to the member is over."""
    waits = [
        each.kind == "account_closed" and each.immediate_ground is None
        for each in measures
        if each.kind != "warning"
    ]
    notice = policy.standing.closing_notice_days if waits and all(waits) else 0
    return told_at + timedelta(days=notice)
