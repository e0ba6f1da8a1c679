"""Queries about what is told outside."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from services.moderation.outgoing.item import TO_SEND
from services.moderation.store import Page, cursor_at, is_id, read_cursor
from services.moderation.tables import outgoing
from services.runtime.database import Database, Row, UtcTime, rows_of

_TO_SEND = tuple(sorted(map(str, TO_SEND)))


class OutgoingStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def due_statements(self, *, now: datetime, limit: int) -> list[str]:
        """Ids of the records that may be sent now, the oldest first."""
        o = outgoing.c
        query = (
            sa.select(o.id)
            .where(o.channel == "transparency", o.state.in_(_TO_SEND), o.due_at <= now)
            .order_by(o.due_at, o.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def next_statement_at(self) -> datetime | None:
        """When the next record may be sent; None when none waits."""
        o = outgoing.c
        query = sa.select(sa.func.min(o.due_at)).where(
            o.channel == "transparency", o.state.in_(_TO_SEND)
        )
        async with self._database.read() as connection:
            found: datetime | None = (await connection.execute(query)).scalar()
            return found

    async def page(
        self,
        *,
        channel: str | None,
        states: Sequence[str],
        cursor: str | None,
        limit: int,
    ) -> Page:
        """The newest first."""
        o = outgoing.c
        query = sa.select(outgoing)
        if channel is not None:
            query = query.where(o.channel == channel)
        if states:
            query = query.where(o.state.in_(states))
        if cursor is not None:
            at, last_id = read_cursor(cursor)
            place = sa.tuple_(sa.literal(at, UtcTime), sa.literal(last_id))
            query = query.where(sa.tuple_(o.queued_at, o.id) < place)
        query = query.order_by(o.queued_at.desc(), o.id.desc()).limit(limit + 1)
        async with self._database.read() as connection:
            rows = await rows_of(connection, query)
        if len(rows) <= limit:
            return Page(rows, None)
        last = rows[limit - 1]
        return Page(rows[:limit], cursor_at(last["queued_at"], last["id"]))

    async def one(self, outgoing_id: str) -> Row | None:
        if not is_id(outgoing_id):
            return None
        query = sa.select(outgoing).where(outgoing.c.id == outgoing_id)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().first()
            return dict(found) if found is not None else None
