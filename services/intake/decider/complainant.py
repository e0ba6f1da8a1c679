"""What a complainant may send after filing: evidence, what a moderator asked for, or that they
take the complaint back."""

from datetime import datetime

from contracts.complaint import ComplaintWithdrawn, EvidenceAdded, InformationSupplied
from services.intake import checks
from services.intake.decider.accused import room_for
from services.intake.decider.matter import Case, Complaint, Phase, Question, Statement
from services.intake.decider.refusals import (
    AlreadyAnswered,
    AlreadyDecided,
    AlreadyWithdrawn,
    NotAsked,
    refuse,
)
from services.runtime.sentences import gettext as _


def actor_of(complaint: Complaint) -> str:
    """`member:<id>` or `guest:<id>` of who filed."""
    assert complaint.filed is not None
    return complaint.filed.complainant.actor


def open_question(complaint: Complaint, case: Case) -> Question | None:
    """What the complainant is asked and has not answered, also when it is late to answer."""
    if complaint.filed is None or complaint.withdrawn_at or case.decided:
        return None
    question = case.questions.get(complaint.filed.complaint_id)
    answered = complaint.supplied_at
    return None if question and answered and answered >= question.asked_at else question


def addable(complaint: Complaint, case: Case) -> None:
    """Raises AlreadyWithdrawn, or AlreadyDecided where evidence comes too late to be read.

    During an appeal it is read: an appeals officer decides anew.
    """
    if complaint.withdrawn_at is not None:
        raise AlreadyWithdrawn(
            _(
                "You took this complaint back, so nothing more can be added to it. "
                "You can file another one."
            )
        )
    if case.decided and case.phase is not Phase.UNDER_APPEAL:
        raise AlreadyDecided(
            _(
                "Your complaint was decided. If you have new evidence, send it with an appeal: "
                "the decision says until when."
            )
        )


def add_evidence(
    complaint: Complaint, case: Case, said: Statement, *, now: datetime
) -> EvidenceAdded:
    """More files. Raises what `addable` raises, Invalid, or TooManyFiles."""
    addable(complaint, case)
    refuse(
        {
            "text": checks.optional(said.text),
            "evidence": checks.evidence(said.evidence) or checks.some_evidence(said.evidence),
        }
    )
    room_for(said, complaint.files)
    return EvidenceAdded(
        by=actor_of(complaint), text=said.text, evidence=said.present, added_at=now
    )


def supply_information(
    complaint: Complaint, case: Case, said: Statement, *, now: datetime
) -> InformationSupplied:
    """The answer to a moderator's question; one after its deadline is taken too.

    Raises what `addable` raises, NotAsked, AlreadyAnswered, Invalid, or TooManyFiles.
    """
    addable(complaint, case)
    if open_question(complaint, case) is None:
        if complaint.supplied_at is not None:
            raise AlreadyAnswered(
                _("You have answered the moderator's question. You can still add evidence.")
            )
        raise NotAsked(_("Nobody has asked you for anything. You can add evidence all the same."))
    refuse(
        {
            "text": checks.text(said.text, _("Answer the moderator's question.")),
            "evidence": checks.evidence(said.evidence),
        }
    )
    room_for(said, complaint.files)
    return InformationSupplied(
        case_id=case.id,
        by=actor_of(complaint),
        text=said.text,
        evidence=said.present,
        supplied_at=now,
    )


def withdrawable(complaint: Complaint, case: Case) -> None:
    """Raises AlreadyWithdrawn, or AlreadyDecided."""
    if complaint.withdrawn_at is not None:
        raise AlreadyWithdrawn(_("You have taken this complaint back already."))
    if case.decided:
        raise AlreadyDecided(_("Your complaint was decided, so it can no longer be taken back."))


def withdraw(complaint: Complaint, case: Case, reason: str, *, now: datetime) -> ComplaintWithdrawn:
    """The complaint taken back. Raises what `withdrawable` raises, or Invalid."""
    withdrawable(complaint, case)
    refuse({"text": checks.optional(reason)})
    return ComplaintWithdrawn(by=actor_of(complaint), reason=reason, withdrawn_at=now)
