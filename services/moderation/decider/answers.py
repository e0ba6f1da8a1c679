"""What the parties are asked, and what they answer: in time, late, with more time, or not."""

from datetime import datetime, timedelta

from contracts.case import (
    AccusedEvidenceReceived,
    CaseFact,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeReminded,
    CounterNoticeRequested,
    ExtensionAsked,
    ExtensionGranted,
    ExtensionRefused,
    InformationLapsed,
    InformationReceived,
    InformationRequested,
)
from services.moderation.commands import (
    Actor,
    AskExtension,
    GrantExtension,
    ReceiveAccusedEvidence,
    ReceiveCounterNotice,
    ReceiveInformation,
    RefuseExtension,
    Remind,
    RequestCounterNotice,
    RequestInformation,
)
from services.moderation.policy import Policy
from services.moderation.refusals import NotDueYet
from services.moderation.state import Case
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _


def request_information(
    case: Case, command: RequestInformation, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    if command.complaint_id not in case.complaints:
        message = _("This complaint is not one of the case, or it was withdrawn.")
        raise Invalid([{"field": "complaint_id", "message": message}])
    return [
        InformationRequested(
            by=by.id,
            at=now,
            complaint_id=command.complaint_id,
            question=command.question,
            due_at=policy.information_due(now),
        )
    ]


def receive_information(
    case: Case, command: ReceiveInformation, now: datetime, policy: Policy
) -> list[CaseFact]:
    asked = case.information_of == command.complaint_id
    due = case.information_due_at if asked else None
    stopped = due is not None and case.held_since is not None and case.held_since <= due
    late = due is not None and command.received_at > due and not stopped
    return [
        InformationReceived(
            complaint_id=command.complaint_id,
            by=command.by,
            at=command.received_at,
            late=late,
            text=command.text,
            evidence=command.evidence,
            decide_due_at=policy.decision_due(now) if asked and not late else None,
        )
    ]


def lapse_information(case: Case, now: datetime, policy: Policy) -> list[CaseFact]:
    assert case.information_of is not None  # the state says so
    assert case.information_due_at is not None
    if now <= case.information_due_at:
        raise NotDueYet(
            _("The complainant still has time to answer."),
            due_at=case.information_due_at.isoformat(),
        )
    return [
        InformationLapsed(
            complaint_id=case.information_of,
            due_at=case.information_due_at,
            at=now,
            decide_due_at=policy.decision_due(now),
        )
    ]


def request_counter_notice(
    case: Case, command: RequestCounterNotice, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    due = policy.counter_notice_due(
        case.complaint_type, now, account_at_stake=command.account_at_stake
    )
    return [
        CounterNoticeRequested(
            by=by.id,
            at=now,
            due_at=due,
            allegation=command.allegation,
            evidence=command.shared,
        )
    ]


def ask_extension(case: Case, command: AskExtension) -> list[CaseFact]:
    if case.extension is not None:  # asked already: the first wish is the one to answer
        return []
    return [ExtensionAsked(by=command.by, at=command.requested_at, reason=command.reason)]


def grant_extension(
    case: Case, command: GrantExtension, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    if command.days > policy.extension_days:
        message = _("The policy gives at most %(n)s days more.") % {"n": policy.extension_days}
        raise Invalid([{"field": "days", "message": message}])
    assert case.answer_due_at is not None  # an answer is awaited
    due = case.answer_due_at + timedelta(days=command.days)
    return [ExtensionGranted(by=by.id, at=now, due_at=due)]


def refuse_extension(command: RefuseExtension, by: Actor, now: datetime) -> list[CaseFact]:
    return [ExtensionRefused(by=by.id, at=now, explanation=command.explanation)]


def remind(case: Case, command: Remind, now: datetime) -> list[CaseFact]:
    """Nothing where the deadline has moved since, has come, or its reminder was sent."""
    outdated = command.due_at != case.answer_due_at or now >= command.due_at
    if outdated or (command.which, command.due_at) in case.reminded:
        return []
    return [CounterNoticeReminded(at=now, due_at=command.due_at, which=command.which)]


def receive(
    case: Case, command: ReceiveCounterNotice, now: datetime, policy: Policy
) -> list[CaseFact]:
    late = case.is_late(command.received_at)
    return [
        CounterNoticeReceived(
            response_id=command.response_id,
            by=command.by,
            received_at=command.received_at,
            late=late,
            text=command.text,
            evidence=command.evidence,
            decide_due_at=None if late else policy.decision_due(now),
        )
    ]


def receive_evidence(case: Case, command: ReceiveAccusedEvidence) -> list[CaseFact]:
    return [
        AccusedEvidenceReceived(
            by=command.by,
            received_at=command.received_at,
            late=case.is_late(command.received_at),
            text=command.text,
            evidence=command.evidence,
        )
    ]


def lapse(case: Case, now: datetime, policy: Policy) -> list[CaseFact]:
    assert case.answer_due_at is not None  # nothing is awaited without it
    if now <= case.answer_due_at:
        raise NotDueYet(
            _("The accused still has time to answer."), due_at=case.answer_due_at.isoformat()
        )
    due = policy.decision_due(now)
    return [CounterNoticeLapsed(due_at=case.answer_due_at, at=now, decide_due_at=due)]
