"""What moderation does because of a fact: complaints become cases, what the parties say reaches
them, deadlines are set and kept."""

from datetime import datetime, timedelta

import structlog

from contracts.case import CaseLinked, CaseRetyped
from contracts.codec import Message
from contracts.complaint import (
    ComplaintFiled,
    ComplaintWithdrawn,
    EvidenceAdded,
    InformationSupplied,
)
from contracts.envelope import Aggregate, Meta, aggregate_of, caused_by
from contracts.ids import derived_id
from contracts.mail import MailSent
from contracts.member import MeasureExpired, MeasureReversed
from contracts.response import (
    AppealLodged,
    CounterNoticeSubmitted,
    EvidenceSupplied,
    ExtensionRequested,
)
from contracts.streams import COMPLAINTS, MAIL
from services.moderation.cases import Cases
from services.moderation.commands import (
    CLOCK,
    SERVICE,
    AskExtension,
    CaseCommand,
    Link,
    OpenAppeal,
    ReceiveAccusedEvidence,
    ReceiveCounterNotice,
    ReceiveEvidence,
    ReceiveInformation,
    Told,
    Withdraw,
)
from services.moderation.deadlines import Deadline, command_of, deadlines
from services.moderation.joining import Joining
from services.moderation.outgoing.sending import Outgoing
from services.moderation.policy import Policy
from services.moderation.refusals import NotDueYet, NotExtendable, NotInThisState, OnHold
from services.moderation.standing.pauses import Pauses
from services.moderation.standing.reactions import Standing
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.problems import NotFound
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
        pauses: Pauses,
        standing: Standing,
        outgoing: Outgoing,
        cases: Cases,
        events: EventStore,
        timers: Timers,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._joining = joining
        self._pauses = pauses
        self._standing = standing
        self._outgoing = outgoing
        self._cases = cases
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
        reactions.on(name="settle-standing", stream=COMPLAINTS, subjects=["case.*.*"])(
            self._standing.on_case
        )
        reactions.on(name="time-measures", stream=COMPLAINTS, subjects=["member.*.*"])(
            self.on_member
        )
        reactions.on(name="tell-of-cases", stream=COMPLAINTS, subjects=["case.*.*"])(
            self._outgoing.on_case
        )
        reactions.on(name="tell-of-members", stream=COMPLAINTS, subjects=["member.*.*"])(
            self._outgoing.on_member
        )
        reactions.on(name="send", stream=COMPLAINTS, subjects=["outgoing.*.*"])(
            self._outgoing.on_outgoing
        )
        reactions.on(name="count-from-telling", stream=MAIL, subjects=["mail.*.*"])(self.on_mail)
        self._timers.on_fired(self.on_timer)

    async def on_complaint(self, message: Message) -> None:
        """A complaint opens a case, or joins the open one of the same accused, product and type;
        what its complainant says later reaches that case."""
        complaint_id = aggregate_of(message.subject).id
        for place, fact in enumerate(message.facts):
            match fact:
                case ComplaintFiled():
                    await self._joining.join(fact, message.meta)
                case ComplaintWithdrawn():
                    taken_back = Withdraw(complaint_id=complaint_id)
                    await self._say_where_it_joined(complaint_id, taken_back, message, place)
                case EvidenceAdded():
                    added = ReceiveEvidence(
                        complaint_id=complaint_id,
                        by=fact.by,
                        text=fact.text,
                        evidence=fact.evidence,
                        at=fact.added_at,
                    )
                    await self._say_where_it_joined(complaint_id, added, message, place)
                case InformationSupplied():
                    await self._say(fact.case_id, _information(complaint_id, fact), message, place)
                case _:
                    pass

    async def on_response(self, message: Message) -> None:
        """What the accused says, and appeals of either side, are received into the case."""
        for place, fact in enumerate(message.facts):
            match fact:
                case CounterNoticeSubmitted():
                    await self._say(fact.case_id, _counter_notice(fact, message), message, place)
                case ExtensionRequested():
                    asked = AskExtension(
                        by=fact.by, reason=fact.reason, requested_at=fact.requested_at
                    )
                    await self._say(fact.case_id, asked, message, place)
                case EvidenceSupplied():
                    sent = ReceiveAccusedEvidence(
                        by=fact.by,
                        text=fact.text,
                        evidence=fact.evidence,
                        received_at=fact.received_at,
                    )
                    await self._say(fact.case_id, sent, message, place)
                case AppealLodged():
                    await self._say(fact.case_id, _appeal(fact), message, place)
                case _:
                    pass

    async def on_case(self, message: Message) -> None:
        """A deadline told in a fact gets its timer; a link is made from the other side too; a case
        that was moved to another type is found by complaints of that type."""
        case_id = aggregate_of(message.subject).id
        for place, fact in enumerate(message.facts):
            if isinstance(fact, CaseLinked):
                await self._say(fact.case_id, Link(case_id=case_id), message, place)
            if isinstance(fact, CaseRetyped) and fact.from_type != fact.to_type:
                await self._joining.moved(case_id, fact.to_type, message.meta)
            for deadline in deadlines(fact, self._policy):  # type: ignore[arg-type]
                await self._set_timer(case_id, deadline, message.meta)

    async def on_member(self, message: Message) -> None:
        """A measure gets its timers; with the end of a pause, what was kept meanwhile joins."""
        await self._standing.on_member(message)
        for fact in message.facts:
            if isinstance(fact, MeasureExpired | MeasureReversed):
                for complaint_id in await self._pauses.kept(fact.member, as_of=message.sequence):
                    filed = Aggregate(kind="complaint", id=complaint_id)
                    for each in (await self._events.read(filed)).messages:
                        await self.on_complaint(each)

    async def on_mail(self, message: Message) -> None:
        """The time to appeal runs from being told: who is told late has a later end of it."""
        for place, fact in enumerate(message.facts):
            if isinstance(fact, MailSent) and fact.told is not None:
                told = Told(
                    decision_id=fact.told.decision_id,
                    complaint_id=fact.told.complaint_id,
                    at=fact.at,
                )
                await self._say(fact.told.case_id, told, message, place)

    async def on_timer(self, name: str, data: dict[str, str]) -> None:
        """A deadline has come: it is decided on again, as the log has it now."""
        if "outgoing" in data:
            await self._outgoing.on_timer(name, data)
            return
        if "member" in data:
            await self._standing.on_timer(name, data)
            return
        case_id = data["case"]
        due_at = datetime.fromisoformat(data["due_at"])
        command = command_of(data["command"], due_at)
        await self._hear_everybody(case_id, data["command"])
        meta = Meta(
            id=derived_id(name, data["due_at"]),
            time=self._clock(),
            actor="clock:timer",
            correlation=data["correlation"],
            causation=data["causation"],
        )
        try:
            await self._cases.command(case_id, command, by=CLOCK, meta=meta)
        except (NotInThisState, OnHold) as settled:
            log.info("timer.settled", timer=name, why=settled.detail)
        except NotDueYet as early:
            due = datetime.fromisoformat(early.extra["due_at"])
            await self._timers.set(name, due + A_SECOND, data | {"due_at": due.isoformat()})

    async def _hear_everybody(self, case_id: str, command: str) -> None:
        """What was said in time, whether or not its own reaction has come to it yet."""
        if command in ("lapse", "close"):
            history = await self._events.read(Aggregate(kind="response", id=case_id))
            for message in history.messages:
                await self.on_response(message)
        if command == "lapse-information":
            asked = (await self._cases.read(case_id)).state.information_of
            if asked is not None:
                said = await self._events.read(Aggregate(kind="complaint", id=asked))
                for message in said.messages[1:]:
                    await self.on_complaint(message)

    async def _set_timer(self, case_id: str, deadline: Deadline, meta: Meta) -> None:
        data = {
            "command": deadline.command,
            "case": case_id,
            "due_at": deadline.due_at.isoformat(),
            "correlation": meta.correlation,
            "causation": meta.id,
        }
        await self._timers.set(f"{deadline.command}-{case_id}", deadline.at, data)

    async def _say_where_it_joined(
        self, complaint_id: str, command: CaseCommand, message: Message, place: int
    ) -> None:
        """What is said of a complaint that is held back is said again when it joins."""
        case_id = await self._joining.case_of(complaint_id)
        if case_id is not None:
            await self._say(case_id, command, message, place)

    async def _say(self, case_id: str, command: CaseCommand, message: Message, place: int) -> None:
        """Passes on to a case what stands in the log, at `place` in its message. What the case
        cannot take any more stays there all the same."""
        which = (str(place),) if place else ()
        meta = caused_by(
            message.meta,
            command=derived_id("receive", message.meta.id, *which),
            time=self._clock(),
            actor="service:moderation",
        )
        try:
            await self._cases.command(case_id, command, by=SERVICE, meta=meta)
        except (NotInThisState, NotExtendable, NotFound) as settled:
            log.info("reaction.settled", subject=message.subject, why=settled.detail)


def _information(complaint_id: str, fact: InformationSupplied) -> ReceiveInformation:
    return ReceiveInformation(
        complaint_id=complaint_id,
        by=fact.by,
        text=fact.text,
        evidence=fact.evidence,
        received_at=fact.supplied_at,
    )


def _counter_notice(fact: CounterNoticeSubmitted, message: Message) -> ReceiveCounterNotice:
    return ReceiveCounterNotice(
        response_id=message.meta.id,
        by=fact.by,
        text=fact.text,
        evidence=fact.evidence,
        received_at=fact.received_at,
    )


def _appeal(fact: AppealLodged) -> OpenAppeal:
    return OpenAppeal(
        appeal_id=fact.appeal_id,
        decision_id=fact.decision_id,
        appellant=fact.appellant,
        complaint_id=fact.complaint_id,
        by=fact.by,
        text=fact.text,
        evidence=fact.evidence,
        lodged_at=fact.lodged_at,
    )
