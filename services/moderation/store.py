"""Queries on the tables of moderation. Rows come out as they are; `shown` says who sees what.

Lists are paged by key: a page costs the same wherever it lies.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.moderation.tables import answers, cases, complaints, timeline
from services.runtime.database import Database, Row, UtcTime
from services.runtime.problems import Invalid

_ID = re.compile(r"[0-9a-z-]{1,64}")


class Page(NamedTuple):
    rows: Sequence[Row]
    next: str | None


class CaseParts(NamedTuple):
    """A case, its complaints (the first ones first), answers and timeline."""

    case: Row
    complaints: Sequence[Row]
    answers: Sequence[Row]
    timeline: Sequence[Row]


class ComplaintParts(NamedTuple):
    """A complaint, its case once it has one, and that case's timeline."""

    complaint: Row
    case: Row | None
    timeline: Sequence[Row]


class Store:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def case_parts(self, case_id: str, *, complaints_at_most: int) -> CaseParts | None:
        if not _ID.fullmatch(case_id):
            return None
        async with self._database.read() as connection:
            found = await _rows(connection, _by_id(cases, case_id))
            if not found:
                return None
            c, a = complaints.c, answers.c
            joined = sa.select(complaints).where(c.case_id == case_id)
            answered = sa.select(answers).where(a.case_id == case_id)
            return CaseParts(
                found[0],
                await _rows(
                    connection, joined.order_by(c.joined_at, c.id).limit(complaints_at_most)
                ),
                await _rows(connection, answered.order_by(a.received_at, a.id)),
                await _rows(connection, _timeline_of(case_id)),
            )

    async def complaint_parts(self, complaint_id: str) -> ComplaintParts | None:
        if not _ID.fullmatch(complaint_id):
            return None
        async with self._database.read() as connection:
            found = await _rows(connection, _by_id(complaints, complaint_id))
            if not found:
                return None
            case_id = found[0]["case_id"]
            if case_id is None:
                return ComplaintParts(found[0], None, ())
            joined = await _rows(connection, _by_id(cases, case_id))
            case = joined[0] if joined else None
            return ComplaintParts(found[0], case, await _rows(connection, _timeline_of(case_id)))

    async def case_of_complaint(self, complaint_id: str) -> str | None:
        """The id of the case that the complaint joined; None also where there is no complaint."""
        query = sa.select(complaints.c.case_id).where(complaints.c.id == complaint_id)
        async with self._database.read() as connection:
            case_id: str | None = (await connection.execute(query)).scalar()
            return case_id

    async def complaints_by(self, complainant: str, *, cursor: str | None, limit: int) -> Page:
        """The complaints of `<kind>:<id>`, newest first."""
        c = complaints.c
        query = sa.select(complaints).where(c.complainant == complainant)
        return await self._page(
            query, c.filed_at, c.id, newest_first=True, cursor=cursor, limit=limit
        )

    async def cases_by_id(self, ids: Sequence[str]) -> dict[str, Row]:
        if not ids:
            return {}
        rows = await self._all(sa.select(cases).where(cases.c.id.in_(ids)))
        return {row["id"]: row for row in rows}

    async def cases_against(self, member: str, *, cursor: str | None, limit: int) -> Page:
        """The cases of which `member`, their accused, was told; the last told first."""
        c = cases.c
        query = sa.select(cases).where(c.accused == member, c.told_at.is_not(None))
        return await self._page(
            query, c.told_at, c.id, newest_first=True, cursor=cursor, limit=limit
        )

    async def answered_among(self, case_ids: Sequence[str]) -> frozenset[str]:
        """Those of the cases on which an answer stands."""
        if not case_ids:
            return frozenset()
        query = sa.select(answers.c.case_id).where(answers.c.case_id.in_(case_ids)).distinct()
        return frozenset(row["case_id"] for row in await self._all(query))

    async def _all(self, query: sa.Select[Any]) -> list[Row]:
        async with self._database.read() as connection:
            return await _rows(connection, query)

    async def _page(
        self,
        query: sa.Select[Any],
        key: sa.Column[datetime],
        identifier: sa.Column[str],
        *,
        newest_first: bool,
        cursor: str | None,
        limit: int,
    ) -> Page:
        place = sa.tuple_(key, identifier)
        if cursor is not None:
            at, last_id = read_cursor(cursor)
            after = sa.tuple_(sa.literal(at, UtcTime), sa.literal(last_id))
            query = query.where(place < after if newest_first else place > after)
        order = (key.desc(), identifier.desc()) if newest_first else (key, identifier)
        rows = await self._all(query.order_by(*order).limit(limit + 1))
        if len(rows) <= limit:
            return Page(rows, None)
        last = rows[limit - 1]
        return Page(rows[:limit], cursor_at(last[key.name], last["id"]))


async def _rows(connection: AsyncConnection, query: sa.Select[Any]) -> list[Row]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _by_id(table: sa.Table, identifier: str) -> sa.Select[Any]:
    return sa.select(table).where(table.c.id == identifier)


def _timeline_of(case_id: str) -> sa.Select[Any]:
    c = timeline.c
    return sa.select(timeline).where(c.case_id == case_id).order_by(c.sequence, c.position)


def cursor_at(moment: datetime, identifier: str) -> str:
    """Where a page ended, as text for the next request."""
    return urlsafe_b64encode(f"{moment.isoformat()} {identifier}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """Raises Invalid for a text that `cursor_at` did not write."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, identifier = text.partition(" ")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or not _ID.fullmatch(identifier):
            raise ValueError(cursor)
    except ValueError:
        raise Invalid(
            [{"field": "cursor", "message": "This is not a place in the list. Start anew."}]
        ) from None
    return at, identifier
