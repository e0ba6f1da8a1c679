"""What the accused may send: the answer (R35), more evidence, and the wish for more time."""

from datetime import datetime

from contracts.response import CounterNoticeSubmitted, EvidenceSupplied, ExtensionRequested
from services.intake import checks
from services.intake.decider.matter import Case, Phase, Sent, Statement
from services.intake.decider.refusals import (
    AlreadyAnswered,
    AlreadyDecided,
    AlreadyExtended,
    ExtensionTooLate,
    NotAnsweredYet,
    NotAsked,
    TooManyFiles,
    refuse,
)
from services.runtime.sentences import gettext as _


def asked(case: Case) -> datetime:
    """When the answer is due. Raises NotAsked, or AlreadyDecided."""
    if case.phase is Phase.WITHDRAWN:
        raise AlreadyDecided(_("The complaint was withdrawn, so there is nothing left to answer."))
    if case.decided:
        raise AlreadyDecided(
            _(
                "This case was decided, so it can no longer be answered. "
                "The decision says how to appeal against it."
            )
        )
    if case.due_at is None:
        raise NotAsked(
            _(
                "You have not been asked to answer in this case, or not any more. "
                "You will get an e-mail when you are, with the date until which to answer."
            )
        )
    return case.due_at


def answer(case: Case, sent: Sent, said: Statement, *, now: datetime) -> CounterNoticeSubmitted:
    """The answer, received at `now`; one after the deadline is taken too, and so is a second one.

    Raises what `asked` raises, Invalid, or TooManyFiles.
    """
    asked(case)
    refuse(
        {
            "text": checks.description(said.text),
            "evidence": checks.evidence(said.evidence),
        }
    )
    room_for(said, sent.files)
    return CounterNoticeSubmitted(
        case_id=case.id,
        by=case.accused or "",
        text=said.text,
        evidence=said.present,
        received_at=now,
    )


def suppliable(case: Case, sent: Sent) -> None:
    """Raises what `asked` raises, or NotAnsweredYet."""
    asked(case)
    if not sent.answers:
        raise NotAnsweredYet(
            _("Files alone are not an answer. Send your answer, and the files with it.")
        )


def supply(case: Case, sent: Sent, said: Statement, *, now: datetime) -> EvidenceSupplied:
    """More evidence after the answer, kept whenever it comes.

    Raises what `suppliable` raises, Invalid, or TooManyFiles.
    """
    suppliable(case, sent)
    refuse(
        {
            "text": checks.optional(said.text),
            "evidence": checks.evidence(said.evidence) or checks.some_evidence(said.evidence),
        }
    )
    room_for(said, sent.files)
    return EvidenceSupplied(
        case_id=case.id,
        by=case.accused or "",
        text=said.text,
        evidence=said.present,
        received_at=now,
    )


def extendable(case: Case, sent: Sent, *, now: datetime) -> datetime:
    """When the answer is due for somebody who may ask for more time.

    Raises what `asked` raises, AlreadyAnswered, AlreadyExtended, or ExtensionTooLate.
    """
    due_at = asked(case)
    before = sent.extension_at
    if case.extended or (before and case.asked_at and before >= case.asked_at):
        raise AlreadyExtended(
            _(
                "You have asked for more time already. That is possible once; the moderator's "
                "answer stands in the case and is mailed to you."
            )
        )
    if sent.answers:
        raise AlreadyAnswered(
            _(
                "You have answered already, so the answer is not waited for any more. "
                "You can add evidence until the case is decided."
            )
        )
    if case.is_late(due_at, now):
        raise ExtensionTooLate(
            _(
                "More time can be asked for only before the deadline, and it is over. "
                "You can still answer: it is kept and shown to the moderators, marked as late."
            )
        )
    return due_at


def ask_for_time(case: Case, sent: Sent, reason: str, *, now: datetime) -> ExtensionRequested:
    """The wish for more time. Raises what `extendable` raises, or Invalid."""
    extendable(case, sent, now=now)
    refuse({"text": checks.text(reason, _("Say why you need more time."))})
    return ExtensionRequested(
        case_id=case.id, by=case.accused or "", reason=reason, requested_at=now
    )


def room_for(said: Statement, before: int) -> None:
    """Raises TooManyFiles where somebody has sent more than anybody could look through."""
    if before + len(said.evidence) > checks.FILES_IN_ALL:
        raise TooManyFiles(
            _(
                "You have sent %(sent)s files in this case, and at most %(most)s can be sent. "
                "Send fewer, or put several pictures into one PDF."
            )
            % {"sent": before, "most": checks.FILES_IN_ALL}
        )
