"""Rows about the moderators' own desk, folded from the stream `STAFF`."""

from typing import Any

import sqlalchemy as sa

from contracts.codec import Fact, Message
from contracts.staff import (
    BulkCaseSettled,
    BulkFinished,
    BulkStarted,
    BulkStopped,
    Exported,
    QualityRead,
    QueueForgotten,
    QueueSaved,
    ReasonTextRetired,
    ReasonTextWritten,
    ReportEntered,
    Viewed,
)
from services.moderation.tables import metadata
from services.runtime.database import Json, Row, UtcTime
from services.runtime.projection import Key, View

seen = sa.Table(
    "seen",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
    # What was looked at (`case`, `file`, …), exported (`export`), read again (`quality`), worded
    # (`text`, `text_retired`) or entered into the yearly report (`report`).
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Index("seen_of_case", "case_id", "at"),
    sa.Index("seen_by", "by", "at"),
)

saved_queues = sa.Table(
    "saved_queues",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("forgotten", sa.Boolean, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("saved_queues_of", "owner", "id"),
)

bulks = sa.Table(
    "bulks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("command", sa.Text, nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("refused", sa.Integer, nullable=False),
    sa.Column("stopped_by", sa.Text),
    sa.Column("finished_at", UtcTime),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("bulks_newest", "started_at", "id"),
)

bulk_cases = sa.Table(
    "bulk_cases",
    metadata,
    sa.Column("bulk_id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)

quality = sa.Table(
    "quality",
    metadata,
    sa.Column("decision_id", sa.Text, primary_key=True),
    sa.Column("by", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)

# Reason texts that were written, changed or retired here; the others come with the software.
reason_texts = sa.Table(
    "reason_texts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("types", Json, nullable=False),
    sa.Column("wordings", Json, nullable=False),
    sa.Column("retired", sa.Boolean, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)

# What staff entered into the yearly report of a period.
report_entries = sa.Table(
    "report_entries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("entries", Json, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)

_OF_BULKS = frozenset({BulkStarted, BulkCaseSettled, BulkStopped, BulkFinished})


_AUDITED = frozenset(
    {Viewed, Exported, QualityRead, ReasonTextWritten, ReasonTextRetired, ReportEntered}
)


def seen_key(fact: Fact, message: Message) -> Key | None:
    if type(fact) not in _AUDITED:
        return None
    return (message.sequence, message.facts.index(fact))


def fold_seen(_: Row | None, fact: Any, message: Message) -> Row:
    what: str
    case_id = None
    match fact:
        case Viewed():
            what, case_id, detail = fact.what, fact.case_id, fact.detail
        case Exported():
            what, detail = "export", f"{fact.what} {fact.format} {fact.query}"
        case QualityRead():
            what, case_id, detail = "quality", fact.case_id, fact.verdict
        case ReasonTextWritten():
            what, detail = "text", f"{fact.wordings[0].title} ({fact.text_id})"
        case ReasonTextRetired():
            what, detail = "text_retired", fact.text_id
        case _:
            what, detail = "report", f"since={fact.since}&until={fact.until}"
    return {
        "sequence": message.sequence,
        "position": message.facts.index(fact),
        "what": what,
        "case_id": case_id,
        "detail": detail,
        "by": fact.by,
        "at": fact.at,
    }


def queue_key(fact: Fact, _: Message) -> Key | None:
    return (fact.queue_id,) if isinstance(fact, QueueSaved | QueueForgotten) else None


def fold_queue(row: Row | None, fact: QueueSaved | QueueForgotten, message: Message) -> Row:
    if isinstance(fact, QueueSaved):
        return {
            "id": fact.queue_id,
            "owner": fact.by,
            "name": fact.name,
            "query": fact.query,
            "forgotten": False,
            "version": message.sequence,
        }
    if row is None:
        raise LookupError(f"queue {fact.queue_id} was not saved")
    return {**row, "forgotten": True, "version": message.sequence}


def bulk_key(fact: Fact, _: Message) -> Key | None:
    return (fact.bulk_id,) if type(fact) in _OF_BULKS else None  # type: ignore[union-attr]


def fold_bulk(row: Row | None, fact: Any, message: Message) -> Row:
    match fact:
        case BulkStarted():
            return {
                "id": fact.bulk_id,
                "command": fact.command,
                "query": fact.query,
                "by": fact.by,
                "started_at": fact.at,
                "total": len(fact.cases),
                "done": 0,
                "refused": 0,
                "stopped_by": None,
                "finished_at": None,
                "version": message.sequence,
            }
        case _ if row is None:
            raise LookupError(f"bulk action {fact.bulk_id} was not started")
        case BulkCaseSettled():
            changes: Row = {fact.outcome: row[fact.outcome] + 1}
        case BulkStopped():
            changes = {"stopped_by": fact.by}
        case _:
            changes = {"finished_at": fact.at}
    return {**row, **changes, "version": message.sequence}


def settled_key(fact: Fact, _: Message) -> Key | None:
    return (fact.bulk_id, fact.case_id) if isinstance(fact, BulkCaseSettled) else None


def fold_settled(_: Row | None, fact: BulkCaseSettled, __: Message) -> Row:
    return {
        "bulk_id": fact.bulk_id,
        "case_id": fact.case_id,
        "outcome": fact.outcome,
        "reason": fact.reason,
        "at": fact.at,
    }


def quality_key(fact: Fact, _: Message) -> Key | None:
    return (fact.decision_id, fact.by) if isinstance(fact, QualityRead) else None


def fold_quality(_: Row | None, fact: QualityRead, __: Message) -> Row:
    return {
        "decision_id": fact.decision_id,
        "by": fact.by,
        "case_id": fact.case_id,
        "verdict": fact.verdict,
        "note": fact.note,
        "at": fact.at,
    }


def text_key(fact: Fact, _: Message) -> Key | None:
    return (fact.text_id,) if isinstance(fact, ReasonTextWritten | ReasonTextRetired) else None


def fold_text(
    row: Row | None, fact: ReasonTextWritten | ReasonTextRetired, message: Message
) -> Row:
    changed = {"by": fact.by, "at": fact.at, "version": message.sequence}
    if isinstance(fact, ReasonTextWritten):
        return {
            "id": fact.text_id,
            "types": list(fact.complaint_types),
            "wordings": [each.model_dump() for each in fact.wordings],
            "retired": False,
            **changed,
        }
    # One that came with the software has no words here, and needs none.
    was = row or {"id": fact.text_id, "types": [], "wordings": []}
    return {**was, "retired": True, **changed}


def report_key(fact: Fact, _: Message) -> Key | None:
    return (fact.report_id,) if isinstance(fact, ReportEntered) else None


def fold_report(_: Row | None, fact: ReportEntered, message: Message) -> Row:
    return {
        "id": fact.report_id,
        "entries": [each.model_dump() for each in fact.entries],
        "by": fact.by,
        "at": fact.at,
        "version": message.sequence,
    }


STAFF_VIEWS = (
    View(seen, seen_key, fold_seen, append_only=True),
    View(saved_queues, queue_key, fold_queue),
    View(bulks, bulk_key, fold_bulk),
    View(bulk_cases, settled_key, fold_settled, append_only=True),
    View(quality, quality_key, fold_quality),
    View(reason_texts, text_key, fold_text),
    View(report_entries, report_key, fold_report),
)
