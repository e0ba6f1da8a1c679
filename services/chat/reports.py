"""Reports: what became of the chats of a span, altogether, by language and by operator."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa

from services.chat.store import SERVICE_LEVEL
from services.chat.tables import chats
from services.runtime.database import Database

By = Literal["language", "operator"]

COLUMNS: Final = (
    "queued",
    "answered",
    "within",
    "service_level",
    "abandoned",
    "abandonment",
    "wait",
    "response",
    "handling",
    "kept",
    "broken",
    "promises_kept",
    "ratings",
    "rating",
)


class Reports:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows(
        self, since: datetime, until: datetime, *, by: By | None = None
    ) -> Sequence[dict[str, Any]]:
        """One row for each language or operator, `of` which it is, or one for all of them.

        Of the chats that were queued from `since` to before `until`. Lengths in seconds, rates from
        0 to 1, None where there is nothing to divide by.
        """
        c = chats.c
        of = c[by] if by else sa.literal("")
        count = sa.func.count
        query = (
            sa.select(
                of.label("of"),
                count().label("queued"),
                count(c.waited).label("answered"),
                count(sa.case((c.waited <= SERVICE_LEVEL, 1))).label("within"),
                count(c.abandoned_at).label("abandoned"),
                sa.func.avg(c.waited).label("wait"),
                sa.func.avg(c.response).label("response"),
                sa.func.avg(c.handled).label("handling"),
                count(sa.case((c.promise_kept.is_(True), 1))).label("kept"),
                count(sa.case((c.promise_kept.is_(False), 1))).label("broken"),
                count(c.rating).label("ratings"),
                sa.func.avg(c.rating).label("rating"),
            )
            .where(c.queued_at >= since, c.queued_at < until, c.offline.is_(False))
            .group_by(*([of] if by else []))
            .order_by(of)
        )
        if by == "operator":
            query = query.where(c.operator.is_not(None))
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        return [_rated(dict(row)) for row in found]

    async def as_csv(self, since: datetime, until: datetime) -> str:
        """All of it, as a table with a heading; what spreadsheets would calculate is text."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(("by", "of", *COLUMNS))
        for by in (None, "language", "operator"):
            for row in await self.rows(since, until, by=by):
                writer.writerow((by or "all", _cell(row["of"]), *(row[each] for each in COLUMNS)))
        return text.getvalue()


def _rated(row: dict[str, Any]) -> dict[str, Any]:
    def share(part: int, whole: int) -> float | None:
        return round(part / whole, 3) if whole else None

    for name in ("wait", "response", "handling", "rating"):
        row[name] = None if row[name] is None else round(float(row[name]), 1)
    return row | {
        "service_level": share(row["within"], row["answered"] + row["abandoned"]),
        "abandonment": share(row["abandoned"], row["queued"]),
        "promises_kept": share(row["kept"], row["kept"] + row["broken"]),
    }


def _cell(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
