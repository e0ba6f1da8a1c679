"""What the yearly report counts, read from the rows that hold every fact as it is."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from services.moderation.outgoing.report import Filed, Happened, Imposed, Report, figures
from services.moderation.tables import cases, complaints, measures, timeline
from services.runtime.database import Database
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _

_KINDS = (
    "decided",
    "inadmissible",
    "interim_measure_imposed",
    "appeal_opened",
    "appeal_rejected",
    "appeal_decided",
    "out_of_court",
)


class ReportStore:
    """Every query but `report` is of the time from `since` up to, not including, `until`."""

    def __init__(self, database: Database, *, trusted_flaggers: frozenset[str]) -> None:
        self._database = database
        self._trusted = trusted_flaggers

    async def report(self, since: date, until: date) -> Report:
        """Of the days from `since` to `until`, both included (UTC). Raises Invalid for a period
        that ends before it begins."""
        self.check_period(since, until)
        begin = datetime.combine(since, time(), UTC)
        end = datetime.combine(until, time(), UTC) + timedelta(days=1)
        rows = figures(
            await self.filed(begin, end),
            await self.happened(begin, end),
            await self.imposed(begin, end),
        )
        return Report(since=since, until=until, figures=rows)

    def check_period(self, since: date, until: date) -> None:
        """Raises Invalid for a period that ends before it begins."""
        if until < since:
            raise Invalid([{"field": "until", "message": _("The period ends before it begins.")}])

    async def filed(self, since: datetime, until: datetime) -> Sequence[Filed]:
        c = complaints.c
        query = sa.select(c.type, c.complainant).where(c.filed_at >= since, c.filed_at < until)
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return [Filed(row[0], row[1] in self._trusted) for row in rows]

    async def happened(self, since: datetime, until: datetime) -> Sequence[Happened]:
        t, c = timeline.c, cases.c
        query = (
            sa.select(t.kind, c.type, t.at, c.opened_at, t.data)
            .join(cases, c.id == t.case_id)
            .where(t.kind.in_(_KINDS), t.at < until)
            .order_by(t.sequence, t.position)
        )
        appealed: dict[str, datetime] = {}
        told: list[Happened] = []
        async with self._database.read() as connection:
            for kind, type_, at, opened_at, data in await connection.execute(query):
                began_at = opened_at
                if kind == "appeal_opened":
                    appealed[data["appeal_id"]] = at
                if kind == "appeal_decided":
                    began_at = appealed.get(data["appeal_id"], opened_at)
                if at >= since:
                    told.append(Happened(kind, type_, at, began_at, data))
        return told

    async def imposed(self, since: datetime, until: datetime) -> Sequence[Imposed]:
        m = measures.c
        query = sa.select(m.kind, m.track).where(m.imposed_at >= since, m.imposed_at < until)
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return [Imposed(row[0], row[1] == "ABUSE") for row in rows]
