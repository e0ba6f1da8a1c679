"""How the work goes: what is open and how old it is, how fast and how rightly it is done."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.moderation.read_models import Shown
from services.moderation.staff_desk import check
from services.moderation.tables import cases
from services.runtime.auth import Principal
from services.runtime.clock import Clock
from services.runtime.database import Database, Row, rows_of

AGES: Final = (1, 3, 7, 30)
"""Days: the borders between the groups of age."""


class OpenByAge(Shown):
    """Open cases of one state: `ages[n]` are younger than `AGES[n]` days, the last ones older."""

    state: str
    total: int
    ages: tuple[int, ...]


class Spread(Shown):
    """How long something took, in hours; None where there is nothing to measure."""

    count: int
    median: float | None
    ninetieth: float | None


class Work(Shown):
    """Decisions of one kind: of a type, or of a moderator."""

    name: str
    decided: int
    in_time: int
    upheld: int
    asked: int
    lapsed: int
    appeals: int
    overturned: int


class FiguresShown(Shown):
    since: datetime
    until: datetime
    open: tuple[OpenByAge, ...]
    first_action: Spread
    decision: Spread
    total: Work
    by_type: tuple[Work, ...]
    by_moderator: tuple[Work, ...]


class Figures:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def read(self, who: Principal, *, days: int = 30) -> FiguresShown:
        """The figures of the last `days`; what is open, as it is now."""
        check(who)
        now = self._clock()
        since = now - timedelta(days=days)
        c = cases.c
        decided = sa.and_(c.decided_at.is_not(None), c.decided_at >= since)
        async with self._database.read() as connection:
            open_now = await self._open(connection, now)
            work = await rows_of(connection, _work().where(decided, c.statement.is_not(None)))
            first = await self._spread(
                connection,
                c.opened_at,
                c.first_action_at,
                sa.and_(c.opened_at >= since, c.first_action_at.is_not(None)),
            )
            decision = await self._spread(connection, c.opened_at, c.decided_at, decided)
        return FiguresShown(
            since=since,
            until=now,
            open=open_now,
            first_action=first,
            decision=decision,
            total=_sum("", work),
            by_type=_grouped(work, "type"),
            by_moderator=_grouped(work, "decided_by"),
        )

    async def _open(self, connection: AsyncConnection, now: datetime) -> tuple[OpenByAge, ...]:
        c = cases.c
        younger = [
            sa.func.count().filter(c.opened_at > now - timedelta(days=days)).label(f"age{days}")
            for days in AGES
        ]
        query = sa.select(c.state, sa.func.count().label("total"), *younger)
        rows = await rows_of(connection, query.where(c.live).group_by(c.state).order_by(c.state))
        return tuple(
            OpenByAge(state=row["state"], total=row["total"], ages=_between(row)) for row in rows
        )

    async def _spread(
        self,
        connection: AsyncConnection,
        begin: sa.Column[datetime],
        end: sa.Column[datetime],
        where: sa.ColumnElement[bool],
    ) -> Spread:
        """Median and 90th percentile by place in the order, which both databases can tell."""
        count = (
            await connection.execute(sa.select(sa.func.count()).select_from(cases).where(where))
        ).scalar_one()

        async def at(share: float) -> float | None:
            length = sa.type_coerce(end - begin, sa.types.NullType())
            place = sa.select(begin, end).where(where).order_by(length)
            row = (
                await connection.execute(place.limit(1).offset(int((count - 1) * share)))
            ).first()
            return None if row is None else round((row[1] - row[0]).total_seconds() / 3600, 1)

        if not count:
            return Spread(count=0, median=None, ninetieth=None)
        return Spread(count=count, median=await at(0.5), ninetieth=await at(0.9))


def _work() -> sa.Select[Any]:
    c = cases.c

    def number(condition: sa.ColumnElement[bool], name: str) -> sa.ColumnElement[int]:
        return sa.func.count().filter(condition).label(name)

    asked = c.asked_at.is_not(None)
    return sa.select(
        c.type,
        c.decided_by,
        sa.func.count().label("decided"),
        number(c.decided_at <= c.decide_due_at, "in_time"),
        number(c.outcome.in_(("upheld", "partly_upheld")), "upheld"),
        number(asked, "asked"),
        number(sa.and_(asked, c.lapsed), "lapsed"),
        number(c.appeal_result.is_not(None), "appeals"),
        number(c.appeal_result.in_(("varied", "overturned")), "overturned"),
    ).group_by(c.type, c.decided_by)


_NUMBERS = ("decided", "in_time", "upheld", "asked", "lapsed", "appeals", "overturned")


def _sum(name: str, rows: Iterable[Row]) -> Work:
    rows = list(rows)
    return Work(name=name, **{n: sum(row[n] for row in rows) for n in _NUMBERS})


def _grouped(rows: Iterable[Row], by: str) -> tuple[Work, ...]:
    rows = list(rows)
    names = sorted({row[by] or "" for row in rows})
    groups = (_sum(name, (row for row in rows if (row[by] or "") == name)) for name in names)
    return tuple(sorted(groups, key=lambda work: -work.decided))


def _between(row: Row) -> tuple[int, ...]:
    """How many are in each group of age, from how many are younger than its border."""
    younger = [row[f"age{days}"] for days in AGES] + [row["total"]]
    return tuple(b - a for a, b in zip([0, *younger], younger, strict=False))
