"""One command on many cases: previewed, then carried out case by case, each with its own outcome.

A bulk action is an aggregate of the stream `STAFF`. A reaction carries it out in small steps and
records what came of each case; after a crash it goes on where it stopped, and what was done but not
yet recorded is recognised by its derived command id. A case that has changed since the moderator
looked is refused, not overridden.
"""

import contextlib
from collections import Counter
from datetime import datetime
from functools import reduce

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from contracts.codec import Fact, Message
from contracts.envelope import Aggregate, Meta, aggregate_of
from contracts.ids import derived_id, new_id
from contracts.staff import BulkCase, BulkCaseSettled, BulkFinished, BulkStarted, BulkStopped
from services.moderation.case_lists import CaseLists
from services.moderation.cases import Cases
from services.moderation.commands import Actor, Claim, Command, Release, StaffCommand
from services.moderation.decider import decide
from services.moderation.desk import CheckFilled, actor_of
from services.moderation.list_query import ListQuery
from services.moderation.policy import Policy
from services.moderation.shown.staff import case_of, case_summary
from services.moderation.staff_desk import check
from services.moderation.staff_models import (
    Bulk,
    BulkCaseShown,
    BulkDetail,
    BulkPage,
    BulkPreview,
    BulkWanted,
)
from services.moderation.staff_views import bulk_cases, bulks
from services.moderation.state import Case, evolve
from services.moderation.store import cursor_at, is_id, read_cursor
from services.moderation.tables import cases
from services.moderation.transitions import NAMES, ROWS, STAFF_COMMANDS, Needs, permit
from services.runtime.auth import Principal
from services.runtime.clock import Clock
from services.runtime.database import Database, Row, UtcTime, rows_of
from services.runtime.events import EventStore
from services.runtime.problems import Conflict, Invalid, NotFound, Refused, Stale, Unavailable
from services.runtime.projection import Projector
from services.runtime.reactions import RetryLater
from services.runtime.sentences import gettext as _

MOST_CASES = 5_000
"""Of one bulk action; its list is one message of the log."""
STEP = 20
"""Cases that are settled before that is recorded."""
SHOWN = 20

POSSIBLE = frozenset(STAFF_COMMANDS) - {"claim", "release", "decide-appeal", "link"}
"""What makes sense on many cases alike."""


class Bulks:
    def __init__(
        self,
        *,
        events: EventStore,
        cases: Cases,
        lists: CaseLists,
        database: Database,
        projector: Projector,
        check_filled: CheckFilled,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._events = events
        self._cases = cases
        self._lists = lists
        self._database = database
        self._projector = projector
        self._check_filled = check_filled
        self._policy = policy
        self._clock = clock

    async def preview(self, who: Principal, wanted: BulkWanted) -> BulkPreview:
        """What the action would do now. Raises Invalid for too many cases or a wrong command."""
        check(who)
        command = _command(wanted)
        rows = await self._found(who, wanted)
        now, actor = self._clock(), actor_of(who)
        refused: Counter[str] = Counter()
        for row in rows:
            try:
                _permit(case_of(row), type(command), actor, now, self._policy)
            except Refused as refusal:
                refused[refusal.title] += 1
        return BulkPreview(
            command=wanted.command,
            total=len(rows),
            possible=len(rows) - refused.total(),
            refused=dict(refused),
            cases=tuple(case_summary(row, now) for row in rows[:SHOWN]),
        )

    async def start(self, who: Principal, wanted: BulkWanted, *, key: str | None = None) -> Bulk:
        """Begins the action on the cases as they are now. The same `key` begins it once."""
        check(who)
        command = _command(wanted)
        await self._check_filled(command)
        rows = await self._found(who, wanted)
        if not rows:
            raise Invalid([{"field": "query", "message": _("No case is found by this.")}])
        bulk_id = derived_id("bulk", who.id, key) if key else new_id()
        now = self._clock()
        fact = BulkStarted(
            bulk_id=bulk_id,
            command=wanted.command,
            body=command.model_dump_json(),
            query=str(ListQuery.read(wanted.query)),
            cases=tuple(BulkCase(case_id=r["id"], case_version=r["version"]) for r in rows),
            by=who.id,
            roles=tuple(sorted(who.roles)),
            at=now,
        )
        meta = Meta(id=derived_id("start", bulk_id), time=now, actor=who.actor, correlation=bulk_id)
        try:
            sequence = await self._events.append(_aggregate(bulk_id), [fact], expected=0, meta=meta)
            await self._projector.wait_for(sequence)
        except Conflict:
            pass  # begun before, with the same key
        return await self._one(bulk_id)

    async def stop(self, who: Principal, bulk_id: str) -> None:
        """Nothing more is done; what is settled stays."""
        check(who)
        bulk = await self._one(bulk_id)
        if bulk.finished_at is not None or bulk.stopped_by is not None:
            return
        now = self._clock()
        meta = Meta(id=new_id(), time=now, actor=who.actor, correlation=bulk_id)
        while True:
            version = (await self._events.read(_aggregate(bulk_id))).version
            fact = BulkStopped(bulk_id=bulk_id, by=who.id, at=now)
            try:
                sequence = await self._events.append(
                    _aggregate(bulk_id), [fact], expected=version, meta=meta
                )
            except Conflict:
                continue
            await self._projector.wait_for(sequence)
            return

    async def all(self, who: Principal, *, cursor: str | None = None, limit: int = 50) -> BulkPage:
        """Bulk actions, the newest first."""
        check(who)
        c = bulks.c
        query = sa.select(bulks)
        if cursor is not None:
            at, last = read_cursor(cursor)
            place = sa.tuple_(sa.literal(at, UtcTime), sa.literal(last))
            query = query.where(sa.tuple_(c.started_at, c.id) < place)
        query = query.order_by(c.started_at.desc(), c.id.desc()).limit(limit + 1)
        async with self._database.read() as connection:
            rows = await rows_of(connection, query)
        more = rows[limit - 1] if len(rows) > limit else None
        return BulkPage(
            items=tuple(_shown(row) for row in rows[:limit]),
            next=cursor_at(more["started_at"], more["id"]) if more else None,
        )

    async def read(self, who: Principal, bulk_id: str) -> BulkDetail:
        """One bulk action with the outcome of each case."""
        check(who)
        bulk = await self._one(bulk_id)
        c = bulk_cases.c
        query = (
            sa.select(bulk_cases, cases.c.number)
            .outerjoin(cases, cases.c.id == c.case_id)
            .where(c.bulk_id == bulk_id)
            .order_by(c.outcome.desc(), c.at)
        )
        async with self._database.read() as connection:
            rows = await rows_of(connection, query)
        settled = tuple(
            BulkCaseShown(**{name: row[name] for name in BulkCaseShown.model_fields})
            for row in rows
        )
        return BulkDetail(**bulk.model_dump(), settled=settled)

    async def on_staff(self, message: Message) -> None:
        """Carries a bulk action on by one step, and asks to be called again while more is left."""
        if not any(isinstance(fact, BulkStarted) for fact in message.facts):
            return
        aggregate = aggregate_of(message.subject)
        history = await self._events.read(aggregate)
        started = next(fact for fact in history.facts if isinstance(fact, BulkStarted))
        if any(isinstance(fact, BulkFinished) for fact in history.facts):
            return
        settled = {f.case_id for f in history.facts if isinstance(f, BulkCaseSettled)}
        stopped = any(isinstance(fact, BulkStopped) for fact in history.facts)
        left = [] if stopped else [e for e in started.cases if e.case_id not in settled]
        facts: list[Fact] = [
            await self._settle(started, each, message.meta) for each in left[:STEP]
        ]
        if len(left) <= STEP:
            facts.append(BulkFinished(bulk_id=started.bulk_id, at=self._clock()))
        meta = Meta(
            id=derived_id("step", started.bulk_id, str(history.version)),
            time=self._clock(),
            actor="service:moderation",
            correlation=started.bulk_id,
            causation=message.meta.id,
        )
        try:
            await self._events.append(aggregate, facts, expected=history.version, meta=meta)
        except Conflict:
            raise RetryLater(0.1, "somebody wrote to the bulk action meanwhile") from None
        if len(left) > STEP:
            raise RetryLater(0.01, "more cases are left")

    async def _settle(self, bulk: BulkStarted, each: BulkCase, cause: Meta) -> BulkCaseSettled:
        """What came of the command on one case."""
        try:
            await self._carry_out(bulk, each, cause)
        except Unavailable:
            raise
        except Stale:
            return self._settled(bulk, each, _("The case has changed since you looked."))
        except Refused as refusal:
            return self._settled(bulk, each, str(refusal.detail))
        return self._settled(bulk, each, "")

    def _settled(self, bulk: BulkStarted, each: BulkCase, reason: str) -> BulkCaseSettled:
        return BulkCaseSettled(
            bulk_id=bulk.bulk_id,
            case_id=each.case_id,
            outcome="refused" if reason else "done",
            reason=str(reason),
            at=self._clock(),
        )

    async def _carry_out(self, bulk: BulkStarted, each: BulkCase, cause: Meta) -> None:
        command = _ADAPTER[bulk.command].validate_json(bulk.body)
        by = Actor(bulk.by, frozenset(bulk.roles))
        version: int | None = each.case_version
        needs_lease = all(row.lease is Needs.OWN for row in ROWS[type(command)])
        steps: list[StaffCommand] = [Claim(), command] if needs_lease else [command]
        try:
            for step in steps:
                version = await self._command(bulk, each, step, by, cause, if_match=version)
        except Unavailable:
            raise  # it goes on with its claim when the log is back
        except Refused:
            if needs_lease:
                await self._release(bulk, each, by, cause, version)
            raise
        if needs_lease:
            await self._release(bulk, each, by, cause, version)

    async def _release(
        self, bulk: BulkStarted, each: BulkCase, by: Actor, cause: Meta, version: int | None
    ) -> None:
        """Nobody is kept waiting for a case that was claimed for the action alone."""
        with contextlib.suppress(Refused):  # where the command has ended the claim itself
            await self._command(bulk, each, Release(), by, cause, if_match=version)

    async def _command(
        self,
        bulk: BulkStarted,
        each: BulkCase,
        command: StaffCommand,
        by: Actor,
        cause: Meta,
        *,
        if_match: int | None,
    ) -> int:
        meta = Meta(
            id=derived_id("bulk", bulk.bulk_id, each.case_id, NAMES[type(command)]),
            time=self._clock(),
            actor=cause.actor,
            correlation=bulk.bulk_id,
            causation=cause.id,
        )
        handled = await self._cases.command(
            each.case_id, command, by=by, meta=meta, if_match=if_match
        )
        return handled.sequence

    async def _found(self, who: Principal, wanted: BulkWanted) -> list[Row]:
        filters = ListQuery.read(wanted.query).filters()
        columns = [column.name for column in cases.columns]
        found: list[Row] = []
        now = self._clock()
        async for rows in self._lists.every(filters, reader=who.id, now=now, columns=columns):
            found += rows
            if len(found) > MOST_CASES:
                message = _("These are more than %(n)s cases: narrow them down.") % {
                    "n": MOST_CASES
                }
                raise Invalid([{"field": "query", "message": message}])
        return found

    async def _one(self, bulk_id: str) -> Bulk:
        rows: list[Row] = []
        if is_id(bulk_id):
            async with self._database.read() as connection:
                rows = await rows_of(connection, sa.select(bulks).where(bulks.c.id == bulk_id))
        if not rows:
            raise NotFound(_("There is no such bulk action."))
        return _shown(rows[0])


def _permit(case: Case, command: type[Command], by: Actor, now: datetime, policy: Policy) -> None:
    """Raises the refusal that stands against the command, a claim of its own supposed."""
    if all(row.lease is Needs.OWN for row in ROWS[command]):
        claimed = decide(case, Claim(), by=by, now=now, policy=policy)
        case = reduce(evolve, claimed, case)
    permit(case, command, by, now)


def _command(wanted: BulkWanted) -> StaffCommand:
    if wanted.command not in POSSIBLE:
        raise Invalid([{"field": "command", "message": _("This is not possible on many cases.")}])
    try:
        return _ADAPTER[wanted.command].validate_python(wanted.body)
    except ValidationError as error:
        fields = [".".join(str(part) for part in each["loc"]) for each in error.errors()]
        message = _("Something is missing or wrong: %(fields)s.") % {"fields": ", ".join(fields)}
        raise Invalid([{"field": "body", "message": message}]) from None


_ADAPTER: dict[str, TypeAdapter[StaffCommand]] = {
    name: TypeAdapter[StaffCommand](command)  # type: ignore[arg-type]
    for name, command in STAFF_COMMANDS.items()
}


def _shown(row: Row) -> Bulk:
    return Bulk(**{name: row[name] for name in Bulk.model_fields})


def _aggregate(bulk_id: str) -> Aggregate:
    return Aggregate(kind="staff", id=bulk_id)
