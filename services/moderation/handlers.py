"""What moderation does because of a fact: complaints become cases, answers reach them, deadlines
are set and kept."""

from datetime import datetime, timedelta

import structlog

from contracts.case import CaseDecided, CaseDeclaredInadmissible, CounterNoticeRequested
from contracts.codec import Message
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta, aggregate_of, caused_by
from contracts.ids import derived_id
from contracts.response import CounterNoticeSubmitted
from contracts.streams import COMPLAINTS
from services.moderation.commands import (
    CLOCK,
    SERVICE,
    Actor,
    CaseCommand,
    Close,
    Lapse,
    ReceiveCounterNotice,
)
from services.moderation.decider import decide
from services.moderation.joining import Joining
from services.moderation.policy import Policy
from services.moderation.refusals import NotDueYet, NotInThisState
from services.moderation.state import NEW_CASE, evolve
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.reactions import Reactions
from services.runtime.timers import Timers

log = structlog.get_logger(__name__)

A_SECOND = timedelta(seconds=1)


class Handlers:
    """Every handler may be called again with the same message, or at the same time with another:
    it decides on the log under the guard, so a repeat changes nothing."""

    def __init__(
        self,
        *,
        joining: Joining,
        events: EventStore,
        timers: Timers,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._joining = joining
        self._events = events
        self._timers = timers
        self._policy = policy
        self._clock = clock

    def register(self, reactions: Reactions) -> None:
        reactions.on(name="open-cases", stream=COMPLAINTS, subjects=["complaint.*.*"])(
            self.on_complaint
        )
        reactions.on(name="receive-answers", stream=COMPLAINTS, subjects=["response.*.*"])(
            self.on_response
        )
        reactions.on(name="set-timers", stream=COMPLAINTS, subjects=["case.*.*"])(self.on_case)
        self._timers.on_fired(self.on_timer)

    async def on_complaint(self, message: Message) -> None:
        """A complaint opens a case, or joins the open one of the same accused, product and type."""
        for fact in message.facts:
            if isinstance(fact, ComplaintFiled):
                await self._joining.join(fact, message.meta)

    async def on_response(self, message: Message) -> None:
        """The accused's answer is received into the case."""
        for fact in message.facts:
            if isinstance(fact, CounterNoticeSubmitted):
                await self._receive(fact, message)

    async def on_case(self, message: Message) -> None:
        """A deadline told in a fact gets its timer."""
        case_id = aggregate_of(message.subject).id
        for fact in message.facts:
            match fact:
                case CounterNoticeRequested():
                    await self._set_timer("lapse", case_id, fact.due_at, message.meta)
                case CaseDecided() | CaseDeclaredInadmissible():
                    await self._set_timer("close", case_id, fact.appeal_until, message.meta)
                case _:
                    pass

    async def on_timer(self, name: str, data: dict[str, str]) -> None:
        """A deadline has come: the case is decided on again, as the log has it now."""
        case_id = data["case"]
        if data["command"] == "lapse":
            await self._receive_all(case_id)
        command = Lapse() if data["command"] == "lapse" else Close()
        meta = Meta(
            id=derived_id(name, data["due_at"]),
            time=self._clock(),
            actor="clock:timer",
            correlation=data["correlation"],
            causation=data["causation"],
        )
        try:
            await self._command(case_id, command, by=CLOCK, meta=meta)
        except NotInThisState as settled:
            log.info("timer.settled", timer=name, why=settled.detail)
        except NotDueYet:
            due_at = datetime.fromisoformat(data["due_at"])
            await self._timers.set(name, due_at + A_SECOND, data)

    async def _receive_all(self, case_id: str) -> None:
        """What the accused answered, whether or not its own reaction has come to it yet."""
        history = await self._events.read(Aggregate(kind="response", id=case_id))
        for message in history.messages:
            await self.on_response(message)

    async def _receive(self, fact: CounterNoticeSubmitted, message: Message) -> None:
        receive = ReceiveCounterNotice(
            response_id=message.meta.id,
            by=fact.by,
            text=fact.text,
            evidence=fact.evidence,
            received_at=fact.received_at,
        )
        meta = caused_by(
            message.meta,
            command=derived_id("receive", message.meta.id),
            time=self._clock(),
            actor="service:moderation",
        )
        await self._command(fact.case_id, receive, by=SERVICE, meta=meta)

    async def _set_timer(self, command: str, case_id: str, due_at: datetime, meta: Meta) -> None:
        data = {
            "command": command,
            "case": case_id,
            "due_at": due_at.isoformat(),
            "correlation": meta.correlation,
            "causation": meta.id,
        }
        await self._timers.set(f"{command}-{case_id}", due_at, data)

    async def _command(self, case_id: str, command: CaseCommand, *, by: Actor, meta: Meta) -> None:
        await self._events.handle(
            Aggregate(kind="case", id=case_id),
            initial=NEW_CASE,
            evolve=evolve,
            decide=lambda case: decide(case, command, by=by, now=meta.time, policy=self._policy),
            meta=meta,
        )
