"""What stands beside a case's state: on hold, escalated, out of court, links and notes."""

from datetime import datetime

from contracts.case import (
    CaseEscalated,
    CaseFact,
    CaseHeld,
    CaseLinked,
    CaseResumed,
    NoteAdded,
    OutOfCourtMarked,
)
from contracts.ids import derived_id
from services.moderation.commands import Actor, AddNote, Escalate, Hold, Link, MarkOutOfCourt
from services.moderation.state import Case, Status
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _

RUNNING: dict[Status, str] = {
    Status.OPEN: "triage_due_at",
    Status.ADMITTED: "decide_due_at",
    Status.UNDER_REVIEW: "decide_due_at",
    Status.INFORMATION_REQUESTED: "information_due_at",
    Status.AWAITING_COUNTER_NOTICE: "answer_due_at",
    Status.COUNTER_NOTICE_RECEIVED: "decide_due_at",
    Status.COUNTER_NOTICE_LAPSED: "decide_due_at",
    Status.DECISION_PROPOSED: "review_due_at",
}
"""The clock that runs in each state."""


def hold(command: Hold, by: Actor, now: datetime) -> list[CaseFact]:
    return [CaseHeld(by=by.id, at=now, reason=command.reason)]


def resume(case: Case, by: Actor, now: datetime) -> list[CaseFact]:
    """The deadline that was still running moves by as long as it stood; one that had passed stays
    in the past."""
    assert case.held_since is not None  # the guard saw to it
    clock = RUNNING[case.status]
    due: datetime | None = getattr(case, clock)
    moved = {clock: due + (now - case.held_since)} if due and due > case.held_since else {}
    return [CaseResumed(by=by.id, at=now).model_copy(update=moved)]


def escalate(case: Case, command: Escalate, by: Actor, now: datetime) -> list[CaseFact]:
    if case.escalated == command.escalated:
        return []
    return [CaseEscalated(by=by.id, at=now, escalated=command.escalated, reason=command.reason)]


def mark_out_of_court(
    case: Case, command: MarkOutOfCourt, by: Actor, now: datetime
) -> list[CaseFact]:
    if case.out_of_court == command.open:
        return []
    return [OutOfCourtMarked(by=by.id, at=now, open=command.open, reference=command.reference)]


def link(case: Case, command: Link, by: Actor, now: datetime) -> list[CaseFact]:
    if command.case_id == case.id:
        raise Invalid([{"field": "case_id", "message": _("This is the case itself.")}])
    return [CaseLinked(case_id=command.case_id, by=by.id, at=now)]


def add_note(case: Case, command: AddNote, by: Actor, now: datetime) -> list[CaseFact]:
    return [
        NoteAdded(
            note_id=derived_id("note", case.id, by.id, now.isoformat()),
            by=by.id,
            at=now,
            visibility=command.visibility,
            text=command.text,
        )
    ]
