"""Appeals: opened when in time, answered by somebody who took no part before; and the end of it."""

from datetime import datetime

from contracts.case import (
    AppealDecided,
    AppealOpened,
    AppealRejected,
    CaseAdmitted,
    CaseClosed,
    CaseFact,
    DecisionToldLate,
)
from services.moderation.commands import Actor, DecideAppeal, OpenAppeal, Told
from services.moderation.decider.statements import Composed, compose
from services.moderation.policy import Policy
from services.moderation.refusals import NoSuchAppeal, NotDueYet, TookPart
from services.moderation.state import Appeal, Case
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _


def count_from_telling(case: Case, command: Told, policy: Policy) -> list[CaseFact]:
    """Whoever is told on a later day than the decision was taken has a window of their own. Who
    filed several complaints is told once, of all of them."""
    decision = next((e for e in case.appealable if e.decision_id == command.decision_id), None)
    until = policy.appeal_until(command.at)
    if decision is None or until <= decision.until:
        return []
    told: list[str | None] = [None]
    if command.complaint_id is not None:
        who = case.complaints.get(command.complaint_id)
        told = [each for each, complainant in case.complaints.items() if complainant == who]
    return [
        DecisionToldLate(
            decision_id=command.decision_id, complaint_id=each, at=command.at, appeal_until=until
        )
        for each in told
        if (command.decision_id, each) not in case.told_late
    ]


def open_or_reject(
    case: Case, command: OpenAppeal, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    """Received at or before the end of the window counts, whatever was written meanwhile."""
    why = _against(case, command)
    if why is not None:
        return [
            AppealRejected(
                appeal_id=command.appeal_id,
                by=by.id,
                at=now,
                explanation=why,
                appellant=command.appellant,
                complaint_id=command.complaint_id,
                decision_id=command.decision_id,
            )
        ]
    return [
        AppealOpened(
            appeal_id=command.appeal_id,
            decision_id=command.decision_id,
            appellant=command.appellant,
            complaint_id=command.complaint_id,
            by=command.by,
            at=command.lodged_at,
            text=command.text,
            evidence=command.evidence,
            due_at=policy.appeal_decision_due(now),
        )
    ]


def _against(case: Case, command: OpenAppeal) -> str | None:
    """Why the appeal is not heard, as a sentence for its author; None when it is."""
    told = next((e for e in case.appealable if e.decision_id == command.decision_id), None)
    if told is None:
        return _("This decision does not stand any more, or cannot be appealed against.")
    if command.appellant not in told.sides:
        return _("This decision answered your own appeal. You can turn to a court.")
    if command.appellant == "complainant" and command.complaint_id not in case.complaints:
        return _("The complaint is not one of this case, or it was withdrawn.")
    end = case.window(told, command.complaint_id)
    if command.lodged_at > end:
        until = f"{end:%d %B %Y, %H:%M} UTC".lstrip("0")
        return _("The time to appeal ended on %(until)s.") % {"until": until}
    if (command.decision_id, command.appellant, command.complaint_id) in case.appealed:
        return _("You have appealed against this decision already.")
    return None


def answer(
    case: Case, command: DecideAppeal, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    appeal = next((each for each in case.appeals if each.id == command.appeal_id), None)
    if appeal is None:
        raise NoSuchAppeal(_("This appeal is not open: it was answered, or it is another case's."))
    if by.id in appeal.barred:
        raise TookPart(
            _("You took part in this case before the appeal. Somebody who did not has to hear it.")
        )
    if case.statement is None:
        return _on_inadmissibility(case, command, by, now, policy)
    if command.result == "affirmed":
        if command.ruling is not None:
            raise _wrong("ruling", _("An affirmed decision stands as it is."))
        return [_answered(case, appeal, command, by, now, _as_it_stands(case), None)]
    return [_changed(case, appeal, command, by, now, policy)]


def _on_inadmissibility(
    case: Case, command: DecideAppeal, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    """Affirmed, or admitted: what comes of an admitted complaint is for moderators to decide."""
    if command.result == "varied":
        raise _wrong("result", _("A complaint is admissible or it is not."))
    if command.ruling is not None:
        raise _wrong("ruling", _("An admitted complaint is decided by moderators."))
    overturned = command.result == "overturned"
    # All who appealed said the same: that the complaint can be decided.
    answered = (
        case.appeals if overturned else [a for a in case.appeals if a.id == command.appeal_id]
    )
    facts: list[CaseFact] = [
        _answered(case, each, command, by, now, None, None) for each in answered
    ]
    if overturned:
        facts.append(CaseAdmitted(by=by.id, at=now, decide_due_at=policy.decision_due(now)))
    return facts


def _changed(
    case: Case, appeal: Appeal, command: DecideAppeal, by: Actor, now: datetime, policy: Policy
) -> AppealDecided:
    if command.ruling is None:
        raise _wrong("ruling", _("Say what stands instead of the decision."))
    before = {measure.id for measure in case.measures}
    until = policy.appeal_until(now)
    composed = compose(
        case,
        command.ruling,
        decision_id=command.appeal_id,
        redress=policy.redress_texts(until),
        now=now,
        policy=policy,
    )
    wide = [each for each in composed.measures if each.kind in policy.second_person]
    if any(measure.id not in before for measure in wide):
        raise _wrong(
            "ruling.measures",
            _(
                "A new measure on money or a whole account needs two people, and is not imposed on "
                "appeal. It can be proposed on the member's record."
            ),
        )
    as_before = (case.outcome, case.findings, case.measures, case.manifestly_unfounded)
    now_stands = (
        command.ruling.outcome,
        composed.findings,
        composed.measures,
        command.ruling.manifestly_unfounded,
    )
    if command.result == "overturned" and as_before == now_stands:
        raise _wrong("result", _("Nothing of the decision changes: affirm or vary it."))
    return _answered(case, appeal, command, by, now, composed, until)


def _as_it_stands(case: Case) -> Composed:
    assert case.statement is not None  # there was a decision
    return Composed(case.statement, case.findings, case.measures)


def _answered(
    case: Case,
    appeal: Appeal,
    command: DecideAppeal,
    by: Actor,
    now: datetime,
    stands: Composed | None,
    appeal_until: datetime | None,
) -> AppealDecided:
    changed = command.ruling
    return AppealDecided(
        appeal_id=appeal.id,
        decision_id=appeal.decision_id,
        by=by.id,
        at=now,
        result=command.result,
        explanation=command.explanation,
        outcome=changed.outcome if changed else case.outcome,
        manifestly_unfounded=(
            changed.manifestly_unfounded if changed else case.manifestly_unfounded
        ),
        statement=stands.statement if stands else None,
        findings=stands.findings if stands else (),
        measures=stands.measures if stands else (),
        appeal_until=appeal_until,
        appellant=appeal.appellant,
        complaint_id=appeal.complaint_id,
    )


def close(case: Case, now: datetime) -> list[CaseFact]:
    if case.appeal_until is not None and now <= case.appeal_until:
        raise NotDueYet(_("Appeals are still possible."), due_at=case.appeal_until.isoformat())
    return [CaseClosed(at=now)]


def _wrong(field: str, message: str) -> Invalid:
    return Invalid([{"field": field, "message": message}])
