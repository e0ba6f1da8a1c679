"""Queries on the tables of moderation. Rows come out as they are; `shown` says who sees what.

Lists are paged by key: a page costs the same wherever it lies.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from services.moderation.case_query import COUNTED, LISTED
from services.moderation.tables import answers, cases, complaints, timeline
from services.runtime.database import Database, Row, UtcTime, rows_of
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _

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


class Surroundings(NamedTuple):
    """Other cases that bear on one: about its member, and about the same matter."""

    latest: Sequence[Row]
    total: int
    upheld: int
    similar: Sequence[Row]


class Store:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def case_parts(self, case_id: str, *, complaints_at_most: int) -> CaseParts | None:
        if not is_id(case_id):
            return None
        async with self._database.read() as connection:
            found = await rows_of(connection, _by_id(cases, case_id))
            if not found:
                return None
            c, a = complaints.c, answers.c
            joined = sa.select(complaints).where(c.case_id == case_id)
            answered = sa.select(answers).where(a.case_id == case_id)
            return CaseParts(
                found[0],
                await rows_of(
                    connection, joined.order_by(c.joined_at, c.id).limit(complaints_at_most)
                ),
                await rows_of(connection, answered.order_by(a.received_at, a.id)),
                await rows_of(connection, _timeline_of(case_id)),
            )

    async def complaints_of(self, case_id: str, *, cursor: str | None, limit: int) -> Page:
        """The complaints that joined a case, the first ones first."""
        c = complaints.c
        query = sa.select(complaints).where(c.case_id == case_id)
        return await self._page(
            query, c.joined_at, c.id, newest_first=False, cursor=cursor, limit=limit
        )

    async def decided_from(self, begin: str, *, limit: int) -> list[Row]:
        """Decided cases in the order of their ids from `begin` on, around the end of the ids."""
        c = cases.c
        query = sa.select(*(c[name] for name in LISTED)).where(c.statement.is_not(None))
        async with self._database.read() as connection:
            found = await rows_of(
                connection, query.where(c.id >= begin).order_by(c.id).limit(limit)
            )
            if len(found) < limit:
                rest = query.where(c.id < begin).order_by(c.id).limit(limit - len(found))
                found += await rows_of(connection, rest)
        return found

    async def surroundings(self, case: Row, *, most: int = 6) -> Surroundings:
        """What moderators want to know of beside the case: its member's other cases, and those
        about the same item or, failing that, of the same reason about the same member."""
        c = cases.c
        others = sa.select(*(c[name] for name in LISTED)).where(c.id != case["id"])
        about = others.where(c.accused == case["accused"])
        item = others.where(c.product_id == case["product_id"])
        counted = sa.select(c.outcome).where(c.accused == case["accused"], c.id != case["id"])
        async with self._database.read() as connection:
            latest, similar, outcomes = [], [], []
            if case["accused"] is not None:
                bounded = about.order_by(c.due_at.desc(), c.id).limit(COUNTED)
                newest = bounded.subquery()
                latest = await rows_of(
                    connection,
                    sa.select(newest).order_by(newest.c.opened_at.desc()).limit(most),
                )
                found = await connection.execute(counted.limit(COUNTED))
                outcomes = [row[0] for row in found]
            if case["product_id"] is not None:
                similar = await rows_of(
                    connection, item.order_by(c.due_at.desc(), c.id).limit(most)
                )
            if case["accused"] is not None and len(similar) < most:
                same = [row for row in latest if row["reason"] == case["reason"]]
                known = {row["id"] for row in similar}
                similar += [row for row in same if row["id"] not in known][: most - len(similar)]
        upheld = sum(each in ("upheld", "partly_upheld") for each in outcomes)
        return Surroundings(latest, len(outcomes), upheld, similar)

    async def case_of_complaint(self, complaint_id: str) -> str | None:
        """The id of the case that the complaint joined; None also where there is no complaint."""
        query = sa.select(complaints.c.case_id).where(complaints.c.id == complaint_id)
        async with self._database.read() as connection:
            case_id: str | None = (await connection.execute(query)).scalar()
            return case_id

    async def _all(self, query: sa.Select[Any]) -> list[Row]:
        async with self._database.read() as connection:
            return await rows_of(connection, query)

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


def is_id(text: str) -> bool:
    """Whether it could be one: PostgreSQL takes no NUL in a text."""
    return _ID.fullmatch(text) is not None


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
        moment, _space, identifier = text.partition(" ")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or not _ID.fullmatch(identifier):
            raise ValueError(cursor)
    except ValueError:
        raise Invalid(
            [{"field": "cursor", "message": _("This is not a place in the list. Start anew.")}]
        ) from None
    return at, identifier
