"""What all commands of the parties share: reading the matter from the log, and writing to it."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.codec import Fact
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, new_id
from services.intake import checks
from services.intake.decider.matter import (
    NO_CASE,
    NO_COMPLAINT,
    NOTHING_SENT,
    Case,
    Complaint,
    Sent,
    Statement,
    case_of,
    complaint_of,
    evolve_sent,
)
from services.intake.filing import EvidenceIds, Filing, KeyReused, checked_key
from services.intake.store import Store
from services.runtime.auth import Principal
from services.runtime.events import EventStore
from services.runtime.sentences import gettext as _

_ID: Final = re.compile(r"[0-9a-f]{32}")
S = TypeVar("S")

Words = Annotated[
    str,
    Field(
        description="In one's own words, in any language; never altered.",
        json_schema_extra={"maxLength": checks.DESCRIPTION_LIMIT},
    ),
]


class StatementBody(BaseModel):
    """What somebody sends: words, files, or both. Which of them is needed, the command says."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: Words = ""
    evidence: EvidenceIds = []


class WordsBody(BaseModel):
    """A reason, in one's own words."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: Words = ""


class Accepted(BaseModel):
    """What was sent stands in the log, at `sequence`. What is `late` is kept, and shown to the
    moderators as late. `page_url` and `status_url` wait for it, so what they show is not older."""

    number: Annotated[str, Field(description="Of the complaint or the case.", examples=["K-1"])]
    received_at: datetime
    due_at: datetime | None = None
    late: bool = False
    message: str
    sequence: int
    page_url: str
    status_url: str


class Delivery(NamedTuple):
    """How a command reached us: `received_at` alone decides whether it came in time; with `key`
    (an Idempotency-Key) it is carried out once."""

    received_at: datetime
    key: str | None
    correlation: str


class Matters:
    """Cases and complaints as the log has them, and the one way to write to them."""

    def __init__(self, *, events: EventStore, store: Store, filing: Filing) -> None:
        self._events = events
        self._store = store
        self._filing = filing

    async def case(self, case_id: str | None) -> Case:
        """The case; `NO_CASE` when there is none with this id."""
        if case_id is None or not _ID.fullmatch(case_id):
            return NO_CASE
        return case_of((await self._events.read(Aggregate(kind="case", id=case_id))).facts)

    async def case_of_complaint(self, complaint_id: str) -> Case:
        """The case that the complaint joined; `NO_CASE` in the moment before it does."""
        return await self.case(await self._store.case_of_complaint(complaint_id))

    async def case_of_decision(self, decision_id: str) -> Case:
        """The case that was so decided, or `NO_CASE`."""
        return await self.case(await self._store.case_of_decision(decision_id))

    async def complaint(self, complaint_id: str) -> Complaint:
        """The complaint; `NO_COMPLAINT` when there is none with this id."""
        if not _ID.fullmatch(complaint_id):
            return NO_COMPLAINT
        read = await self._events.read(Aggregate(kind="complaint", id=complaint_id))
        return complaint_of(read.facts)

    async def sent(self, case_id: str) -> Sent:
        """What was sent in the case so far."""
        sent = NOTHING_SENT
        for fact in (await self._events.read(Aggregate(kind="response", id=case_id))).facts:
            sent = evolve_sent(sent, fact)  # type: ignore[arg-type]  # responses hold no others
        return sent

    async def statement(self, body: StatementBody, who: Principal | None) -> Statement:
        """What is sent, with its files looked up."""
        return Statement(body.text, await self._filing.named(body.evidence, who))

    async def append(
        self,
        aggregate: Aggregate,
        *,
        initial: S,
        evolve: Callable[[S, Any], S],
        decide: Callable[[S], Fact],
        by: str,
        verb: str,
        body: StatementBody | WordsBody,
        delivery: Delivery,
    ) -> tuple[Any, int]:
        """The fact that was decided on, and where it stands. Repeated with its key, the first one.

        Raises what `decide` raises, KeyReused, or Unavailable.
        """
        key = delivery.key
        handled = await self._events.handle(
            aggregate,
            initial=initial,
            evolve=evolve,
            decide=lambda state: [decide(state)],
            meta=Meta(
                id=new_id()
                if key is None
                else derived_id(verb, aggregate.id, by, checked_key(key)),
                time=delivery.received_at,
                actor=by,
                correlation=delivery.correlation,
            ),
        )
        (stored,) = handled.facts
        if _said(stored) != (body.text, list(getattr(body, "evidence", ()))):
            raise KeyReused(
                _("With this key something else was sent. Use a new key for new words.")
            )
        return stored, handled.sequence


def _said(fact: Any) -> tuple[str, list[str]]:
    text = getattr(fact, "text", None)
    files = getattr(fact, "evidence", ())
    return fact.reason if text is None else text, [each.id for each in files]


def center(kind: str, identifier: str, sequence: int) -> dict[str, str]:
    """The addresses in the Complaint Center, which wait for `sequence`."""
    tail = f"center/{kind}/{identifier}?after={sequence}"
    return {"page_url": f"/{tail}", "status_url": f"/api/v1/{tail}"}
