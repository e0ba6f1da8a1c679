"""Queries of the Complaint Center. Rows come out as they are; `shown` says who sees what."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.moderation.mails import OF_MEASURES, mails, shown_on
from services.moderation.standing.pauses import PAUSE
from services.moderation.store import Page, Store, is_id
from services.moderation.tables import (
    answers,
    cases,
    complaints,
    findings,
    measures,
    sent,
    timeline,
)
from services.runtime.database import Row, rows_of
from services.runtime.live import Change

_INSIDE = ("claimed", "released")
"""Kinds of entries that are many, and that no party sees."""
_CHANGES_AT_ONCE = 500


class ComplaintParts(NamedTuple):
    """A complaint, its case once it has one, that case's timeline, its appeals, and the mails that
    its complainant was sent about it."""

    complaint: Row
    case: Row | None
    timeline: Sequence[Row]
    lodged: Sequence[Row]
    mails: Sequence[Row] = ()


class AccusedParts(NamedTuple):
    """A case as its accused knows it: what they sent, what is on their record for it, and the mails
    that they were sent about it."""

    case: Row
    answers: Sequence[Row]
    timeline: Sequence[Row]
    sent: Sequence[Row]
    findings: Sequence[Row]
    mails: Sequence[Row] = ()


class Record(NamedTuple):
    """What is on a member's record, and the mails that they were sent about measures."""

    findings: Sequence[Row]
    measures: Sequence[Row]
    mails: Sequence[Row] = ()


class Matters(NamedTuple):
    """A page of a reader's complaints or cases, with the cases and timelines they belong to."""

    rows: Sequence[Row]
    next: str | None
    cases: dict[str, Row]
    timelines: dict[str, list[Row]]
    answers: dict[str, list[Row]]


class CenterStore(Store):
    async def complaint_parts(self, complaint_id: str) -> ComplaintParts | None:
        if not is_id(complaint_id):
            return None
        async with self._database.read() as connection:
            found = await rows_of(
                connection, sa.select(complaints).where(complaints.c.id == complaint_id)
            )
            if not found:
                return None
            await _kept(connection, found)
            case_id = found[0]["case_id"]
            about = mails.c.complaint_id == complaint_id
            if case_id is None:
                mailed = await rows_of(connection, _mailed(about))
                return ComplaintParts(found[0], None, (), (), mailed)
            # Who filed several complaints is told once, in a mail about one of them.
            theirs = (mails.c.case_id == case_id) & (mails.c.reader == found[0]["complainant"])
            joined = await rows_of(connection, sa.select(cases).where(cases.c.id == case_id))
            mine = sa.select(sent).where(
                sent.c.case_id == case_id, sent.c.complaint_id == complaint_id
            )
            return ComplaintParts(
                found[0],
                joined[0] if joined else None,
                await rows_of(connection, _timelines([case_id])),
                await rows_of(connection, mine),
                await rows_of(connection, _mailed(about | theirs)),
            )

    async def accused_parts(self, case_id: str) -> AccusedParts | None:
        if not is_id(case_id):
            return None
        async with self._database.read() as connection:
            found = await rows_of(connection, sa.select(cases).where(cases.c.id == case_id))
            if not found:
                return None
            a, s, f = answers.c, sent.c, findings.c
            answered = sa.select(answers).where(a.case_id == case_id)
            theirs = sa.select(sent).where(s.case_id == case_id, s.complaint_id.is_(None))
            member = f"member:{found[0]['accused']}"
            mailed = _mailed((mails.c.case_id == case_id) & (mails.c.reader == member))
            on_record = sa.select(findings).where(f.member == member, f.case_id == case_id)
            return AccusedParts(
                found[0],
                await rows_of(connection, answered.order_by(a.received_at, a.id)),
                await rows_of(connection, _timelines([case_id])),
                await rows_of(connection, theirs.order_by(s.at, s.id)),
                await rows_of(connection, on_record.order_by(f.at, f.id)),
                await rows_of(connection, mailed),
            )

    async def complaints_by(self, complainant: str, *, cursor: str | None, limit: int) -> Matters:
        """The complaints of `<kind>:<id>`, newest first."""
        c = complaints.c
        query = sa.select(complaints).where(c.complainant == complainant)
        page = await self._page(
            query, c.filed_at, c.id, newest_first=True, cursor=cursor, limit=limit
        )
        async with self._database.read() as connection:
            await _kept(connection, page.rows)
        return await self._matters(page, [row["case_id"] for row in page.rows if row["case_id"]])

    async def cases_against(self, member: str, *, cursor: str | None, limit: int) -> Matters:
        """The cases of which `member`, their accused, was told; the last told first."""
        c = cases.c
        query = sa.select(cases).where(c.accused == member, c.told_at.is_not(None))
        page = await self._page(
            query, c.told_at, c.id, newest_first=True, cursor=cursor, limit=limit
        )
        return await self._matters(page, [row["id"] for row in page.rows])

    async def record_of(self, member: str) -> Record:
        """The record of `<kind>:<id>`, the newest first."""
        f, m = findings.c, measures.c
        on_record = sa.select(findings).where(f.member == member).order_by(f.at.desc(), f.id)
        imposed = sa.select(measures).where(m.member == member, m.imposed_at.is_not(None))
        async with self._database.read() as connection:
            found = await rows_of(connection, on_record)
            taken = await rows_of(connection, imposed.order_by(m.imposed_at.desc(), m.id))
            about = mails.c.case_id.in_({row["case_id"] for row in taken})
            told = (mails.c.reader == member) & mails.c.fact.in_(OF_MEASURES)
            return Record(found, taken, await rows_of(connection, _mailed(about & told)))

    async def audiences(
        self, changes: Collection[Change], wanted: Collection[str]
    ) -> Iterable[str]:
        """Which of the topics `complaint:<id>`, `complainant:<kind>:<id>` and `accused:<member>`
        are concerned (see `services.runtime.live`), and the pages that tell of a mail."""
        topics: set[str] = set()
        watched = {
            kind: [topic.partition(":")[2] for topic in wanted if topic.startswith(f"{kind}:")]
            for kind in ("complaint", "complainant", "accused")
        }
        every = list(changes)
        for start in range(0, len(every), _CHANGES_AT_ONCE):
            some = every[start : start + _CHANGES_AT_ONCE]
            of_cases = [each.id for each in some if each.kind in ("case", "response")]
            of_complaints = [each.id for each in some if each.kind == "complaint"]
            if watched["complaint"] or watched["complainant"]:
                topics |= await self._complainants(of_cases, of_complaints, watched)
            if of_mails := [each.id for each in some if each.kind == "mail"]:
                sent_now = await self._all(_mailed(mails.c.id.in_(of_mails)))
                topics.update(*(shown_on(row) for row in sent_now if row["reader"]))
            if watched["accused"] and of_cases:
                c = cases.c
                query = sa.select(c.accused).where(
                    c.id.in_(of_cases), c.accused.in_(watched["accused"]), c.told_at.is_not(None)
                )
                topics.update(f"accused:{row['accused']}" for row in await self._all(query))
        return topics

    async def _complainants(
        self, of_cases: list[str], of_complaints: list[str], watched: dict[str, list[str]]
    ) -> set[str]:
        c = complaints.c
        query = sa.select(c.id, c.complainant).where(
            c.case_id.in_(of_cases) | c.id.in_(of_complaints),
            c.id.in_(watched["complaint"]) | c.complainant.in_(watched["complainant"]),
        )
        rows = await self._all(query)
        return {f"complaint:{row['id']}" for row in rows} | {
            f"complainant:{row['complainant']}" for row in rows
        }

    async def _matters(self, page: Page, case_ids: list[str]) -> Matters:
        matters = Matters(page.rows, page.next, {}, {}, {})
        if not case_ids:
            return matters
        async with self._database.read() as connection:
            for row in await rows_of(connection, sa.select(cases).where(cases.c.id.in_(case_ids))):
                matters.cases[row["id"]] = row
            for row in await rows_of(connection, _timelines(case_ids)):
                matters.timelines.setdefault(row["case_id"], []).append(row)
            answered = sa.select(answers.c.case_id, answers.c.version)
            for row in await rows_of(connection, answered.where(answers.c.case_id.in_(case_ids))):
                matters.answers.setdefault(row["case_id"], []).append(row)
        return matters


async def _kept(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    """Says of each complaint that waits for the end of a pause when that is: `kept_until`."""
    waiting = [row for row in rows if row["case_id"] is None and row["withdrawn_at"] is None]
    if not waiting:
        return
    m = measures.c
    people = {row["complainant"] for row in waiting}
    query = sa.select(measures).where(m.member.in_(people), m.kind == PAUSE, m.state == "imposed")
    for pause in await rows_of(connection, query):
        for row in waiting:
            begun = row["complainant"] == pause["member"] and pause["starts_at"] <= row["filed_at"]
            if begun and pause["ends_at"] is not None and row["filed_at"] < pause["ends_at"]:
                row["kept_until"] = pause["ends_at"]


def _mailed(whose: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(mails).where(whose, mails.c.sent_at.is_not(None))


def _timelines(case_ids: list[str]) -> sa.Select[Any]:
    c = timeline.c
    query = sa.select(timeline).where(c.case_id.in_(case_ids), c.kind.not_in(_INSIDE))
    return query.order_by(c.case_id, c.sequence, c.position)
