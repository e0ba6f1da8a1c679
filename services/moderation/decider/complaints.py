"""Complaints join a case, leave it, are added to and moved to the right type."""

from datetime import datetime

from contracts.case import (
    CaseFact,
    CaseLinked,
    CaseOpened,
    CaseRetyped,
    CaseWithdrawn,
    ComplaintEvidenceAdded,
    ComplaintJoined,
    ComplaintLeft,
)
from contracts.ids import number
from contracts.taxonomy import taxonomy
from services.moderation.commands import Actor, Join, ReceiveEvidence, Retype, Withdraw
from services.moderation.decider.interim import lifted
from services.moderation.policy import Policy
from services.moderation.refusals import AnotherType, StandsElsewhere
from services.moderation.state import Case, Status
from services.runtime.problems import Invalid, NotFound
from services.runtime.sentences import gettext as _


def join(case: Case, command: Join, now: datetime, policy: Policy) -> list[CaseFact]:
    if case.stands_at is not None:
        message = _("Complaints of this kind join another case, which was moved to their type.")
        raise StandsElsewhere(message, case_id=case.stands_at)
    trusted = command.complainant in policy.trusted_flaggers
    if case.status is not Status.NEW:
        if command.complaint_type != case.complaint_type:
            raise AnotherType(_("The case was moved to another type of complaint."))
        due = policy.triage_due(case.complaint_type, now, trusted_flagger=True)
        sooner = trusted and case.status is Status.OPEN and due < (case.triage_due_at or due)
        return [_joined(command, now, trusted, due if sooner else None)]
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
        triage_due_at=policy.triage_due(command.complaint_type, now, trusted_flagger=trusted),
        trusted_flagger=trusted,
        listing=command.listing,
    )
    joined = _joined(command, now, trusted, None)
    if command.linked_to is None:
        return [opened, joined]
    return [opened, joined, CaseLinked(case_id=command.linked_to, by="service:moderation", at=now)]


def _joined(
    command: Join, now: datetime, trusted: bool, triage_due_at: datetime | None
) -> ComplaintJoined:
    return ComplaintJoined(
        complaint_id=command.complaint_id,
        complaint_number=command.complaint_number,
        complainant=command.complainant,
        reason=command.reason,
        language=command.language,
        joined_at=now,
        trusted_flagger=trusted,
        triage_due_at=triage_due_at,
    )


def withdraw(
    case: Case, command: Withdraw, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    complainant = case.complaints.get(command.complaint_id)
    if complainant is None:
        raise NotFound(_("This complaint is not one of the case."))
    left = ComplaintLeft(complaint_id=command.complaint_id, complainant=complainant, at=now)
    others = len(case.complaints) > 1
    if others or case.severity >= policy.withdrawal.goes_on_from_severity:
        return [left]
    ended = lifted(case, by, now, "The complaint was withdrawn.")
    return [left, *ended, CaseWithdrawn(at=now)]


def receive_evidence(command: ReceiveEvidence) -> list[CaseFact]:
    return [
        ComplaintEvidenceAdded(
            complaint_id=command.complaint_id,
            by=command.by,
            at=command.at,
            text=command.text,
            evidence=command.evidence,
        )
    ]


def retype(case: Case, command: Retype, by: Actor, now: datetime, policy: Policy) -> list[CaseFact]:
    found = taxonomy().find(command.reason)
    if found is None:
        raise Invalid([{"field": "reason", "message": _("There is no such reason.")}])
    kind, reason = found
    if (kind.code, reason.code) == (case.complaint_type, case.reason):
        raise Invalid([{"field": "reason", "message": _("The case has this reason already.")}])
    due = policy.triage_due(kind.code, now, trusted_flagger=case.trusted_flagger)
    sooner = case.status is Status.OPEN and due < (case.triage_due_at or due)
    return [
        CaseRetyped(
            by=by.id,
            at=now,
            from_type=case.complaint_type,
            to_type=kind.code,
            reason=reason.code,
            severity=reason.sev,
            explanation=command.explanation,
            triage_due_at=due if sooner else None,
        )
    ]
