"""Who may appeal, against what, and until when (policy, "Case"; Digital Services Act, Art. 20)."""

from datetime import datetime

from contracts.ids import derived_id
from contracts.response import AppealLodged
from services.intake import checks
from services.intake.decider.matter import Appellant, Case, Decision, Sent, Statement
from services.intake.decider.refusals import AlreadyAppealed, AppealTooLate, refuse
from services.intake.language import language_of
from services.runtime.problems import NotFound
from services.runtime.sentences import gettext as _


def decision_of(case: Case, decision_id: str, appellant: Appellant) -> Decision:
    """The decision as the appellant was told of it. Raises NotFound."""
    for decision in case.decisions:
        accused = appellant.side == "accused"
        told = decision.accused_told if accused else appellant.complaint_id in decision.told
        if decision.id == decision_id and told:
            return decision.told_to(appellant)
    raise NotFound(_("There is no such decision that you were told of."))


def appealable(
    case: Case, sent: Sent, decision_id: str, appellant: Appellant, *, now: datetime
) -> Decision:
    """The decision, if the appellant may appeal against it at `now`: once, and in time.

    Raises NotFound, AlreadyAppealed, or AppealTooLate.
    """
    decision = decision_of(case, decision_id, appellant)
    if (decision_id, appellant) in sent.appeals:
        raise AlreadyAppealed(
            _(
                "You have appealed against this decision. An appeals officer who took no part "
                "before decides on it, and you will be told."
            )
        )
    if decision.of == appellant:
        raise AlreadyAppealed(
            _(
                "This is the answer to your own appeal. It is final here; the out-of-court bodies "
                "and the courts that it names are open to you."
            )
        )
    if now > decision.appeal_until:
        raise AppealTooLate(
            _(
                "An appeal against this decision was possible until %(until)s. The out-of-court "
                "bodies and the courts that the decision names are open to you."
            )
            % {"until": decision.appeal_until}
        )
    return decision


def lodge(
    case: Case,
    sent: Sent,
    said: Statement,
    *,
    decision_id: str,
    appellant: Appellant,
    by: str,
    language: str,
    now: datetime,
) -> AppealLodged:
    """The appeal, received at `now`; `language` is the appellant's, where the text tells none.

    Raises what `appealable` raises, or Invalid.
    """
    appealable(case, sent, decision_id, appellant, now=now)
    refuse(
        {
            "text": checks.text(said.text, _("Say what is wrong with the decision.")),
            "evidence": checks.evidence(said.evidence),
        }
    )
    return AppealLodged(
        appeal_id=derived_id("appeal", decision_id, appellant.complaint_id or "accused"),
        case_id=case.id,
        decision_id=decision_id,
        appellant=appellant.side,
        complaint_id=appellant.complaint_id,
        by=by,
        text=said.text,
        evidence=said.present,
        language=language_of(said.text, language),
        lodged_at=now,
    )
