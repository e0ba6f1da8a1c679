"""Telling the machines outside: queued from facts, sent in order of age, tried again with growing
pauses, dead after the last, and never sent twice where that can be known."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from contracts.codec import Message
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta, aggregate_of, caused_by
from contracts.ids import derived_id, new_id
from contracts.outgoing import (
    FieldError,
    OutgoingAttempted,
    OutgoingDelivered,
    OutgoingFact,
    OutgoingFailed,
    OutgoingQueued,
    OutgoingRequeued,
)
from services.moderation.cases import Cases
from services.moderation.outgoing.far_sides import (
    MOST_AT_ONCE,
    Away,
    Endpoint,
    NotTaken,
    Register,
)
from services.moderation.outgoing.item import NO_ITEM, TO_SEND, Item, evolve
from services.moderation.outgoing.queueing import (
    follows_from_a_ladder,
    ladder_statement,
    queued_statement,
    restricts,
    statements,
    webhooks,
)
from services.moderation.outgoing.records import Record
from services.moderation.outgoing.store import OutgoingStore
from services.moderation.policy import Policy
from services.moderation.state import Case
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.memory import Memory
from services.runtime.projection import Projector
from services.runtime.repository import Repository
from services.runtime.timers import Timers

log = structlog.get_logger(__name__)

GATHERING = timedelta(seconds=2)
"""Statements that are made together go in one request."""
MOST_PEOPLE = 100
"""Complainants whose names are looked for in a statement."""
ITEMS = 1_000
"""Kept in mind; each has its whole body."""
_BATCH_TIMER = "send-statements"


class Outgoing:
    """Every reaction decides on the log under the guard, so a repeat queues nothing twice."""

    def __init__(
        self,
        *,
        events: EventStore,
        cases: Cases,
        timers: Timers,
        store: OutgoingStore,
        projector: Projector,
        policy: Policy,
        clock: Clock,
        endpoint: Endpoint | None,
        register: Register | None,
    ) -> None:
        self._events = events
        self._cases = cases
        self._items = Repository(
            events, "outgoing", initial=NO_ITEM, evolve=evolve, memory=Memory(ITEMS)
        )
        self._timers = timers
        self._store = store
        self._projector = projector
        self._policy = policy
        self._clock = clock
        self._endpoint = endpoint
        self._register = register
        self._sending = asyncio.Lock()

    async def on_case(self, message: Message) -> None:
        """Decisions and interim measures are queued as records and webhooks."""
        if self._endpoint is None and not restricts(message):
            return
        history = (await self._events.read(aggregate_of(message.subject))).messages
        for case, record in statements(history, message, policy=self._policy):
            await self._queue_statement(case, record, message)
        await self._queue_webhooks(history, message)

    async def on_member(self, message: Message) -> None:
        """Measures that are imposed, begin, end or are lifted are queued as webhooks; those that
        a ladder led to as records too."""
        for fact in filter(follows_from_a_ladder, message.facts):
            about = await self._events.read(Aggregate(kind="case", id=fact.case_id))
            told = ladder_statement(about.messages, message, fact)
            if told is not None:
                await self._queue_statement(*told, message)
        if self._endpoint is not None:
            history = (await self._events.read(aggregate_of(message.subject))).messages
            await self._queue_webhooks(history, message)

    async def on_outgoing(self, message: Message) -> None:
        """What is queued is sent."""
        for fact in message.facts:
            if isinstance(fact, OutgoingQueued | OutgoingRequeued):
                item = await self._item(aggregate_of(message.subject).id)
                if item.channel == "webhook":
                    await self._send_webhook(item.id, message.meta)
                elif self._register is not None and item.state in TO_SEND:
                    await self._set_timer(_BATCH_TIMER, self._clock() + GATHERING, "")

    async def on_timer(self, name: str, data: dict[str, str]) -> None:
        """It is time to try again."""
        if name == _BATCH_TIMER:
            await self.send_statements()
        else:
            now = self._clock()
            command = derived_id(name, data["due_at"])
            meta = Meta(id=command, time=now, actor="clock:timer", correlation=command)
            await self._send_webhook(data["outgoing"], meta)

    async def send_statements(self) -> None:
        """Sends what is due, in batches, until nothing is; then sleeps until something will be."""
        register = self._register
        if register is None:
            return
        async with self._sending:
            while True:
                now = self._clock()
                ids = await self._store.due_statements(now=now, limit=MOST_AT_ONCE)
                items = [await self._item(each) for each in ids]
                due = [item for item in items if item.state in TO_SEND]
                if due:
                    await self._projector.wait_for(await self._submit(register, due))
                if len(ids) < MOST_AT_ONCE:
                    break
            later = await self._store.next_statement_at()
            if later is not None:
                await self._set_timer(_BATCH_TIMER, later, "")

    async def requeue(self, outgoing_id: str, *, by: str, actor: str, body: str | None) -> int:
        """Has it sent again, with another body where one is given; the sequence of the fact."""
        now = self._clock()
        meta = Meta(id=new_id(), time=now, actor=actor, correlation=new_id())
        return await self._tell(outgoing_id, OutgoingRequeued(by=by, at=now, body=body), meta)

    async def people(self, case_id: str) -> list[str]:
        """Names, addresses and accounts of those who have to do with a case."""
        return await self._people((await self._cases.read(case_id)).state)

    async def _submit(self, register: Register, items: Sequence[Item]) -> int:
        """One request; what is wrong with single statements does not hold up the others."""
        sequence = 0
        try:
            items, sequence = await self._not_there_yet(register, items)
            while items:
                for item in items:
                    attempted = OutgoingAttempted(at=self._clock(), attempt=item.failures + 1)
                    await self._tell(item.id, attempted, self._meta())
                try:
                    reply = await register.submit([json.loads(item.body) for item in items])
                except NotTaken as refused:
                    wrong = {k: v for k, v in refused.errors.items() if k < len(items)}
                    named = wrong or dict.fromkeys(range(len(items)), ())
                    for place, errors in named.items():
                        sequence = await self._failed(items[place], refused.reason, errors)
                    items = [each for k, each in enumerate(items) if k not in named]
                else:
                    for item in items:
                        done = OutgoingDelivered(at=self._clock(), reply=reply)
                        sequence = await self._tell(item.id, done, self._meta())
                    break
        except Away as away:
            log.warning("statements.away", why=str(away))
            for item in items:
                retry_at = item.retry_at(self._clock())
                sequence = await self._failed(item, str(away), (), retry_at=retry_at)
        return sequence

    async def _not_there_yet(
        self, register: Register, items: Sequence[Item]
    ) -> tuple[list[Item], int]:
        """Without those that arrived although nothing said so: asked before any retry."""
        missing: list[Item] = []
        sequence = 0
        for item in items:
            if item.attempted and await register.has(json.loads(item.body)["puid"]):
                there = OutgoingDelivered(at=self._clock(), reply="it was there already")
                sequence = await self._tell(item.id, there, self._meta())
            else:
                missing.append(item)
        return missing, sequence

    async def _send_webhook(self, outgoing_id: str, cause: Meta) -> None:
        endpoint = self._endpoint
        item = await self._item(outgoing_id)
        if endpoint is None or item.state not in TO_SEND:
            return
        now = self._clock()
        try:
            reply = await endpoint.send(item.id, item.body, sent_at=now)
        except (Away, NotTaken) as failed:
            retry_at = item.retry_at(self._clock())
            await self._failed(item, str(failed), (), retry_at=retry_at, cause=cause)
            if retry_at is not None:
                await self._set_timer(f"send-{item.id}", retry_at, item.id)
            return
        meta = self._meta(cause, "delivered", item)
        await self._tell(item.id, OutgoingDelivered(at=self._clock(), reply=reply), meta)

    async def _failed(
        self,
        item: Item,
        reason: str,
        errors: tuple[FieldError, ...],
        *,
        retry_at: datetime | None = None,
        cause: Meta | None = None,
    ) -> int:
        failed = OutgoingFailed(at=self._clock(), reason=reason, errors=errors, retry_at=retry_at)
        return await self._tell(item.id, failed, self._meta(cause, "failed", item))

    async def _queue_webhooks(self, history: tuple[Message, ...], message: Message) -> None:
        if self._endpoint is not None:
            for queued in webhooks(history, message):
                await self._queue([queued], message)

    async def _queue_statement(self, case: Case, record: Record, message: Message) -> None:
        body = json.dumps(record, ensure_ascii=False)
        people = await self._people(case)
        await self._queue(queued_statement(case, record, body, people, message), message)

    async def _queue(self, facts: list[OutgoingFact], message: Message) -> None:
        queued = facts[0]
        assert isinstance(queued, OutgoingQueued)
        meta = caused_by(
            message.meta,
            command=derived_id("queue", queued.outgoing_id),
            time=self._clock(),
            actor="service:moderation",
        )
        await self._items.handle(
            queued.outgoing_id,
            lambda item: facts if item is NO_ITEM else [],
            meta=meta,
            presumed_new=True,
        )

    async def _tell(self, outgoing_id: str, fact: OutgoingFact, meta: Meta) -> int:
        return (await self._items.handle(outgoing_id, lambda _: [fact], meta=meta)).sequence

    async def _item(self, outgoing_id: str) -> Item:
        return (await self._items.read(outgoing_id)).state

    async def _people(self, case: Case) -> list[str]:
        known = [case.accused] if case.accused is not None else []
        for complaint_id in list(case.complaints)[:MOST_PEOPLE]:
            filed = await self._events.read(Aggregate(kind="complaint", id=complaint_id))
            for fact in filed.facts[:1]:
                if isinstance(fact, ComplaintFiled):
                    who = fact.complainant
                    known += [who.name, who.email, who.id]
        return known

    async def _set_timer(self, name: str, at: datetime, outgoing_id: str) -> None:
        data = {"outgoing": outgoing_id, "due_at": at.isoformat()}
        await self._timers.set(name, at, data)

    def _meta(self, cause: Meta | None = None, what: str = "", item: Item = NO_ITEM) -> Meta:
        now = self._clock()
        if cause is None:
            command = new_id()
            return Meta(id=command, time=now, actor="service:moderation", correlation=command)
        command = derived_id(what, cause.id, item.id, str(item.failures))
        return caused_by(cause, command=command, time=now, actor="service:moderation")
