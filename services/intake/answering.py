"""The accused's answer (R35): the case read from the log, the answer written to it."""

import re
from datetime import datetime
from typing import Annotated, Final, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, Field

from contracts.case import CaseFact
from contracts.codec import Fact
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, new_id
from contracts.response import CounterNoticeSubmitted
from services.intake import checks
from services.intake.decider import (
    NO_CASE,
    Case,
    SubmitCounterNotice,
    answer,
    answerable,
    case_of,
    is_late,
)
from services.intake.filing import EvidenceIds, Filing, KeyReused, checked_key
from services.runtime.auth import Principal
from services.runtime.clock import Clock
from services.runtime.events import EventStore

_CASE_ID: Final = re.compile(r"[0-9a-f]{32}")


class CounterNoticeBody(BaseModel):
    """The answer of the accused."""

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra={"required": ["text"]})

    text: Annotated[
        str, Field(json_schema_extra={"minLength": 1, "maxLength": checks.DESCRIPTION_LIMIT})
    ] = ""
    evidence: EvidenceIds = []


class AnswerReceipt(BaseModel):
    """An answer that was taken. A `late` one is kept and shown to the moderators, marked late."""

    case_id: str
    number: str
    received_at: datetime
    due_at: datetime
    late: bool
    message: str
    sequence: int
    page_url: str


class Answerable(NamedTuple):
    """`answers` counts those that were sent before."""

    case: Case
    due_at: datetime
    answers: int


class Answering:
    """Takes the answers of the accused into the log."""

    def __init__(self, *, events: EventStore, filing: Filing, clock: Clock) -> None:
        self._events = events
        self._filing = filing
        self._clock = clock

    async def case(self, case_id: str, who: Principal) -> Answerable:
        """The case, if `who` may answer in it now. Raises what `decider.answerable` raises."""
        case = await self._case(case_id)
        due_at = answerable(case, case_id, by=_accused(who, case_id))
        before = await self._events.read(Aggregate(kind="response", id=case_id))
        return Answerable(case, due_at, len(before.messages))

    async def submit(
        self,
        case_id: str,
        body: CounterNoticeBody,
        who: Principal,
        *,
        received_at: datetime,
        key: str | None,
        correlation: str,
    ) -> AnswerReceipt:
        """Takes an answer that reached the server at `received_at`, before or after it was due.

        Raises what `decider.answer` raises, KeyReused, or Unavailable.
        """
        by = _accused(who, case_id)
        case = await self._case(case_id)
        due_at = answerable(case, case_id, by=by)
        command = SubmitCounterNotice(
            case_id=case_id,
            by=by,
            text=body.text,
            evidence=await self._filing.named(body.evidence, who),
        )
        wanted = answer(case, command, now=received_at)
        handled = await self._events.handle(
            Aggregate(kind="response", id=case_id),
            initial=None,
            evolve=lambda state, _: state,
            decide=lambda _: [wanted],
            meta=Meta(
                id=new_id() if key is None else derived_id("answer", case_id, by, checked_key(key)),
                time=received_at,
                actor=who.actor,
                correlation=correlation,
            ),
        )
        return _receipt(case, due_at, wanted, handled.facts, handled.sequence)

    async def _case(self, case_id: str) -> Case:
        if not _CASE_ID.fullmatch(case_id):
            return NO_CASE
        history = await self._events.read(Aggregate(kind="case", id=case_id))
        return case_of(cast(tuple[CaseFact, ...], history.facts))


def _accused(who: Principal, case_id: str) -> str:
    """The member id that `who` proved: by signing in, or by a link made for this case."""
    return who.id if who.signed_in or who.holds("case", case_id) else ""


def _receipt(
    case: Case,
    due_at: datetime,
    wanted: CounterNoticeSubmitted,
    facts: tuple[Fact, ...],
    sequence: int,
) -> AnswerReceipt:
    (stored,) = facts
    assert isinstance(stored, CounterNoticeSubmitted)
    if (stored.text, stored.evidence) != (wanted.text, wanted.evidence):
        raise KeyReused("With this key another answer was sent. Use a new key for a new answer.")
    late = is_late(case, stored)
    return AnswerReceipt(
        case_id=stored.case_id,
        number=case.number,
        received_at=stored.received_at,
        due_at=due_at,
        late=late,
        message=(
            "Your answer came after the deadline. It is kept, and shown to the moderators as late."
            if late
            else "Your answer came in time. The moderators will read it before they decide."
        ),
        sequence=sequence,
        page_url=f"/center/cases/{stored.case_id}?after={sequence}",
    )
