"""The event store: JetStream's log, read and appended to by aggregate.

There is one way to write a fact, `EventStore.append`: an exact guard on the aggregate's own
subject, a deterministic message id, and patience with unclear answers. What arrives together is
written as one atomic batch, and so made durable by one fsync.
"""

import asyncio
import json
from array import array
from base64 import b64decode
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar
from weakref import WeakValueDictionary

import stamina
import structlog
from nats.aio.msg import Msg

from contracts.codec import Fact, Message, decode_again, encode
from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from contracts.streams import Stream, stream_of
from services.runtime.bus import UNCLEAR, Bus, StreamError, header_lines
from services.runtime.memory import Known, Memory
from services.runtime.problems import Conflict, Refused, Stale, TooLarge, Unavailable
from services.runtime.sentences import gettext as _

log = structlog.get_logger(__name__)

S = TypeVar("S")

MSG_ID = "Nats-Msg-Id"
GUARD = "Nats-Expected-Last-Subject-Sequence"
WRONG_LAST_SEQUENCE = {10071, 10164}
NO_MESSAGE = 10037
PASSING = {10008, 10023, 10077, 10158, 10201}
"""Refusals that say nothing for good: a cluster without a leader for the moment, a full buffer, our
own first try still under way, a batch repeated."""

WORTH_A_BATCH = 10
"""A batch costs about 5 ms and a tenth of one for each message, a message alone 0.6 ms (measured
with nats-server 2.15 and `sync_interval: always`): few messages go alone, but at once."""
BATCH_MESSAGES = 500
"""Half of what the server takes in one atomic batch."""
BATCH_BYTES = 4 << 20
READ_MESSAGES = 1000
ANSWER_SECONDS = 3.0
PATIENCE_SECONDS = 20.0
"""An R3 leader's death takes 4 to 8 s, a restart of a server with a long log a little more."""
HEADER_BYTES = 1024
"""More than our headers ever take of the server's limit to one message."""


class History(NamedTuple):
    """Messages of one aggregate. `version` is the last one's sequence, 0 when there is none:
    the guard of the next append, the ETag and `If-Match` of the HTTP API."""

    messages: tuple[Message, ...]
    version: int

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(fact for message in self.messages for fact in message.facts)


class Handled(NamedTuple, Generic[S]):
    """What a command came to: the state after it, its facts and the sequence they stand at."""

    state: S
    facts: tuple[Fact, ...]
    version: int
    sequence: int


class Unclear(Exception):
    """No answer, or none that tells whether the message was stored."""


class _Stored(NamedTuple):
    sequence: int
    before: bool
    """It stood there already: an earlier try of ours, or the same command sent twice."""


class _Write(NamedTuple):
    subject: str
    payload: bytes
    message_id: str
    expected: int
    deadline: float
    done: "asyncio.Future[_Stored]"

    @property
    def headers(self) -> dict[str, str]:
        return {MSG_ID: self.message_id, GUARD: str(self.expected)}


class EventStore:
    """The log as aggregates. `source` is the service that writes, e.g. `moderation`."""

    def __init__(self, bus: Bus, *, source: str) -> None:
        self._bus = bus
        self._source = f"redress/{source}"
        self._groups: dict[str, _GroupCommit] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def append(
        self, aggregate: Aggregate, facts: Sequence[Fact], *, expected: int, meta: Meta
    ) -> int:
        """Appends the facts of one command as one message and returns its stream sequence.

        `expected` is the aggregate's version that the command was decided on, 0 for a new one.
        The same command appended again returns the sequence it has. Raises Conflict when another
        message stands after `expected`, TooLarge when no message can hold the facts, Unavailable
        when the log gives no clear answer for `PATIENCE_SECONDS`; only then is it unknown whether
        the facts were stored.
        """
        return (await self._store(aggregate, facts, expected=expected, meta=meta)).sequence

    async def _store(
        self, aggregate: Aggregate, facts: Sequence[Fact], *, expected: int, meta: Meta
    ) -> _Stored:
        stream = stream_of(aggregate.kind).name
        payload = encode(
            source=self._source, subject=aggregate.subject, meta=meta, facts=tuple(facts)
        )
        if len(payload) + HEADER_BYTES > self._bus.client.max_payload:
            raise TooLarge(_("This is more than one entry of the log can hold."))
        loop = asyncio.get_running_loop()
        write = _Write(
            subject=aggregate.subject,
            payload=payload,
            # The stream's dedupe window knows no subjects, so the id names the aggregate too.
            message_id=f"{aggregate.subject}/{meta.id}",
            expected=expected,
            deadline=loop.time() + PATIENCE_SECONDS,
            done=loop.create_future(),
        )
        group = self._groups.get(stream)
        if group is None:
            group = self._groups[stream] = _GroupCommit(self._bus, stream)
        group.add(write)
        return await write.done

    async def read(self, aggregate: Aggregate, *, after: int = 0) -> History:
        """The messages of the aggregate after a version (all of them without), in order.

        Raises Unavailable when the log is away.
        """
        stream = stream_of(aggregate.kind)
        try:
            until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
            raw = await _patiently(
                lambda: self._read(stream, aggregate.subject, after), until=until
            )
        except Unclear as error:
            raise Unavailable(_("The log does not answer.")) from error
        messages = tuple(decode_again(payload, sequence=sequence) for sequence, payload in raw)
        return History(messages, messages[-1].sequence if messages else after)

    async def version(self, aggregate: Aggregate) -> int:
        """The sequence of the aggregate's last message, 0 for none: half the cost of reading it.

        Raises Unavailable when the log is away.
        """
        stream = stream_of(aggregate.kind).name
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        try:
            return await _patiently(lambda: self._last(stream, aggregate.subject), until=until)
        except Unclear as error:
            raise Unavailable(_("The log does not answer.")) from error

    async def _last(self, stream: str, subject: str) -> int:
        try:
            found = await self._bus.get(stream, {"last_by_subj": subject}, wait=ANSWER_SECONDS)
        except Unavailable as error:
            raise Unclear from error
        return int((found.headers or {})["Nats-Sequence"]) if found else 0

    async def _read(self, stream: Stream, subject: str, after: int) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        more = True
        while more:
            start = (found[-1][0] if found else after) + 1
            request = {"seq": start, "next_by_subj": subject, "batch": READ_MESSAGES}
            async with self._bus.ask(f"$JS.API.DIRECT.GET.{stream.name}", request) as answers:
                more = await _collect(answers, found)
        return found

    async def handle(
        self,
        aggregate: Aggregate,
        *,
        initial: S,
        evolve: Callable[[S, Any], S],
        decide: Callable[[S], Sequence[Fact]],
        meta: Meta,
        if_match: int | None = None,
        memory: Memory[S] | None = None,
        seen: int = 0,
        presumed_new: bool = False,
    ) -> Handled[S]:
        """Decides one command on the aggregate's own history and appends what follows.

        Decided anew when somebody else wrote meanwhile, unless `if_match` pins the version that
        the sender saw: then Stale is raised. A command whose `meta.id` stands in the history
        already is not decided again; what it did then is returned. No facts append nothing.

        With `memory` a command costs one append and no reading: the guard refuses what was decided
        on a history that has grown meanwhile. What appends nothing, or is refused, passes no guard,
        and so is decided again on the log itself. `seen` is a version that the caller has heard of:
        what is remembered from before it is brought up to date first. With `presumed_new`, what is
        not remembered is taken for new, where most are.
        """
        subject = aggregate.subject
        lock = self._locks.setdefault(subject, asyncio.Lock())
        async with lock:  # saves conflicts within this process; the guard rules out all others
            known = memory.get(subject) if memory is not None else None
            if known is None and presumed_new:
                known = _nothing(initial)
            from_log = (
                known is None
                or known.version < seen
                or (if_match is not None and if_match != known.version)
            )
            while True:
                if known is None or from_log:
                    known = await self.fold(aggregate, known, initial=initial, evolve=evolve)
                    from_log = True
                    if memory is not None and known.version:
                        memory.put(subject, known)
                if known.may_have_done(meta.id):
                    done = await self._done(aggregate, meta.id, initial, evolve)
                    if done is not None:
                        return done
                if if_match is not None and if_match != known.version:
                    raise Stale(
                        _("Somebody changed this since you read it. Look again, then decide."),
                        version=known.version,
                    )
                try:
                    facts = tuple(decide(known.state))
                except Refused:
                    if from_log:
                        raise
                    facts = ()
                if not facts:
                    if from_log:
                        return Handled(known.state, (), known.version, known.version)
                    from_log = True
                    continue
                try:
                    sequence, before_us = await self._store(
                        aggregate, facts, expected=known.version, meta=meta
                    )
                except Conflict:
                    known = None
                    continue
                if before_us:
                    known = None  # what stands there may have been decided by our twin: read it
                    continue
                known = known.after(facts, evolve, command=meta.id, sequence=sequence)
                if memory is not None:
                    memory.put(subject, known)
                return Handled(known.state, facts, sequence, sequence)

    async def fold(
        self,
        aggregate: Aggregate,
        known: Known[S] | None = None,
        *,
        initial: S,
        evolve: Callable[[S, Any], S],
    ) -> Known[S]:
        """The aggregate as the log has it: what is `known`, with what was written after it.

        Raises Unavailable when the log is away.
        """
        if known is None:
            known = _nothing(initial)
        for message in (await self.read(aggregate, after=known.version)).messages:
            known = known.after(
                message.facts, evolve, command=message.meta.id, sequence=message.sequence
            )
        return known

    async def _done(
        self, aggregate: Aggregate, command: str, initial: S, evolve: Callable[[S, Any], S]
    ) -> Handled[S] | None:
        """What a command did when it was carried out; None when it was not."""
        history = await self.read(aggregate)
        before = next((each for each in history.messages if each.meta.id == command), None)
        if before is None:
            return None
        state = initial
        for fact in history.facts:
            state = evolve(state, fact)
        return Handled(state, before.facts, history.version, before.sequence)


def _nothing(initial: S) -> Known[S]:
    return Known(initial, 0, array("q"))


class _GroupCommit:
    """Writes of one stream: one batch under way, the next one gathering meanwhile."""

    def __init__(self, bus: Bus, stream: str) -> None:
        self._bus = bus
        self._stream = stream
        self._waiting: deque[_Write] = deque()
        self._running: asyncio.Task[None] | None = None

    def add(self, write: _Write) -> None:
        self._waiting.append(write)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name=f"append {self._stream}")

    async def _run(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            try:
                if len(batch) >= WORTH_A_BATCH and await self._write_together(batch):
                    continue
                await asyncio.gather(*(self._write_alone(write) for write in batch))
            except Exception as error:  # never leave a caller waiting
                log.exception("append.failed", stream=self._stream)
                for write in batch:
                    _fail(write, error)

    def _next_batch(self) -> list[_Write]:
        """The oldest writes, at most one for each subject: guards cannot chain in a batch."""
        batch: dict[str, _Write] = {}
        later: list[_Write] = []
        size = 0
        while self._waiting and len(batch) < BATCH_MESSAGES and size < BATCH_BYTES:
            write = self._waiting.popleft()
            if write.subject in batch:
                later.append(write)
            else:
                batch[write.subject] = write
                size += len(write.payload)
        self._waiting.extendleft(reversed(later))
        return list(batch.values())

    async def _write_together(self, batch: list[_Write]) -> bool:
        """One atomic batch: all or nothing. False when refused or unclear: settle them singly."""
        batch_id = new_id()
        client = self._bus.client
        try:
            for position, write in enumerate(batch[:-1], start=1):
                headers = write.headers | {
                    "Nats-Batch-Id": batch_id,
                    "Nats-Batch-Sequence": str(position),
                }
                await client.publish(write.subject, write.payload, headers=headers)
            last = batch[-1]
            headers = last.headers | {
                "Nats-Batch-Id": batch_id,
                "Nats-Batch-Sequence": str(len(batch)),
                "Nats-Batch-Commit": "1",
            }
            answer = await client.request(
                last.subject, last.payload, headers=headers, timeout=ANSWER_SECONDS
            )
            first = _stored(answer.data).sequence - len(batch) + 1
        except (*UNCLEAR, StreamError) as error:
            log.info("append.batch_refused", stream=self._stream, size=len(batch), why=repr(error))
            return False
        for offset, write in enumerate(batch):
            _succeed(write, _Stored(first + offset, before=False))
        return True

    async def _write_alone(self, write: _Write) -> None:
        try:
            done = await _patiently(lambda: self._try_once(write), until=write.deadline)
            _succeed(write, done)
        except Unclear:
            _fail(
                write, Unavailable(_("The log gives no clear answer. Try again with the same key."))
            )
        except Conflict as conflict:
            _fail(write, conflict)
        except StreamError as error:
            log.error("append.refused", subject=write.subject, error=str(error))
            _fail(
                write,
                Unavailable(
                    _("The log does not take it: %(description)s.")
                    % {"description": error.description}
                ),
            )

    async def _try_once(self, write: _Write) -> _Stored:
        """Writes under the guard; where the guard refuses, looks who was first: perhaps we."""
        try:
            answer = await self._bus.client.request(
                write.subject, write.payload, headers=write.headers, timeout=ANSWER_SECONDS
            )
            return _stored(answer.data)
        except UNCLEAR as error:
            raise Unclear from error
        except StreamError as error:
            if error.code in PASSING:
                raise Unclear from error
            if error.code not in WRONG_LAST_SEQUENCE:
                raise
        stored = await self._after(write)
        if stored is None:
            raise Conflict(_("This was decided on a version that does not exist."))
        sequence, message_id = stored
        if message_id != write.message_id:
            raise Conflict(_("Somebody else acted on this at the same time. Look again."))
        return _Stored(sequence, before=True)

    async def _after(self, write: _Write) -> tuple[int, str] | None:
        """The first message on the subject after the guarded one: its sequence and message id.

        Asked of the stream's leader: a direct get may be answered by a replica that lags behind.
        """
        request = {"seq": write.expected + 1, "next_by_subj": write.subject}
        try:
            document = await self._bus.api(
                f"STREAM.MSG.GET.{self._stream}", request, wait=ANSWER_SECONDS
            )
        except Unavailable as error:
            raise Unclear from error
        except StreamError as error:
            if error.code == NO_MESSAGE:
                return None
            raise Unclear from error
        found = document["message"]
        headers = header_lines(b64decode(found.get("hdrs", "")))
        return int(found["seq"]), headers.get(MSG_ID, "")


async def _patiently(call: Callable[[], Awaitable[S]], *, until: float) -> S:
    """What `call` returns, tried while it raises Unclear, until that moment of the loop's clock."""
    with suppress(Unclear):
        return await call()  # nearly always; setting up the tries costs more than the call
    left = until - asyncio.get_running_loop().time()
    async for attempt in stamina.retry_context(
        on=Unclear, timeout=max(0.01, left), attempts=None, wait_initial=0.05, wait_max=1.0
    ):
        with attempt:
            return await call()
    raise Unclear


async def _collect(answers: "asyncio.Queue[Msg]", found: list[tuple[int, bytes]]) -> bool:
    """Adds one batch of direct answers to `found`; True when there are more in the stream."""
    while True:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await answers.get()
        except TimeoutError as error:
            raise Unclear from error
        headers = answer.headers or {}
        match headers.get("Status"):
            case None:
                found.append((int(headers["Nats-Sequence"]), answer.data))
            case "204":  # end of the batch
                return int(headers.get("Nats-Num-Pending", "0")) > 0
            case "404":
                return False
            case status:
                raise Unclear(status)


def _stored(answer: bytes) -> _Stored:
    """What a publish acknowledgement says. Raises StreamError when it is a refusal."""
    document = json.loads(answer)
    if "error" in document:
        error = document["error"]
        raise StreamError(error.get("err_code", 0), error.get("description", ""))
    return _Stored(int(document["seq"]), before=document.get("duplicate", False))


def _succeed(write: _Write, stored: _Stored) -> None:
    if not write.done.done():
        write.done.set_result(stored)


def _fail(write: _Write, error: Exception) -> None:
    if not write.done.done():
        write.done.set_exception(error)
