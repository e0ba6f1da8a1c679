"""The moderators' own matters: what they looked at is recorded, queues are saved, decisions read
again. Nothing here changes a case."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from contracts.codec import Fact
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, new_id
from contracts.staff import Exported, QualityRead, QueueForgotten, QueueSaved, Viewed
from services.moderation.desk import READERS
from services.moderation.list_query import ListQuery
from services.moderation.staff_models import AuditEntry, AuditPage, SavedQueue
from services.moderation.staff_views import saved_queues, seen
from services.moderation.store import cursor_at, is_id, read_cursor
from services.moderation.tables import cases, timeline
from services.runtime.auth import Principal
from services.runtime.clock import Clock
from services.runtime.database import Database, Row, UtcTime, rows_of
from services.runtime.events import EventStore
from services.runtime.problems import Conflict, Forbidden, Invalid, NotFound
from services.runtime.projection import Projector
from services.runtime.sentences import gettext as _

SAME_VIEW = timedelta(minutes=10)
"""A view again within this time is the same view."""
MOST_REMEMBERED = 10_000
MOST_QUEUES = 50
AT_ONCE = 1000

What = Literal["case", "file", "member", "audit"]


class StaffDesk:
    def __init__(
        self, *, events: EventStore, projector: Projector, database: Database, clock: Clock
    ) -> None:
        self._events = events
        self._projector = projector
        self._database = database
        self._clock = clock
        self._views: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    # --- the audit ---------------------------------------------------------------------------

    async def viewed(
        self, who: Principal, what: What, *, case_id: str | None = None, detail: str = ""
    ) -> None:
        """Records that `who` is about to be shown something; returns when that is on disk."""
        now = self._clock()
        key = derived_id("view", who.id, what, case_id or "", detail)
        last = self._views.get(key)
        if last is not None and timedelta() <= now - last[0] < SAME_VIEW:
            return
        fact = Viewed(what=what, case_id=case_id, detail=detail, by=who.id, at=now)
        aggregate = Aggregate(kind="staff", id=key)
        version = last[1] if last is not None else 0
        while True:
            try:
                version = await self._events.append(
                    aggregate, [fact], expected=version, meta=self._meta(who)
                )
                break
            except Conflict:  # seen before this process began, or in another one
                version = (await self._events.read(aggregate)).version
        self._views[key] = (now, version)
        if len(self._views) > MOST_REMEMBERED:
            self._views.popitem(last=False)

    async def on_view(self, who: Principal, what: str, case_id: str, detail: str) -> None:
        """As `viewed`, for whoever shows cases."""
        await self.viewed(who, "file" if what == "file" else "case", case_id=case_id, detail=detail)

    async def exported(
        self,
        who: Principal,
        what: Literal["cases", "audit", "report"],
        query: str,
        format: Literal["csv", "jsonl"],  # noqa: A002 - the word of the fact
    ) -> None:
        """Records that `who` is about to be handed a file."""
        fact = Exported(what=what, query=query, format=format, by=who.id, at=self._clock())
        await self._write(who, new_id(), fact, expected=0)

    async def audit(
        self,
        who: Principal,
        *,
        case_id: str | None = None,
        by: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> AuditPage:
        """Who saw and did what, the last first; of one case, by its id or number, of one person,
        or all."""
        check(who)
        before = read_cursor(cursor) if cursor is not None else None
        rows = await self._audited(case_id, by, before, limit + 1)
        more = rows[limit - 1] if len(rows) > limit else None
        return AuditPage(
            items=tuple(AuditEntry.model_validate(row) for row in rows[:limit]),
            next=cursor_at(more["at"], more["place"]) if more is not None else None,
        )

    async def audit_all(
        self, who: Principal, *, case_id: str | None = None, by: str | None = None
    ) -> AsyncIterator[Sequence[Row]]:
        """The whole audit, some entries at a time."""
        check(who)
        before: tuple[datetime, str] | None = None
        while True:
            rows = await self._audited(case_id, by, before, AT_ONCE)
            if rows:
                yield rows
                before = (rows[-1]["at"], rows[-1]["place"])
            if len(rows) < AT_ONCE:
                return

    async def _audited(
        self,
        case_id: str | None,
        by: str | None,
        before: tuple[datetime, str] | None,
        limit: int,
    ) -> list[Row]:
        """Views and deeds in one order: by time, then by where they stand in the log."""
        found: list[Row] = []
        async with self._database.read() as connection:
            if case_id is not None and not is_id(case_id):
                numbered = sa.select(cases.c.id).where(cases.c.number == case_id.strip().upper())
                case_id = await connection.scalar(numbered) or case_id
            for table, kind, prefix in ((seen, seen.c.what, "s"), (timeline, timeline.c.kind, "c")):
                detail = table.c.detail if table is seen else sa.literal("")
                query = sa.select(
                    table.c.at,
                    kind.label("what"),
                    table.c.by,
                    table.c.case_id,
                    detail.label("detail"),
                    table.c.sequence,
                    table.c.position,
                ).where(table.c.by.is_not(None))
                if case_id is not None:
                    query = query.where(table.c.case_id == case_id)
                if by is not None:
                    query = query.where(table.c.by == by)
                if before is not None:
                    query = query.where(table.c.at <= sa.literal(before[0], UtcTime))
                ordered = query.order_by(table.c.at.desc(), table.c.sequence.desc())
                rows = await rows_of(connection, ordered.limit(limit + 100))
                for row in rows:
                    row["place"] = f"{prefix}-{row.pop('sequence'):020d}-{row.pop('position'):04d}"
                    row["deed"] = table is timeline
                found += rows
            found.sort(key=lambda row: (row["at"], row["place"]), reverse=True)
            if before is not None:
                found = [row for row in found if (row["at"], row["place"]) < before]
            found = found[:limit]
            ids = {row["case_id"] for row in found if row["case_id"] is not None}
            named = sa.select(cases.c.id, cases.c.number).where(cases.c.id.in_(ids))
            numbers = {row.id: row.number for row in await connection.execute(named)}
        return [{**row, "number": numbers.get(row["case_id"])} for row in found]

    # --- saved queues --------------------------------------------------------------------------

    async def queues(self, who: Principal) -> tuple[SavedQueue, ...]:
        """The reader's own saved queues, by name."""
        check(who)
        c = saved_queues.c
        query = sa.select(saved_queues).where(c.owner == who.id, c.forgotten.is_(False))
        async with self._database.read() as connection:
            rows = await rows_of(connection, query.order_by(c.name, c.id))
        return tuple(SavedQueue(id=r["id"], name=r["name"], query=r["query"]) for r in rows)

    async def save_queue(self, who: Principal, name: str, query: ListQuery) -> SavedQueue:
        """Keeps a query under a name; the same name again changes it. Raises Invalid."""
        name = " ".join(name.split())
        if not 1 <= len(name) <= 60:
            message = _("Give the queue a name of at most 60 characters.")
            raise Invalid([{"field": "name", "message": message}])
        query.filters()
        queue_id = derived_id("queue", who.id, name)
        kept = await self.queues(who)
        if len(kept) >= MOST_QUEUES and all(each.id != queue_id for each in kept):
            message = _("Forget one of your queues first: more cannot be kept.")
            raise Invalid([{"field": "name", "message": message}])
        text = str(query)
        fact = QueueSaved(queue_id=queue_id, name=name, query=text, by=who.id, at=self._clock())
        await self._write_last(who, queue_id, fact)
        return SavedQueue(id=queue_id, name=name, query=text)

    async def forget_queue(self, who: Principal, queue_id: str) -> None:
        if all(each.id != queue_id for each in await self.queues(who)):
            raise NotFound(_("You have no such queue."))
        fact = QueueForgotten(queue_id=queue_id, by=who.id, at=self._clock())
        await self._write_last(who, queue_id, fact)

    # --- second readings -------------------------------------------------------------------------

    async def read_again(
        self,
        who: Principal,
        *,
        case_id: str,
        decision_id: str,
        verdict: Literal["agree", "differ"],
        note: str,
    ) -> None:
        """Records what a second reader thought of a decision. It changes nothing in the case."""
        check(who)
        fact = QualityRead(
            case_id=case_id,
            decision_id=decision_id,
            by=who.id,
            verdict=verdict,
            note=note[:2000],
            at=self._clock(),
        )
        await self._write_last(who, derived_id("quality", decision_id, who.id), fact)

    # --- writing ---------------------------------------------------------------------------------

    async def _write_last(self, who: Principal, aggregate_id: str, fact: Fact) -> None:
        history = await self._events.read(Aggregate(kind="staff", id=aggregate_id))
        await self._write(who, aggregate_id, fact, expected=history.version)

    async def _write(self, who: Principal, aggregate_id: str, fact: Fact, *, expected: int) -> None:
        aggregate = Aggregate(kind="staff", id=aggregate_id)
        sequence = await self._events.append(
            aggregate, [fact], expected=expected, meta=self._meta(who)
        )
        await self._projector.wait_for(sequence)

    def _meta(self, who: Principal) -> Meta:
        command = new_id()
        return Meta(id=command, time=self._clock(), actor=who.actor, correlation=command)


def check(who: Principal) -> None:
    if not who.may(*READERS):
        raise Forbidden(_("This is for moderators."))
