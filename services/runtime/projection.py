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
from typing import Any, NamedTuple

import sqlalchemy as sa
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codec import Fact, Message, Undecodable, decode
from contracts.streams import Stream
from services.runtime.bus import Bus
from services.runtime.database import Database, Row, UtcTime, fetch, upsert
from services.runtime.feed import Delivered, Feed, FeedBroken
from services.runtime.parking import FOLLOWS, Parked, Parking, Stand, is_poison, reason_of
from services.runtime.problems import Unavailable
from services.runtime.rows import OneBehind, RecentRows
from services.runtime.sentences import gettext as _
from services.runtime.tasks import end

log = structlog.get_logger(__name__)

Key = tuple[Any, ...]
BATCH = 2_000
REBUILD_BATCH = 20_000
"""Messages in one transaction. The more, the fewer times a row is written that many facts touch."""
PACE_SECONDS = 0.02
"""The least time from one transaction to the next while following: a transaction costs several
times what a message in it does, so those that come close together share one."""
REST = 9
"""So many times as long as the last transaction took, the next one waits for more to share it: a
projection that keeps up takes a tenth of a processor at most, and leaves the rest to commands."""
LONGEST_REST_SECONDS = 0.1
RETRY_SECONDS = 0.5

FOLDED = Counter("redress_facts_folded", "Facts folded into rows", ["projection"])
POSITION = Gauge("redress_projection_position", "Sequence folded last", ["projection"])


@dataclass(frozen=True, slots=True)
class View:
    """A table kept by a fold.

    `key(fact, message)` names the row that a fact touches (None: none). `fold(row, fact, message)`
    returns the row after the fact; `row` is None when there is none yet. Both are pure. In an
    append-only view every fact makes a row of its own, so no row needs to be read first; nor does
    it before a fact of `births`, which is always the first of its row.
    """

    table: sa.Table
    key: Callable[[Fact, Message], Key | None]
    fold: Callable[[Row | None, Any, Message], Row]
    append_only: bool = False
    births: tuple[type[Fact], ...] = ()


class Read(NamedTuple):
    """A message as read from the log: decoded, or the reason why it could not be."""

    sequence: int
    subject: str
    message: Message | str


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
        self.listeners: list[Callable[[Sequence[Read]], None]] = []
        """Told of each batch that is in the tables, whoever folded it. They must not wait."""
        self._bus = bus
        self._database = database
        self.stream = stream
        self.subjects = tuple(subjects)
        self._views = list(views)
        self._checkpoints = metadata.tables["checkpoints"]
        self._parking = Parking(name, metadata.tables["parked"])
        self._moved = asyncio.Condition()
        self._folded = 0
        self._recent = [RecentRows() for _each in self._views]
        self._rested_at = 0.0
        self._left_as: tuple[int, Stand] | None = None
        """The checkpoint and what was parked when the recent rows were written."""
        self._aside: frozenset[str] = frozenset()
        """The aggregates of which something was parked then."""

    async def run(self) -> None:
        """Follows the log until cancelled, over lost connections and restarts of either side."""
        while True:
            try:
                await self._follow(rebuilding=False)
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
        self._forget()
        self._folded = 0
        started = perf_counter()
        while True:
            try:
                await self._follow(rebuilding=True, until=until)
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
            raise Unavailable(_("This is still being worked into the pages. Try again.")) from error

    async def redrive(self) -> int:
        """Folds the parked messages again, oldest first; returns how many went in.

        An aggregate whose next message still cannot be folded stays parked from there on.
        """
        done = 0
        stuck: set[str] = set()
        while waiting := [each for each in await self._parked() if each.subject not in stuck]:
            for sequence, subject, _why in waiting:
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
        raw = await self._bus.jetstream.get_msg(self.stream.name, seq=sequence)
        self._forget()
        async with self._database.write() as connection:
            await self._lock(connection)
            if not await self._parking.release(connection, sequence):
                return False  # somebody else redrives, too
            await self._fold(connection, [decode(raw.data or b"", sequence=sequence)])
            return True

    async def _follow(self, *, rebuilding: bool, until: int | None = None) -> None:
        at_once = REBUILD_BATCH if rebuilding else BATCH
        async with self._database.write() as connection:
            await self._advance_to(await self._lock(connection))
        subjects = self.subjects
        async with (
            Feed(self._bus, self.stream.name, subjects, after=self.position, batch=at_once) as feed,
            OneBehind() as writing,
        ):
            read: list[Read] = []
            loop = asyncio.get_running_loop()
            self._rested_at = 0.0
            while True:
                if feed.pending == 0:
                    self.caught_up.set()
                    if rebuilding:
                        return
                if feed.pending == 0 and (early := self._rested_at - loop.time()) > 0:
                    await asyncio.sleep(early)
                batch = await feed.next()
                wanted = [each for each in batch if until is None or each.sequence <= until]
                # While the database writes one batch, the next is read and decoded.
                read += map(_decoded, wanted)
                ended = len(wanted) < len(batch)
                at_end = ended or feed.pending == 0
                if read and (at_end or len(read) >= at_once or not (writing.busy or rebuilding)):
                    await writing.start(self._take(read))
                    read = []
                if at_end:
                    await writing.finished()
                if ended:
                    return

    async def _take(self, batch: Sequence[Read]) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await self._apply(batch)
        took = loop.time() - begin
        self._rested_at = begin + max(PACE_SECONDS, took + min(REST * took, LONGEST_REST_SECONDS))
        await self._advance_to(max(self.position, batch[-1].sequence))
        for tell in self.listeners:
            tell(batch)

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

    async def _apply(self, batch: Sequence[Read]) -> None:
        """Folds the batch. What is poison in it is found by halving, and parked alone."""
        try:
            await self._apply_together(batch)
        except BaseException as error:
            self._forget()
            if not isinstance(error, Exception) or not is_poison(error):
                raise
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._apply(batch[:middle])
                await self._apply(batch[middle:])
            else:
                [(sequence, subject, _)] = batch
                await self._apply_together([Read(sequence, subject, reason_of(error))])

    async def _apply_together(self, batch: Sequence[Read]) -> None:
        """One transaction: lock, drop what a twin already folded, fold, write, advance."""
        async with self._database.write() as connection:
            done = await self._lock(connection)
            if done < self.position:
                # A rebuild rewound the checkpoint: going on from here would leave a hole.
                raise FeedBroken("the checkpoint was moved back")
            stand = await self._parking.stand(connection)
            if (done, stand) != self._left_as:
                self._forget()  # a twin folded meanwhile, or an operator redrove
                self._aside = await self._parking.subjects(connection)
            aside = set(self._aside)
            messages: list[Message] = []
            parked: list[Parked] = []
            for sequence, subject, message in batch:
                if sequence <= done:
                    continue
                if isinstance(message, str) or subject in aside:
                    reason = message if isinstance(message, str) else FOLLOWS
                    parked.append(Parked(sequence, subject, reason))
                    aside.add(subject)
                else:
                    messages.append(message)
            await self._parking.park(connection, parked)
            await self._fold(connection, messages)
            done = max(done, batch[-1].sequence)
            await self._set(connection, done)
        self._left_as = (done, stand.after(parked))
        self._aside = frozenset(aside)
        facts = sum(len(message.facts) for message in messages)
        self._folded += facts
        FOLDED.labels(self.name).inc(facts)

    def _forget(self) -> None:
        for recent in self._recent:
            recent.clear()

    async def _fold(self, connection: AsyncConnection, messages: Sequence[Message]) -> None:
        """Brings the views' rows from before the messages to after them."""
        for view, recent in zip(self._views, self._recent, strict=True):
            touched = [
                (key, fact, message)
                for message in messages
                for fact in message.facts
                if (key := view.key(fact, message)) is not None
            ]
            rows = {} if view.append_only else await _before(connection, view, recent, touched)
            for key, fact, message in touched:
                rows[key] = view.fold(rows.get(key), fact, message)
            await upsert(connection, view.table, list(rows.values()))
            if not view.append_only:
                recent.keep(rows)


async def _before(
    connection: AsyncConnection,
    view: View,
    recent: RecentRows,
    touched: Sequence[tuple[Key, Fact, Message]],
) -> dict[Key, Row]:
    """The rows that will be touched, as they are: kept from just now, or else from the table."""
    rows: dict[Key, Row] = {}
    unknown: dict[Key, None] = {}
    born: set[Key] = set()
    for key, fact, _at in touched:
        if key in rows or key in unknown or key in born:
            continue
        if (row := recent.get(key)) is not None:
            rows[key] = row
        elif type(fact) in view.births:
            born.add(key)
        else:
            unknown[key] = None
    return rows | dict(await fetch(connection, view.table, unknown))


def _decoded(delivered: Delivered) -> Read:
    sequence, subject, data = delivered
    try:
        return Read(sequence, subject, decode(data, sequence=sequence))
    except Undecodable as error:
        return Read(sequence, subject, reason_of(error))


@contextlib.asynccontextmanager
async def following(*projectors: Projector) -> AsyncIterator[None]:
    """Runs the projectors for as long as the block lasts."""
    tasks = [asyncio.create_task(p.run(), name=f"projection {p.name}") for p in projectors]
    try:
        yield
    finally:
        await end(*tasks)
