"""The yearly report as staff read it, complete it and take it away."""

from datetime import date

import sqlalchemy as sa

from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, new_id
from contracts.staff import ReportEntered, ReportEntry
from services.moderation.outgoing.report import Entered, Report, as_csv, with_entries
from services.moderation.outgoing.report_store import ReportStore
from services.moderation.outgoing.report_template import Entry, check
from services.moderation.staff_desk import StaffDesk
from services.moderation.staff_desk import check as check_reader
from services.moderation.staff_views import report_entries
from services.runtime.auth import Principal, Role
from services.runtime.clock import Clock
from services.runtime.database import Database, rows_of
from services.runtime.events import EventStore
from services.runtime.problems import Forbidden
from services.runtime.projection import Projector
from services.runtime.sentences import gettext as _

WRITERS: tuple[Role, ...] = ("senior_moderator", "supervisor")


class ReportDesk:
    """`projector` is that of the moderators' own desk."""

    def __init__(
        self,
        *,
        store: ReportStore,
        staff: StaffDesk,
        events: EventStore,
        projector: Projector,
        database: Database,
        clock: Clock,
    ) -> None:
        self._store = store
        self._staff = staff
        self._events = events
        self._projector = projector
        self._database = database
        self._clock = clock

    async def report(self, who: Principal, since: date, until: date) -> Report:
        """What is counted, and what was entered or is still to be. Raises Invalid."""
        check_reader(who)
        counted = await self._store.report(since, until)
        entered = await self.entered(who, since, until)
        return counted.model_copy(
            update={"figures": with_entries(counted.figures, entered.entries)}
        )

    async def csv(self, who: Principal, since: date, until: date) -> str:
        """The report as a file; that it was taken is in the audit. Raises Invalid."""
        told = await self.report(who, since, until)
        await self._staff.exported(who, "report", f"since={since}&until={until}", "csv")
        return as_csv(told.figures)

    async def entered(self, who: Principal, since: date, until: date) -> Entered:
        """What was entered for this very period."""
        check_reader(who)
        query = sa.select(report_entries).where(report_entries.c.id == _id(since, until))
        async with self._database.read() as connection:
            rows = await rows_of(connection, query)
        return Entered.model_validate({"since": since, "until": until, **(rows[0] if rows else {})})

    async def enter(
        self,
        who: Principal,
        since: date,
        until: date,
        entries: tuple[Entry, ...],
        *,
        if_match: int | None = None,
    ) -> Entered:
        """Puts these entries in place of those before. Raises Invalid, Stale."""
        if not who.may(*WRITERS):
            raise Forbidden(_("The report is completed by senior moderators and supervisors."))
        self._store.check_period(since, until)
        check(entries)
        now, command = self._clock(), new_id()
        fact = ReportEntered(
            report_id=_id(since, until),
            since=since,
            until=until,
            entries=tuple(ReportEntry(**each.model_dump()) for each in entries),
            by=who.id,
            at=now,
        )
        handled = await self._events.handle(
            Aggregate(kind="staff", id=fact.report_id),
            initial=None,
            evolve=lambda _state, _fact: None,
            decide=lambda _state: [fact],
            meta=Meta(id=command, time=now, actor=who.actor, correlation=command),
            if_match=if_match,
        )
        await self._projector.wait_for(handled.sequence)
        return await self.entered(who, since, until)


def _id(since: date, until: date) -> str:
    return derived_id("report", since.isoformat(), until.isoformat())
