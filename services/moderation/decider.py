"""The facts that follow from a command on a case. Pure: time is given."""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from contracts.case import (
    CaseAdmitted,
    CaseClaimed,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseOpened,
    CaseReleased,
    ComplaintJoined,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeRequested,
    Ground,
    Outcome,
    StatementOfReasons,
)
from contracts.ids import derived_id, number
from services.moderation.commands import (
    Actor,
    Admit,
    CaseCommand,
    Claim,
    Close,
    Decide,
    DeclareInadmissible,
    Join,
    Lapse,
    ReceiveCounterNotice,
    Release,
    RequestCounterNotice,
)
from services.moderation.policy import Policy
from services.moderation.refusals import NotDueYet
from services.moderation.state import Case, Status
from services.moderation.transitions import TRANSITIONS, permit
from services.runtime.problems import Invalid


def decide(
    case: Case, command: CaseCommand, *, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    """The facts that follow from `command`; none when they stand in the case already.

    Raises a subclass of Refused that names the reason when the command is not possible.
    """
    if _is_repeated(case, command):
        return []
    permit(case, TRANSITIONS[type(command)], by, now)
    match command:
        case Join():
            return _join(case, command, now, policy)
        case Admit():
            admitted = CaseAdmitted(by=by.id, at=now, decide_due_at=policy.decision_due(now))
            # Whoever claimed the case to look at it goes on working on it.
            goes_on = case.lease_of(by.id, now) is not None
            return [admitted, _claimed(by, now, policy)] if goes_on else [admitted]
        case DeclareInadmissible():
            return [
                CaseDeclaredInadmissible(
                    decision_id=derived_id("decision", case.id),
                    by=by.id,
                    at=now,
                    explanation=command.explanation,
                    appeal_until=policy.appeal_until(now),
                )
            ]
        case Claim():
            return [_claimed(by, now, policy)]
        case Release():
            return [CaseReleased(by=by.id, at=now)]
        case RequestCounterNotice():
            due = policy.counter_notice_due(
                case.complaint_type, now, account_at_stake=command.account_at_stake
            )
            return [
                CounterNoticeRequested(by=by.id, at=now, due_at=due, allegation=command.allegation)
            ]
        case ReceiveCounterNotice():
            return [_received(case, command, now, policy)]
        case Lapse():
            return [_lapsed(case, now, policy)]
        case Decide():
            return [_decided(case, command, by, now, policy)]
        case Close():
            if case.appeal_until is not None and now <= case.appeal_until:
                raise NotDueYet("Appeals are still possible.", due_at=case.appeal_until.isoformat())
            return [CaseClosed(at=now)]
        case _:
            assert_never(command)


def _is_repeated(case: Case, command: CaseCommand) -> bool:
    match command:
        case Join():
            return command.complaint_id in case.complaints
        case ReceiveCounterNotice():
            return command.response_id in case.responses
        case _:
            return False


def _claimed(by: Actor, now: datetime, policy: Policy) -> CaseClaimed:
    return CaseClaimed(by=by.id, at=now, until=policy.lease_until(now))


def _join(case: Case, command: Join, now: datetime, policy: Policy) -> list[CaseFact]:
    joined = ComplaintJoined(
        complaint_id=command.complaint_id,
        complaint_number=command.complaint_number,
        complainant=command.complainant,
        reason=command.reason,
        language=command.language,
        joined_at=now,
    )
    if case.status is not Status.NEW:
        return [joined]
    opened = CaseOpened(
        case_id=command.case_id,
        number=number("K", command.case_id),
        accused=command.accused,
        product=command.product,
        product_title=command.product_title,
        complaint_type=command.complaint_type,
        severity=command.severity,
        policy_version=policy.version,
        opened_at=now,
        triage_due_at=policy.triage_due(command.complaint_type, now),
        listing=command.listing,
    )
    return [opened, joined]


def _received(
    case: Case, command: ReceiveCounterNotice, now: datetime, policy: Policy
) -> CounterNoticeReceived:
    assert case.answer_due_at is not None  # _permit saw to it
    late = command.received_at > case.answer_due_at
    return CounterNoticeReceived(
        response_id=command.response_id,
        by=command.by,
        received_at=command.received_at,
        late=late,
        text=command.text,
        evidence=command.evidence,
        decide_due_at=None if late else policy.decision_due(now),
    )


def _lapsed(case: Case, now: datetime, policy: Policy) -> CounterNoticeLapsed:
    assert case.answer_due_at is not None  # nothing is awaited without it
    if now <= case.answer_due_at:
        raise NotDueYet(
            "The accused still has time to answer.", due_at=case.answer_due_at.isoformat()
        )
    due = policy.decision_due(now)
    return CounterNoticeLapsed(due_at=case.answer_due_at, at=now, decide_due_at=due)


def _decided(case: Case, command: Decide, by: Actor, now: datetime, policy: Policy) -> CaseDecided:
    if errors := list(_contradictions(command, now)):
        raise Invalid(errors)
    appeal_until = policy.appeal_until(now)
    return CaseDecided(
        decision_id=derived_id("decision", case.id),
        by=by.id,
        at=now,
        outcome=command.outcome,
        manifestly_unfounded=command.manifestly_unfounded,
        statement=StatementOfReasons(
            facts=command.facts,
            ground=command.ground or _marketplace_rule(case, policy),
            restrictions=tuple(dict.fromkeys(command.restrictions)),
            territory=command.territory,
            ends_at=command.ends_at,
            automated_detection=command.automated_detection,
            automated_decision=command.automated_decision,
            redress=policy.redress_texts(appeal_until),
        ),
        appeal_until=appeal_until,
        policy_version=policy.version,
    )


def _marketplace_rule(case: Case, policy: Policy) -> Ground:
    rule = policy.rules[case.complaint_type]
    return Ground(kind="contract", reference=rule.reference, explanation=rule.explanation)


def _contradictions(command: Decide, now: datetime) -> Iterable[dict[str, str]]:
    """What does not fit together in a decision, each beside its field."""
    dismissed = command.outcome is Outcome.DISMISSED
    if command.manifestly_unfounded and not dismissed:
        yield {
            "field": "manifestly_unfounded",
            "message": "Only a dismissed complaint can be manifestly unfounded.",
        }
    if command.restrictions and dismissed:
        yield {
            "field": "restrictions",
            "message": "A dismissed complaint restricts nothing.",
        }
    if command.ends_at is not None and not command.restrictions:
        yield {"field": "ends_at", "message": "Only a restriction can end: choose one, or no end."}
    if command.ends_at is not None and command.ends_at <= now:
        yield {"field": "ends_at", "message": "The end of a restriction lies in the future."}
