"""Queries on chats and operators."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from services.chat.estimate import Rates, shrunk_rate
from services.chat.tables import chats, checkpoints, operators
from services.runtime.database import Database, Row, rows_of
from services.runtime.projection import Projector

LATELY = timedelta(days=7)
SAMPLE = 200
"""Finished chats that the mean handling time is taken from."""
SERVICE_LEVEL = 120
"""Seconds within which an operator should be there (R8)."""


class Live(NamedTuple):
    """Everything that is under way, and the position in the log that this was true at."""

    position: int
    chats: tuple[str, ...]
    operators: tuple[str, ...]


class Store:
    """Reads; the projector writes."""

    def __init__(self, database: Database, projector: Projector) -> None:
        self._database = database
        self._projector = projector

    async def reached(self, sequence: int) -> None:
        """Returns when what stands in the log up to `sequence` is in the tables. Raises
        Unavailable when that takes longer than five seconds."""
        await self._projector.wait_for(sequence)

    async def live(self, projection: str) -> Live:
        async with self._database.read() as connection:
            # The position first: what is folded later only makes the lists newer than it.
            position = (
                await connection.execute(
                    sa.select(checkpoints.c.sequence).where(checkpoints.c.projection == projection)
                )
            ).scalar()
            living = await connection.execute(sa.select(chats.c.id).where(chats.c.live))
            known = await connection.execute(sa.select(operators.c.id))
            return Live(
                position or 0, tuple(row.id for row in living), tuple(row.id for row in known)
            )

    async def one(self, chat_id: str) -> Row | None:
        rows = await self._rows(sa.select(chats).where(chats.c.id == chat_id))
        return rows[0] if rows else None

    async def of_customer(self, customer: str, *, before: int | None, limit: int) -> Sequence[Row]:
        """The chats of a customer (as an actor, `member:ivan`), newest first."""
        return await self._page(chats.c.customer == customer, before, limit)

    async def live_of_customer(self, customer: str) -> Row | None:
        """The chat that a customer has open, the newest where there are several."""
        query = sa.select(chats).where(
            chats.c.customer == customer, chats.c.live, chats.c.phase != "wrap_up"
        )
        rows = await self._rows(query.order_by(chats.c.sequence.desc()).limit(1))
        return rows[0] if rows else None

    async def is_blocked(self, customer: str, since: datetime) -> bool:
        """Whether a chat of this customer was ended by blocking them since then."""
        query = sa.select(chats.c.id).where(
            chats.c.customer == customer,
            chats.c.ended_reason == "blocked",
            chats.c.ended_at >= since,
        )
        return bool(await self._rows(query.limit(1)))

    async def reopened(self, since: datetime, until: datetime) -> int:
        """Of the chats begun in the span that the virtual agent resolved alone: how many customers
        were back within a day."""
        c = chats.c
        resolved = sa.select(c.customer, c.ended_at).where(
            c.initiated_at >= since,
            c.initiated_at < until,
            c.bot.is_(True),
            c.queued_at.is_(None),
            c.bot_answers > 0,
            c.ended_at.is_not(None),
        )
        ended = await self._rows(resolved)
        begun = sa.select(c.customer, c.initiated_at).where(c.initiated_at >= since)
        later: dict[str, list[datetime]] = {}
        for row in await self._rows(begun):
            later.setdefault(row["customer"], []).append(row["initiated_at"])
        return sum(
            any(
                row["ended_at"] < again <= row["ended_at"] + timedelta(hours=24)
                for again in later.get(row["customer"], ())
            )
            for row in ended
        )

    async def last_operator(self, customer: str) -> str | None:
        query = (
            sa.select(chats.c.operator)
            .where(chats.c.customer == customer, chats.c.operator.is_not(None))
            .order_by(chats.c.sequence.desc())
            .limit(1)
        )
        rows = await self._rows(query)
        return rows[0]["operator"] if rows else None

    async def search(
        self,
        *,
        phase: str | None = None,
        operator: str | None = None,
        language: str | None = None,
        text: str = "",
        before: int | None,
        limit: int,
    ) -> Sequence[Row]:
        """Chats for staff, newest first. `text` is the start of a name or address, or a complaint
        number."""
        conditions: list[sa.ColumnElement[bool]] = []
        if phase:
            conditions.append(chats.c.phase == phase)
        if operator:
            conditions.append(chats.c.operator == operator)
        if language:
            conditions.append(chats.c.language == language)
        if wanted := text.strip():
            conditions.append(
                sa.or_(
                    chats.c.customer_name.istartswith(wanted, autoescape=True),
                    chats.c.customer_email.istartswith(wanted, autoescape=True),
                    chats.c.complaint_number == wanted.upper(),
                )
            )
        return await self._page(sa.and_(sa.true(), *conditions), before, limit)

    async def left_messages(self, limit: int = 100) -> Sequence[Row]:
        """Messages that were left out of hours and wait for somebody to take them, oldest first."""
        query = sa.select(chats).where(chats.c.live, chats.c.phase == "offline_message")
        return await self._rows(query.order_by(chats.c.sequence).limit(limit))

    async def rates(self, language: str, *, now: datetime) -> Rates:
        """What the estimate needs to know of a language's queue."""
        handled = (
            sa.select(chats.c.handled)
            .where(
                chats.c.language == language,
                chats.c.handled.is_not(None),
                chats.c.ended_at >= now - LATELY,
            )
            .order_by(chats.c.ended_at.desc())
            .limit(SAMPLE)
        )
        lengths = [row["handled"] for row in await self._rows(handled)]
        recent = await self._queueing(language, now - timedelta(hours=1), now)
        usual, usual_seconds = 0, 0.0
        for weeks in range(1, 5):
            hour = (now - timedelta(weeks=weeks)).replace(minute=0, second=0, microsecond=0)
            gone, seconds = await self._queueing(language, hour, hour + timedelta(hours=1))
            usual, usual_seconds = usual + gone, usual_seconds + seconds
        return Rates(
            finished=len(lengths),
            handling=sum(lengths) / len(lengths) if lengths else 0.0,
            abandoning=shrunk_rate(
                recent=recent[0],
                recent_seconds=recent[1],
                usual=usual,
                usual_seconds=usual_seconds,
            ),
        )

    async def _queueing(self, language: str, since: datetime, until: datetime) -> tuple[int, float]:
        """How many gave up of those who queued in the span, and how long all of them queued."""
        query = sa.select(chats.c.queued_at, chats.c.connected_at, chats.c.abandoned_at).where(
            chats.c.language == language, chats.c.queued_at.between(since, until)
        )
        rows = await self._rows(query)
        gone = sum(row["abandoned_at"] is not None for row in rows)
        seconds = sum(
            (
                (row["connected_at"] or row["abandoned_at"] or until) - row["queued_at"]
            ).total_seconds()
            for row in rows
        )
        return gone, max(0.0, seconds)

    async def figures(
        self, since: datetime, until: datetime, *, language: str | None
    ) -> dict[str, Any]:
        """What happened to the chats that were queued in the span; see `api.desk.Figures`."""
        c = chats.c
        span = [c.queued_at >= since, c.queued_at < until, c.offline.is_(False)]
        begun = [c.initiated_at >= since, c.initiated_at < until]
        if language:
            span.append(c.language == language)
            begun.append(c.language == language)
        count = sa.func.count
        answered = c.waited.is_not(None)
        query = sa.select(
            count().label("queued"),
            count(c.waited).label("answered"),
            count(sa.case((c.waited <= SERVICE_LEVEL, 1))).label("within"),
            count(c.abandoned_at).label("abandoned"),
            sa.func.avg(sa.case((answered, c.waited))).label("wait"),
            sa.func.avg(c.response).label("response"),
            sa.func.avg(c.handled).label("handling"),
            count(c.promised_at).label("promised"),
            count(sa.case((c.promise_kept.is_(True), 1))).label("kept"),
            count(sa.case((c.promise_kept.is_(False), 1))).label("broken"),
        ).where(*span)
        overall = sa.select(
            count().label("chats"),
            count(c.rating).label("ratings"),
            sa.func.avg(c.rating).label("rating"),
            count(sa.case((c.bot.is_(True), 1))).label("bot"),
            count(
                sa.case((sa.and_(c.bot.is_(True), c.queued_at.is_(None), c.bot_answers > 0), 1))
            ).label("bot_resolved"),
            count(c.complaint_id).label("complaints"),
            count(sa.case((c.offline.is_(True), 1))).label("left_messages"),
        ).where(*begun)
        async with self._database.read() as connection:
            queued = (await connection.execute(query)).one()._mapping
            others = (await connection.execute(overall)).one()._mapping
        return {**queued, **others}

    async def promises(self, since: datetime) -> Sequence[Row]:
        """By language: how many waits were announced since then, kept and broken."""
        c = chats.c
        query = (
            sa.select(
                c.language,
                sa.func.count(sa.case((c.promise_kept.is_(True), 1))).label("kept"),
                sa.func.count(sa.case((c.promise_kept.is_(False), 1))).label("broken"),
                sa.func.count().label("announced"),
            )
            .where(c.promised_at >= since)
            .group_by(c.language)
            .order_by(c.language)
        )
        return await self._rows(query)

    async def operators(self) -> Sequence[Row]:
        return await self._rows(sa.select(operators).order_by(operators.c.id))

    async def _page(
        self, condition: sa.ColumnElement[bool], before: int | None, limit: int
    ) -> Sequence[Row]:
        query = sa.select(chats).where(condition)
        if before is not None:
            query = query.where(chats.c.sequence < before)
        return await self._rows(query.order_by(chats.c.sequence.desc()).limit(limit))

    async def _rows(self, query: sa.Select[Any]) -> Sequence[Row]:
        async with self._database.read() as connection:
            return await rows_of(connection, query)
