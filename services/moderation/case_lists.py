"""Lists of cases out of a million, by any filters: pages, counts, exports."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.moderation.case_query import LISTED, SEVERITIES, CaseQuery, Dialect, Place
from services.moderation.queues import QueueFilters
from services.runtime.database import Database, Row, rows_of
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _

FEW: Final = 2000
"""Texts that a search may find before the list is walked instead, and each case is tried."""
NEAR: Final = 400
"""Cases that are tried before the index of words is asked: it takes long to tell where a frequent
word stands, and such a word stands in cases near by."""
AT_ONCE: Final = 2000
"""Rows that an export reads at a time."""

_TEXTS: Final = ("type", "reason", "language", "accused", "product", "moderator", "text")


class CaseLists:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = Dialect(database.dialect)

    async def page(
        self,
        filters: QueueFilters,
        *,
        reader: str,
        now: datetime,
        after: Place | None,
        limit: int,
    ) -> Sequence[Row]:
        """At most `limit` cases that stand behind `after`. Raises Invalid for impossible text."""
        _check_text(filters)
        async with self._database.read() as connection:
            if filters.order != "severity":
                rows = await self._quickly(connection, filters, reader, now, after, limit)
                if rows:
                    return rows
            query = await self._query(connection, filters, reader, now)
            if filters.order != "severity":
                return await rows_of(connection, query.page(after, limit))
            rows = []
            for severity in (s for s in SEVERITIES if after is None or s <= after.severity):
                of_this = query.of_severity(severity)
                begin = after if after is not None and after.severity == severity else None
                if of_this is not None and len(rows) < limit:
                    rows += await rows_of(connection, of_this.page(begin, limit - len(rows)))
            return rows

    async def counts(
        self, queues: Mapping[str, QueueFilters], *, reader: str, now: datetime
    ) -> Row:
        """How many cases each queue has, counted as far as `COUNTED`."""
        async with self._database.read() as connection:
            counted: Row = {}
            for name, filters in queues.items():
                query = await self._query(connection, filters, reader, now)
                counted[name] = (await connection.execute(query.count())).scalar_one()
            return counted

    def every(
        self, filters: QueueFilters, *, reader: str, now: datetime, columns: Sequence[str] = LISTED
    ) -> AsyncIterator[Sequence[Row]]:
        """All cases of a query, however many, some at a time, in the order of their ids.

        Each step reads on by key, so no connection is held while somebody downloads slowly. Raises
        Invalid for impossible text at once, not in the middle of somebody's file.
        """
        _check_text(filters)
        return self._every(filters, reader, now, columns)

    async def _every(
        self, filters: QueueFilters, reader: str, now: datetime, columns: Sequence[str]
    ) -> AsyncIterator[Sequence[Row]]:
        last, found = "", await self._found(filters)
        place = 0
        while True:
            query = CaseQuery(self._sql, filters, reader, now)
            if found is not None:
                query = query.among(found[place : place + AT_ONCE])
                place += AT_ONCE
            async with self._database.read() as connection:
                rows = await rows_of(connection, query.all_after(last, columns, AT_ONCE))
            if rows:
                yield rows
                last = rows[-1]["id"]
            if place >= len(found) if found is not None else len(rows) < AT_ONCE:
                return

    async def _found(self, filters: QueueFilters) -> list[str] | None:
        """The ids of all cases that the text finds, sorted; None where there is none to find."""
        if filters.text is None:
            return None
        words = self._sql.words(filters.text)
        if words is None:
            return []
        async with self._database.read() as connection:
            rows = await connection.execute(sa.text(self._sql.matches), {"words": words})
            return sorted(set(rows.scalars()))

    async def _quickly(
        self,
        connection: AsyncConnection,
        filters: QueueFilters,
        reader: str,
        now: datetime,
        after: Place | None,
        limit: int,
    ) -> Sequence[Row]:
        """A page that one query can find by its words; nothing where it takes more to tell."""
        words = self._sql.words(filters.text or "")
        if words is None:
            return ()
        if _perhaps_frequent(filters.text):
            near = CaseQuery(self._sql, filters, reader, now).page(after, limit, near=NEAR)
            if len(rows := await rows_of(connection, near)) == limit:
                return rows
        query = CaseQuery(self._sql, filters, reader, now).matched(words, FEW)
        return await rows_of(connection, query.page(after, limit))

    async def _query(
        self, connection: AsyncConnection, filters: QueueFilters, reader: str, now: datetime
    ) -> CaseQuery:
        query = CaseQuery(self._sql, filters, reader, now)
        if filters.text is None:
            return query
        words = self._sql.words(filters.text)
        if words is None:
            return query.among(())
        some = f"SELECT count(*) FROM ({self._sql.matches} LIMIT {FEW}) AS found"
        found: int = (await connection.execute(sa.text(some), {"words": words})).scalar_one()
        return query.matched(words, FEW) if found < FEW else query


def _perhaps_frequent(text: str | None) -> bool:
    """Whether a list of the cases in which it stands may be found by walking a little: numbers of
    cases, and whatever else has digits, are rare."""
    return text is not None and not any(map(str.isdigit, text))


def _check_text(filters: QueueFilters) -> None:
    """PostgreSQL takes no NUL in a text, so nothing can be found by one."""
    for name in _TEXTS:
        if "\x00" in (getattr(filters, name) or ""):
            raise Invalid([{"field": name, "message": _("Nothing is called so.")}])
