"""Queries about members: how much they filed, and what is proposed for them."""

import sqlalchemy as sa

from services.moderation.store import Page, cursor_at, read_cursor
from services.moderation.tables import cases, complaints, measures
from services.runtime.database import Database, UtcTime, rows_of


class MemberStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def totals(self, member: str) -> tuple[int, int]:
        """How many complaints `<kind>:<id>` filed, and how many cases there are against them."""
        filed = sa.select(sa.func.count()).where(complaints.c.complainant == member)
        kind, _, identifier = member.partition(":")
        accused = identifier if kind == "member" else None
        against = sa.select(sa.func.count()).where(cases.c.accused == accused)
        async with self._database.read() as connection:
            return (
                int((await connection.execute(filed)).scalar_one()),
                int((await connection.execute(against)).scalar_one()),
            )

    async def proposed(self, *, cursor: str | None, limit: int) -> Page:
        """Measures in the state `proposed`, the oldest first."""
        m = measures.c
        query = sa.select(measures).where(m.state == "proposed")
        if cursor is not None:
            at, last_id = read_cursor(cursor)
            place = sa.tuple_(sa.literal(at, UtcTime), sa.literal(last_id))
            query = query.where(sa.tuple_(m.proposed_at, m.id) > place)
        query = query.order_by(m.proposed_at, m.id).limit(limit + 1)
        async with self._database.read() as connection:
            rows = await rows_of(connection, query)
        if len(rows) <= limit:
            return Page(rows, None)
        last = rows[limit - 1]
        return Page(rows[:limit], cursor_at(last["proposed_at"], last["id"]))
