"""The row of something told outside, folded from its facts."""

from typing import Any

from contracts.codec import Fact, Message
from contracts.outgoing import (
    OutgoingAttempted,
    OutgoingDelivered,
    OutgoingFailed,
    OutgoingQueued,
    OutgoingRefused,
    OutgoingRequeued,
)
from services.moderation.outgoing.item import OutgoingState
from services.moderation.party_views import aggregate_id
from services.moderation.tables import outgoing
from services.runtime.database import Row
from services.runtime.projection import Key, View


def outgoing_key(fact: Fact, message: Message) -> Key | None:
    return (aggregate_id(message),) if message.subject.startswith("outgoing.") else None


def fold_outgoing(row: Row | None, fact: Any, message: Message) -> Row:
    if isinstance(fact, OutgoingQueued):
        return {
            "id": fact.outgoing_id,
            "channel": fact.channel,
            "topic": fact.topic,
            "case_id": fact.case_id,
            "body": fact.body,
            "state": str(OutgoingState.QUEUED),
            "failures": 0,
            "reason": None,
            "errors": [],
            "queued_at": fact.queued_at,
            "due_at": fact.queued_at,
            "changed_at": fact.queued_at,
            "version": message.sequence,
        }
    if row is None:
        raise LookupError(f"{message.subject} was not queued")
    return {**row, **_changes(row, fact), "changed_at": fact.at, "version": message.sequence}


def _changes(row: Row, fact: Any) -> Row:
    match fact:
        case OutgoingRefused():
            errors = [each.model_dump() for each in fact.errors]
            return {"state": str(OutgoingState.REFUSED), "errors": errors, "due_at": None}
        case OutgoingAttempted():
            return {}
        case OutgoingDelivered():
            done: Row = {"state": str(OutgoingState.DELIVERED), "due_at": None, "errors": []}
            return {**done, "reason": fact.reply}
        case OutgoingFailed():
            waits = fact.retry_at is not None
            return {
                "state": str(OutgoingState.WAITING if waits else OutgoingState.DEAD),
                "failures": row["failures"] + 1,
                "reason": fact.reason,
                "errors": [each.model_dump() for each in fact.errors],
                "due_at": fact.retry_at,
            }
        case OutgoingRequeued():
            return {
                "state": str(OutgoingState.QUEUED),
                "body": fact.body or row["body"],
                "failures": 0,
                "errors": [],
                "due_at": fact.at,
            }
        case _:
            raise LookupError(type(fact).__name__)


OUTGOING_VIEW = View(outgoing, outgoing_key, fold_outgoing)
