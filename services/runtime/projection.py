"""Projections: facts folded into rows, with the position they were computed at, in one transaction.

A projection is a set of views; a view is a table, a key and a pure fold. The projector reads the
log in order, from the checkpoint in SQL, never from a consumer's memory. A message that cannot be
folded, or whose rows the database refuses, is parked with all later messages of its aggregate;
everything else goes on.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import sqlalchemy as sa
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codec import Fact, Message, decode
from contracts.streams import Stream
from services.runtime.bus import Bus
from services.runtime.database import Database, Row, UtcTime, fetch, upsert
from services.runtime.feed import Delivered, Feed, FeedBroken
from services.runtime.parking import FOLLOWS, Parked, Parking, is_poison, reason_of
from services.runtime.problems import Unavailable

log = structlog.get_logger(__name__)

Key = tuple[Any, ...]
BATCH = 2000
RETRY_SECONDS = 0.5

FOLDED = Counter("redress_facts_folded", "Facts folded into rows", ["projection"])
POSITION = Gauge("redress_projection_position", "Sequence folded last", ["projection"])


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
    """Keeps the views of one service up to date with one stream.

    Several on one database take turns, by the lock on their checkpoint, and count nothing twice.
    """

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
        self.listeners: list[Callable[[Sequence[Delivered]], None]] = []
        """Told of each batch that is in the tables, whoever folded it. They must not wait."""
        self._bus = bus
        self._database = database
        self._stream = stream
        self._subjects = list(subjects)
        self._views = list(views)
        self._checkpoints = metadata.tables["checkpoints"]
        self._parking = Parking(name, metadata.tables["parked"])
        self._moved = asyncio.Condition()
        self._folded = 0

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

        Returns how many facts were folded and in how many seconds. May be run beside a service at
        work, which then folds along (and, with `until`, goes on at the next fact).
        """
        async with self._database.write() as connection:
            await self._lock(connection)
            await self._set(connection, 0)
            for view in self._views:
                await connection.execute(sa.delete(view.table))
            await self._parking.clear(connection)
        self._folded = 0
        started = perf_counter()
        while True:
            try:
                await self._follow(until_caught_up=True, until=until)
            except FeedBroken as interrupted:
                log.info("projection.interrupted", projection=self.name, why=str(interrupted))
            else:
                return self._folded, perf_counter() - started

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
        """Folds the parked messages again, oldest first; returns how many went in.

        An aggregate whose next message still cannot be folded stays parked from there on.
        """
        done = 0
        stuck: set[str] = set()
        while waiting := [each for each in await self._parked() if each.subject not in stuck]:
            for sequence, subject, _ in waiting:
                if subject in stuck:
                    continue
                try:
                    done += await self._unpark(sequence)
                except Exception as error:
                    if not is_poison(error):
                        raise
                    log.warning("projection.still_parked", sequence=sequence, why=reason_of(error))
                    stuck.add(subject)
        return done

    async def _parked(self) -> list[Parked]:
        async with self._database.read() as connection:
            return await self._parking.all(connection)

    async def _unpark(self, sequence: int) -> bool:
        raw = await self._bus.jetstream.get_msg(self._stream.name, seq=sequence)
        async with self._database.write() as connection:
            await self._lock(connection)
            if not await self._parking.release(connection, sequence):
                return False  # somebody else redrives, too
            await self._fold(connection, [decode(raw.data or b"", sequence=sequence)])
            return True

    async def _follow(self, *, until_caught_up: bool, until: int | None = None) -> None:
        async with self._database.write() as connection:
            await self._advance_to(await self._lock(connection))
        async with Feed(
            self._bus, self._stream.name, self._subjects, after=self.position, batch=BATCH
        ) as feed:
            while True:
                if feed.pending == 0:
                    self.caught_up.set()
                    if until_caught_up:
                        return
                batch = await feed.next()
                wanted = [each for each in batch if until is None or each.sequence <= until]
                if wanted:
                    await self._apply(wanted)
                    await self._advance_to(max(self.position, wanted[-1].sequence))
                    for tell in self.listeners:
                        tell(wanted)
                if len(wanted) < len(batch):
                    return

    async def _lock(self, connection: AsyncConnection) -> int:
        """The checkpoint, locked until the transaction ends: twins take turns."""
        checkpoint = self._checkpoints.c
        query = sa.select(checkpoint.sequence).where(checkpoint.projection == self.name)
        sequence: int | None = (await connection.execute(query.with_for_update())).scalar()
        if sequence is not None:
            return sequence
        # There is no row to lock yet. Of twins that come here at once one makes it, all lock it.
        first = sa.text(
            f"INSERT INTO {self._checkpoints.name} (projection, sequence) VALUES (:name, 0)"
            " ON CONFLICT (projection) DO NOTHING"
        )
        await connection.execute(first, {"name": self.name})
        made: int = (await connection.execute(query.with_for_update())).scalar_one()
        return made

    async def _set(self, connection: AsyncConnection, sequence: int) -> None:
        row = {"projection": self.name, "sequence": sequence}
        await upsert(connection, self._checkpoints, [row])

    async def _advance_to(self, sequence: int) -> None:
        async with self._moved:
            self.position = sequence
            self._moved.notify_all()
        POSITION.labels(self.name).set(sequence)

    async def _apply(self, batch: Sequence[Delivered]) -> None:
        """Folds the batch. What is poison in it is found by halving, and parked alone."""
        try:
            await self._apply_together(batch)
        except Exception as error:
            if not is_poison(error):
                raise
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._apply(batch[:middle])
                await self._apply(batch[middle:])
            else:
                await self._apply_together(batch, poison=reason_of(error))

    async def _apply_together(self, batch: Sequence[Delivered], poison: str | None = None) -> None:
        """One transaction: lock, drop what a twin already folded, fold, write, advance.

        A batch known as `poison` (the reason) is parked instead.
        """
        async with self._database.write() as connection:
            done = await self._lock(connection)
            if done < self.position:
                # A rebuild rewound the checkpoint: going on from here would leave a hole.
                raise FeedBroken("the checkpoint was moved back")
            aside = await self._parking.subjects(connection)
            messages: list[Message] = []
            parked: list[Parked] = []
            for sequence, msg in batch:
                if sequence <= done:
                    continue
                if poison or msg.subject in aside:
                    parked.append(Parked(sequence, msg.subject, poison or FOLLOWS))
                else:
                    messages.append(decode(msg.data, sequence=sequence))
            await self._parking.park(connection, parked)
            await self._fold(connection, messages)
            await self._set(connection, max(done, batch[-1].sequence))
        facts = sum(len(message.facts) for message in messages)
        self._folded += facts
        FOLDED.labels(self.name).inc(facts)

    async def _fold(self, connection: AsyncConnection, messages: Sequence[Message]) -> None:
        """Brings the views' rows from before the messages to after them."""
        for view in self._views:
            touched = [
                (key, fact, message)
                for message in messages
                for fact in message.facts
                if (key := view.key(fact, message)) is not None
            ]
            keys = () if view.append_only else {key for key, _, _ in touched}
            rows = dict(await fetch(connection, view.table, keys))
            for key, fact, message in touched:
                rows[key] = view.fold(rows.get(key), fact, message)
            await upsert(connection, view.table, list(rows.values()))


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
