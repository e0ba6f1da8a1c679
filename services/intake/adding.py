"""The complainant's side after filing: more evidence, what a moderator asked for, withdrawing."""

from typing import NamedTuple

from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate
from services.intake.decider import complainant
from services.intake.decider.matter import (
    NO_COMPLAINT,
    Case,
    Complaint,
    evolve_complaint,
)
from services.intake.parties import (
    Accepted,
    Delivery,
    Matters,
    StatementBody,
    WordsBody,
    center,
)
from services.runtime.auth import Principal
from services.runtime.problems import NotFound
from services.runtime.sentences import gettext as _


class Own(NamedTuple):
    """A complaint of somebody's own, and the case that it joined."""

    complaint: Complaint
    case: Case
    filed: ComplaintFiled


class Adding:
    """Takes what complainants send into the log. Every method raises NotFound to whoever did not
    file the complaint: for them there is none."""

    def __init__(self, matters: Matters) -> None:
        self._matters = matters

    async def complaint(self, complaint_id: str, who: Principal) -> Own:
        """The complaint of `who`: proved by an account, by the link mailed to the address, or by
        the link to this complaint."""
        complaint = await self._matters.complaint(complaint_id)
        filed = complaint.filed
        if filed is None or not (
            who.holds("complaint", complaint_id)
            or (who.proven and who.party == filed.complainant.actor)
        ):
            raise NotFound(_("There is no complaint with this id among yours."))
        return Own(complaint, await self._matters.case_of_complaint(complaint_id), filed)

    async def add_evidence(
        self, complaint_id: str, body: StatementBody, who: Principal, delivery: Delivery
    ) -> Accepted:
        """Takes more files. Raises what `decider.complainant.add_evidence` does, KeyReused, or
        Unavailable."""
        own = await self.complaint(complaint_id, who)
        said = await self._matters.statement(body, who)
        stored, sequence = await self._matters.append(
            Aggregate(kind="complaint", id=complaint_id),
            initial=NO_COMPLAINT,
            evolve=evolve_complaint,
            decide=lambda known: complainant.add_evidence(
                known, own.case, said, now=delivery.received_at
            ),
            by=own.filed.complainant.actor,
            verb="evidence",
            body=body,
            delivery=delivery,
        )
        return Accepted(
            number=own.filed.number,
            received_at=stored.added_at,
            message=_("What you sent stands with your complaint now."),
            sequence=sequence,
            **center("complaints", complaint_id, sequence),
        )

    async def supply_information(
        self, complaint_id: str, body: StatementBody, who: Principal, delivery: Delivery
    ) -> Accepted:
        """Takes the answer to a moderator's question, before or after it was due. Raises what
        `decider.complainant.supply_information` does, KeyReused, or Unavailable."""
        own = await self.complaint(complaint_id, who)
        said = await self._matters.statement(body, who)
        stored, sequence = await self._matters.append(
            Aggregate(kind="complaint", id=complaint_id),
            initial=NO_COMPLAINT,
            evolve=evolve_complaint,
            decide=lambda known: complainant.supply_information(
                known, own.case, said, now=delivery.received_at
            ),
            by=own.filed.complainant.actor,
            verb="information",
            body=body,
            delivery=delivery,
        )
        question = own.case.questions.get(complaint_id)
        due_at = question.due_at if question else None
        late = own.case.is_late(due_at, stored.supplied_at)
        return Accepted(
            number=own.filed.number,
            received_at=stored.supplied_at,
            due_at=due_at,
            late=late,
            message=(
                _(
                    "Your answer came after the deadline. It is kept, and shown to the moderators "
                    "as late."
                )
                if late
                else _("Thank you. The moderator goes on with your complaint.")
            ),
            sequence=sequence,
            **center("complaints", complaint_id, sequence),
        )

    async def withdraw(
        self, complaint_id: str, body: WordsBody, who: Principal, delivery: Delivery
    ) -> Accepted:
        """Takes the complaint back. Raises what `decider.complainant.withdraw` does, KeyReused, or
        Unavailable."""
        own = await self.complaint(complaint_id, who)
        stored, sequence = await self._matters.append(
            Aggregate(kind="complaint", id=complaint_id),
            initial=NO_COMPLAINT,
            evolve=evolve_complaint,
            decide=lambda known: complainant.withdraw(
                known, own.case, body.text, now=delivery.received_at
            ),
            by=own.filed.complainant.actor,
            verb="withdrawal",
            body=body,
            delivery=delivery,
        )
        return Accepted(
            number=own.filed.number,
            received_at=stored.withdrawn_at,
            message=_(
                "Your complaint is withdrawn. It is kept, and you are told what happens to it."
            ),
            sequence=sequence,
            **center("complaints", complaint_id, sequence),
        )
