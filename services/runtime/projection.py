"""Projections: facts folded into rows, with the position they were computed at, in one transaction.

A projection is a set of views; a view is a table, a key and a pure fold. The projector reads the
log in order, from the checkpoint in SQL, never from a consumer's memory. A message that cannot be
folded is parked, with all later messages of its aggregate; everything else goes on.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import sqlalchemy as sa
import structlog
from nats.aio.msg import Msg
from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codec import Fact, Message, Undecodable, decode
from contracts.streams import Stream
from services.runtime.bus import Bus
from services.runtime.clock import utcnow
from services.runtime.database import Database, Row, UtcTime, fetch, upsert
from services.runtime.feed import Feed, FeedBroken
from services.runtime.problems import Unavailable

log = structlog.get_logger(__name__)

Key = tuple[Any, ...]
BATCH = 2000
RETRY_SECONDS = 0.5

FOLDED = Counter("redress_facts_folded", "Facts folded into rows", ["projection"])
POSITION = Gauge("redress_projection_position", "Sequence folded last", ["projection"])
PARKED = Counter("redress_messages_parked", "Messages that could not be folded", ["projection"])


@dataclass(frozen=True, slots=True)
class View:
    """A table kept by a fold.

    `key(fact, message)` names the row that a fact touches (None: none). `fold(row, fact, message)`
    returns the row after the fact; `row` is None when there is none yet. Both are pure. In an
    append-only view every fact makes a row of its own, so no row needs to be read first.
    """

    table: sa.Table
    key: Callable[[Fact, Message], Key | None]
    fold: Callable[[Row | None, Any, Message], Row]
    append_only: bool = False


def bookkeeping(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    """The two tables that a projector keeps beside the views: checkpoints, and parked messages."""
    checkpoints = sa.Table(
        "checkpoints",
        metadata,
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    parked = sa.Table(
        "parked",
        metadata,
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("parked_at", UtcTime, nullable=False),
    )
    return checkpoints, parked


class Projector:
    """Keeps the views of one service up to date with one stream."""

    def __init__(
        self,
        name: str,
        *,
        bus: Bus,
        database: Database,
        metadata: sa.MetaData,
        stream: Stream,
        subjects: Sequence[str],
        views: Sequence[View],
    ) -> None:
        self.name = name
        self.position = 0
        self.caught_up = asyncio.Event()
        self._bus = bus
        self._database = database
        self._stream = stream
        self._subjects = list(subjects)
        self._views = list(views)
        self._checkpoints = metadata.tables["checkpoints"]
        self._parked = metadata.tables["parked"]
        self._moved = asyncio.Condition()
        self._parked_subjects: set[str] | None = None

    async def run(self) -> None:
        """Follows the log until cancelled, over lost connections and restarts of either side."""
        while True:
            try:
                await self._follow(until_caught_up=False)
            except (FeedBroken, Unavailable) as interrupted:
                log.info("projection.interrupted", projection=self.name, why=str(interrupted))
            except Exception:
                log.exception("projection.failed", projection=self.name)
            await asyncio.sleep(RETRY_SECONDS)

    async def rebuild(self, *, until: int | None = None) -> tuple[int, float]:
        """Drops every row and folds the log anew, up to sequence `until` if given.

        Returns how many facts were folded and in how many seconds.
        """
        async with self._database.write() as connection:
            for view in self._views:
                await connection.execute(sa.delete(view.table))
            for table in (self._checkpoints, self._parked):
                await connection.execute(
                    sa.delete(table).where(table.c.projection == self.name)
                )
        self._parked_subjects = None
        started = perf_counter()
        folded = await self._follow(until_caught_up=True, until=until)
        return folded, perf_counter() - started

    async def wait_for(self, sequence: int, *, timeout: float = 5.0) -> None:
        """Returns when everything up to `sequence` is folded, so that a query sees it.

        Raises Unavailable when that takes longer than `timeout` seconds.
        """
        if self.position >= sequence:
            return
        try:
            async with asyncio.timeout(timeout), self._moved:
                await self._moved.wait_for(lambda: self.position >= sequence)
        except TimeoutError as error:
            raise Unavailable("This is still being worked into the pages. Try again.") from error

    async def redrive(self) -> int:
        """Folds the parked messages again, oldest first; returns how many went in."""
        async with self._database.read() as connection:
            query = (
                sa.select(self._parked.c.sequence)
                .where(self._parked.c.projection == self.name)
                .order_by(self._parked.c.sequence)
            )
            sequences = list((await connection.execute(query)).scalars())
        done = 0
        for sequence in sequences:
            raw = await self._bus.jetstream.get_msg(self._stream.name, seq=sequence)
            async with self._database.write() as connection:
                try:
                    message = decode(raw.data or b"", sequence=sequence)
                    before = await self._rows_before(connection, [message])
                    after = fold_message(self._views, before, [{} for _ in self._views], message)
                except Exception as error:
                    log.warning("projection.still_parked", sequence=sequence, why=repr(error))
                    break
                await self._write(connection, after)
                await connection.execute(
                    sa.delete(self._parked).where(
                        self._parked.c.projection == self.name,
                        self._parked.c.sequence == sequence,
                    )
                )
                done += 1
        self._parked_subjects = None
        return done

    async def _follow(self, *, until_caught_up: bool, until: int | None = None) -> int:
        folded = 0
        await self._advance_to(await self._checkpoint())
        async with Feed(
            self._bus, self._stream.name, self._subjects, after=self.position, batch=BATCH
        ) as feed:
            while True:
                if feed.pending == 0:
                    self.caught_up.set()
                    if until_caught_up:
                        return folded
                batch = await feed.next()
                if until is not None:
                    batch = [each for each in batch if each.sequence <= until]
                    if not batch:
                        return folded
                if batch:
                    folded += await self._apply([(each.sequence, each.msg) for each in batch])
                    await self._advance_to(max(self.position, batch[-1].sequence))

    async def _checkpoint(self) -> int:
        async with self._database.read() as connection:
            query = sa.select(self._checkpoints.c.sequence).where(
                self._checkpoints.c.projection == self.name
            )
            sequence: int | None = (await connection.execute(query)).scalar()
            return sequence or 0

    async def _advance_to(self, sequence: int) -> None:
        async with self._moved:
            self.position = sequence
            self._moved.notify_all()
        POSITION.labels(self.name).set(sequence)

    async def _apply(self, raw: list[tuple[int, Msg]]) -> int:
        """One transaction: lock, drop what a twin already folded, fold, write, advance."""
        async with self._database.write() as connection:
            query = sa.select(self._checkpoints.c.sequence).where(
                self._checkpoints.c.projection == self.name
            )
            done: int = (await connection.execute(query.with_for_update())).scalar() or 0
            if done < self.position:
                # A rebuild rewound the checkpoint: going on from here would leave a hole.
                raise FeedBroken("the checkpoint was moved back")
            if self._parked_subjects is None:
                parked = sa.select(self._parked.c.subject).where(
                    self._parked.c.projection == self.name
                )
                self._parked_subjects = set((await connection.execute(parked)).scalars())
            messages = [
                message
                for sequence, msg in raw
                if sequence > done
                and (message := await self._decode(connection, sequence, msg)) is not None
            ]
            await self._write(connection, await self._fold(connection, messages))
            await upsert(
                connection,
                self._checkpoints,
                [{"projection": self.name, "sequence": max(done, raw[-1][0])}],
            )
        facts = sum(len(message.facts) for message in messages)
        FOLDED.labels(self.name).inc(facts)
        return facts

    async def _decode(self, connection: AsyncConnection, sequence: int, msg: Msg) -> Message | None:
        assert self._parked_subjects is not None
        if msg.subject in self._parked_subjects:
            await self._park(connection, sequence, msg.subject, "after a parked message")
            return None
        try:
            return decode(msg.data, sequence=sequence)
        except Undecodable as error:
            await self._park(connection, sequence, msg.subject, str(error))
            return None

    async def _fold(
        self, connection: AsyncConnection, messages: list[Message]
    ) -> list[dict[Key, Row]]:
        """The rows that the messages leave behind, by view; the fold itself is pure."""
        before = await self._rows_before(connection, messages)
        after: list[dict[Key, Row]] = [{} for _ in self._views]
        for message in messages:
            if self._parked_subjects and message.subject in self._parked_subjects:
                await self._park(
                    connection, message.sequence, message.subject, "after a parked message"
                )
                continue
            try:
                touched = fold_message(self._views, before, after, message)
            except Exception as error:
                log.exception("projection.poison", projection=self.name, subject=message.subject)
                await self._park(connection, message.sequence, message.subject, repr(error))
                continue
            for rows, changed in zip(after, touched, strict=True):
                rows.update(changed)
        return after

    async def _rows_before(
        self, connection: AsyncConnection, messages: list[Message]
    ) -> list[dict[Key, Row]]:
        stored: list[dict[Key, Row]] = []
        for view in self._views:
            keys: set[Key] = set()
            if not view.append_only:
                for message in messages:
                    touched = (view.key(fact, message) for fact in message.facts)
                    keys.update(key for key in touched if key is not None)
            stored.append(dict(await fetch(connection, view.table, keys)))
        return stored

    async def _write(self, connection: AsyncConnection, after: list[dict[Key, Row]]) -> None:
        for view, rows in zip(self._views, after, strict=True):
            await upsert(connection, view.table, list(rows.values()))

    async def _park(
        self, connection: AsyncConnection, sequence: int, subject: str, reason: str
    ) -> None:
        assert self._parked_subjects is not None
        self._parked_subjects.add(subject)
        PARKED.labels(self.name).inc()
        log.error("projection.parked", projection=self.name, subject=subject, reason=reason)
        row = {
            "projection": self.name,
            "sequence": sequence,
            "subject": subject,
            "reason": reason,
            "parked_at": utcnow(),
        }
        await upsert(connection, self._parked, [row])


def fold_message(
    views: Sequence[View],
    before: Sequence[dict[Key, Row]],
    after: Sequence[dict[Key, Row]],
    message: Message,
) -> list[dict[Key, Row]]:
    """The rows that one message changes, all of its facts or none: pure.

    `before` are rows as stored, `after` as changed by earlier messages of the same batch.
    """
    touched: list[dict[Key, Row]] = []
    for view, stored, changed in zip(views, before, after, strict=True):
        rows: dict[Key, Row] = {}
        for fact in message.facts:
            key = view.key(fact, message)
            if key is None:
                continue
            row = rows.get(key) or changed.get(key) or stored.get(key)
            rows[key] = view.fold(row, fact, message)
        touched.append(rows)
    return touched


@contextlib.asynccontextmanager
async def following(*projectors: Projector) -> AsyncIterator[None]:
    """Runs the projectors for as long as the block lasts."""
    tasks = [asyncio.create_task(p.run(), name=f"projection {p.name}") for p in projectors]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
