"""Lists of cases out of a million, by any filters: pages, counts, exports."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.moderation.case_query import LISTED, SEVERITIES, CaseQuery, Dialect, Place
from services.moderation.queues import QueueFilters
from services.moderation.stems import stems
from services.runtime.database import Database, Row, rows_of
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _

FEW: Final = 2_000
"""Texts with a code (a number of a case, of an order) that are looked up without a thought."""
FEW_AT_MOST: Final = 10_000
"""Texts that are looked up for one page. It takes 3 µs each, as reading on in the list does."""
FEW_TO_COUNT: Final = 30_000
"""Texts that are looked up to count a list, rather than to read as far as `COUNTED` goes."""
NEAR: Final = 400
"""Cases that are read before the index of words is asked: it takes long to tell where a frequent
word stands, and such a word stands in cases near by."""
OFTEN: Final = 5
"""Cases among those near by that tell that the rest of a page is near as well."""
CODE: Final = 5
"""Characters of a word, one of them a digit, that make it a code: “15” and “2026” are frequent."""
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
            query = CaseQuery(self._sql, filters, reader, now)
            if filters.order != "severity" and filters.text is None:
                return await rows_of(connection, query.page(after, limit))
            if filters.order != "severity":
                return await self._said(connection, filters, reader, now, after, limit)
            query = await self._query(connection, filters, reader, now, FEW_AT_MOST)
            rows: list[Row] = []
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
                query = await self._query(connection, filters, reader, now, FEW_TO_COUNT)
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

    async def _said(
        self,
        connection: AsyncConnection,
        filters: QueueFilters,
        reader: str,
        now: datetime,
        after: Place | None,
        limit: int,
    ) -> Sequence[Row]:
        """A page of the cases in which the text is said.

        Either the list is read until the page is full, or the cases that the index of words has are
        looked up. How often the text is said near by tells which takes less: to tell how often it
        is said at all may take longer than either.
        """
        words = self._sql.words(filters.text or "")
        if words is None:
            return ()

        def query() -> CaseQuery:
            return CaseQuery(self._sql, filters, reader, now)

        async def looked_up(few: int) -> Sequence[Row] | None:
            rows = await rows_of(connection, query().matched(words, few).page(after, limit))
            return rows if rows or await self._times(connection, words, few) < few else None

        tried = 0
        if _has_code(filters.text):
            tried = FEW
            rows = await looked_up(tried)
            if rows is not None:
                return rows
        near = await rows_of(connection, query().page(after, limit, near=NEAR))
        if len(near) == limit:
            return near
        to_be_read = NEAR * limit // max(len(near), 1)
        if len(near) < OFTEN and to_be_read > 2 * tried:
            rows = await looked_up(min(to_be_read, FEW_AT_MOST))
            if rows is not None:
                return rows
        return await rows_of(connection, query().page(after, limit))

    async def _query(
        self,
        connection: AsyncConnection,
        filters: QueueFilters,
        reader: str,
        now: datetime,
        few: int,
    ) -> CaseQuery:
        query = CaseQuery(self._sql, filters, reader, now)
        if filters.text is None:
            return query
        words = self._sql.words(filters.text)
        if words is None:
            return query.among(())
        found = await self._times(connection, words, few)
        return query.matched(words, few) if found < few else query

    async def _times(self, connection: AsyncConnection, words: str, most: int) -> int:
        """How many texts have the words, counted as far as `most`."""
        some = f"SELECT count(*) FROM ({self._sql.matches} LIMIT {most}) AS found"
        found: int = (await connection.execute(sa.text(some), {"words": words})).scalar_one()
        return found


def _has_code(text: str | None) -> bool:
    """Whether some word is the number of a case, of an order or the like: hardly ever frequent."""
    return any(len(word) >= CODE and any(map(str.isdigit, word)) for word in stems(text or ""))


def _check_text(filters: QueueFilters) -> None:
    """PostgreSQL takes no NUL in a text, so nothing can be found by one."""
    for name in _TEXTS:
        if "\x00" in (getattr(filters, name) or ""):
            raise Invalid([{"field": name, "message": _("Nothing is called so.")}])
