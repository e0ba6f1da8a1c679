"""Appeals of either side: bound to one decision and one appellant, once, within the window."""

from typing import Annotated, NamedTuple

from pydantic import Field

from contracts.envelope import Aggregate
from services.intake.decider import appeal
from services.intake.decider.matter import (
    NOTHING_SENT,
    Appellant,
    Case,
    Decision,
    Sent,
    evolve_sent,
)
from services.intake.parties import Accepted, Delivery, Matters, StatementBody, center
from services.runtime.auth import Principal
from services.runtime.problems import NotFound
from services.runtime.sentences import gettext as _


class AppealBody(StatementBody):
    """An appeal: what is wrong with the decision, and new evidence, if any."""

    complaint_id: Annotated[
        str | None,
        Field(
            description="The appellant's own complaint. Needed only by who has several in the case."
        ),
    ] = None


class Appealed(NamedTuple):
    """What is appealed against, and by whom: `by` is `member:<id>` or `guest:<id>`."""

    case: Case
    decision: Decision
    appellant: Appellant
    sent: Sent
    by: str


class Appealing:
    """Takes appeals into the log."""

    def __init__(self, matters: Matters) -> None:
        self._matters = matters

    async def decision(
        self, decision_id: str, who: Principal, *, complaint_id: str | None = None
    ) -> Appealed:
        """The decision, as `who` may appeal against it. Raises NotFound to whoever is no party."""
        case = await self._matters.case_of_decision(decision_id)
        appellant = _appellant(case, decision_id, who, complaint_id)
        decision = appeal.decision_of(case, decision_id, appellant)
        by = f"member:{case.accused}"
        if appellant.complaint_id is not None:
            complaint = await self._matters.complaint(appellant.complaint_id)
            assert complaint.filed is not None  # it joined the case
            by = complaint.filed.complainant.actor
        return Appealed(case, decision, appellant, await self._matters.sent(case.id), by)

    async def lodge(
        self, decision_id: str, body: AppealBody, who: Principal, delivery: Delivery
    ) -> Accepted:
        """Takes an appeal. Raises what `decider.appeal.lodge` does, KeyReused, or Unavailable."""
        found = await self.decision(decision_id, who, complaint_id=body.complaint_id)
        case, appellant = found.case, found.appellant
        said = await self._matters.statement(body, who)
        stored, sequence = await self._matters.append(
            Aggregate(kind="response", id=case.id),
            initial=NOTHING_SENT,
            evolve=evolve_sent,
            decide=lambda sent: appeal.lodge(
                case,
                sent,
                said,
                decision_id=decision_id,
                appellant=appellant,
                by=found.by,
                language=who.language,
                now=delivery.received_at,
            ),
            by=found.by,
            verb=f"appeal {decision_id}",
            body=body,
            delivery=delivery,
        )
        place = ("cases", case.id) if appellant.complaint_id is None else (
            "complaints", appellant.complaint_id
        )  # fmt: skip
        return Accepted(
            number=case.number,
            received_at=stored.lodged_at,
            due_at=found.decision.appeal_until,
            message=(
                _(
                    "Your appeal is lodged. An appeals officer who took no part before decides on "
                    "it within 14 days, and both sides are told."
                )
            ),
            sequence=sequence,
            **center(*place, sequence),
        )


def _appellant(case: Case, decision_id: str, who: Principal, complaint_id: str | None) -> Appellant:
    """As whom `who` can appeal: the accused, or the complainant of a complaint that is theirs."""
    accused = case.accused is not None and (
        who.holds("case", case.id) or (who.signed_in and who.id == case.accused)
    )
    if accused and complaint_id is None:
        return Appellant("accused", None)
    own = [
        each
        for each, complainant in case.complaints.items()
        if who.holds("complaint", each) or (who.proven and who.party == complainant)
    ]
    if complaint_id is not None:
        own = [each for each in own if each == complaint_id]
    if not own:
        raise NotFound(
            _("There is no decision %(id)s that you were told of.") % {"id": decision_id}
        )
    return Appellant("complainant", own[0])
