"""The accused's side (R35): the answer, more evidence after it, and the wish for more time."""

from collections.abc import Callable
from typing import NamedTuple

from contracts.envelope import Aggregate
from contracts.response import CounterNoticeSubmitted, EvidenceSupplied
from services.intake.decider import accused
from services.intake.decider.matter import NOTHING_SENT, Case, Sent, evolve_sent
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


class Accusation(NamedTuple):
    """A case as its accused meets it, and what they have sent in it."""

    case: Case
    sent: Sent


class Answering:
    """Takes what the accused sends into the log. Every method raises NotFound to whoever is not
    accused in the case: for them there is no such case."""

    def __init__(self, matters: Matters) -> None:
        self._matters = matters

    async def case(self, case_id: str, who: Principal) -> Accusation:
        """The case against `who`: proved by signing in, or by a signed link to this case."""
        case = await self._matters.case(case_id)
        mine = case.accused is not None and (
            who.holds("case", case_id) or (who.signed_in and who.id == case.accused)
        )
        if not mine:
            raise NotFound(
                _("There is no case %(id)s in which you could answer.") % {"id": case_id}
            )
        return Accusation(case, await self._matters.sent(case_id))

    async def answer(
        self, case_id: str, body: StatementBody, who: Principal, delivery: Delivery
    ) -> Accepted:
        """Takes an answer, before or after it was due. Raises what `decider.accused.answer` does,
        KeyReused, or Unavailable."""
        return await self._say(
            case_id,
            body,
            who,
            delivery,
            verb="answer",
            decide=accused.answer,
            in_time=_("Your answer came in time. The moderators will read it before they decide."),
            too_late=_(
                "Your answer came after the deadline. It is kept, and shown to the moderators "
                "as late."
            ),
        )

    async def add_evidence(
        self, case_id: str, body: StatementBody, who: Principal, delivery: Delivery
    ) -> Accepted:
        """Takes more evidence. Raises what `decider.accused.supply` does, KeyReused, or
        Unavailable."""
        return await self._say(
            case_id,
            body,
            who,
            delivery,
            verb="evidence",
            decide=accused.supply,
            in_time=_("Your evidence stands beside your answer now."),
            too_late=_(
                "Your evidence came after the deadline. It is kept, and shown to the "
                "moderators as late."
            ),
        )

    async def _say(
        self,
        case_id: str,
        body: StatementBody,
        who: Principal,
        delivery: Delivery,
        *,
        verb: str,
        decide: Callable[..., CounterNoticeSubmitted | EvidenceSupplied],
        in_time: str,
        too_late: str,
    ) -> Accepted:
        case = (await self.case(case_id, who)).case
        said = await self._matters.statement(body, who)
        stored, sequence = await self._matters.append(
            Aggregate(kind="response", id=case_id),
            initial=NOTHING_SENT,
            evolve=evolve_sent,
            decide=lambda sent: decide(case, sent, said, now=delivery.received_at),
            by=f"member:{case.accused}",
            verb=verb,
            body=body,
            delivery=delivery,
        )
        late = case.is_late(case.due_at, stored.received_at)
        return Accepted(
            number=case.number,
            received_at=stored.received_at,
            due_at=case.due_at,
            late=late,
            message=too_late if late else in_time,
            sequence=sequence,
            **center("cases", case_id, sequence),
        )

    async def ask_for_time(
        self, case_id: str, body: WordsBody, who: Principal, delivery: Delivery
    ) -> Accepted:
        """Asks for more time. Raises what `decider.accused.ask_for_time` does, KeyReused, or
        Unavailable."""
        case = (await self.case(case_id, who)).case
        stored, sequence = await self._matters.append(
            Aggregate(kind="response", id=case_id),
            initial=NOTHING_SENT,
            evolve=evolve_sent,
            decide=lambda sent: accused.ask_for_time(
                case, sent, body.text, now=delivery.received_at
            ),
            by=f"member:{case.accused}",
            verb="extension",
            body=body,
            delivery=delivery,
        )
        return Accepted(
            number=case.number,
            received_at=stored.requested_at,
            due_at=case.due_at,
            message=_(
                "You have asked for more time. A moderator answers by e-mail; until then the "
                "deadline stands as it is."
            ),
            sequence=sequence,
            **center("cases", case_id, sequence),
        )
