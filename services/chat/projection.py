"""Rows of chats and operators, folded from their facts: pure."""

from datetime import datetime
from typing import Final, assert_never

from contracts import chat as facts
from contracts import operator as operator_facts
from contracts.chat import ChatFact
from contracts.codec import Fact, Message
from contracts.operator import OperatorFact
from services.chat.state import OVER, Phase
from services.chat.tables import chats, operators
from services.runtime.database import Row
from services.runtime.projection import Key, View

PREVIEW: Final = 160
"""Characters of the last message that lists show."""


def _chat_key(fact: Fact, message: Message) -> Key | None:
    return (message.subject.rsplit(".", 1)[1],) if isinstance(fact, ChatFact) else None


def _operator_key(fact: Fact, message: Message) -> Key | None:
    return (message.subject.rsplit(".", 1)[1],) if isinstance(fact, OperatorFact) else None


def fold_chat(row: Row | None, fact: ChatFact, message: Message) -> Row:
    """The chat's row after `fact`. Raises ValueError for a chat that never began."""
    if isinstance(fact, facts.ChatInitiated):
        return _begun(fact, message)
    if row is None:
        raise ValueError(f"{fact.type} in a chat that never began")
    changed = {**row, **_changes(row, fact), "version": message.sequence, "last_at": fact.at}
    changed["live"] = changed["phase"] not in OVER
    return changed


def _begun(fact: facts.ChatInitiated, message: Message) -> Row:
    empty: Row = dict.fromkeys(column.name for column in chats.columns)
    return empty | {
        "id": fact.chat_id,
        "sequence": message.sequence,
        "version": message.sequence,
        "phase": Phase.INITIATED,
        "live": True,
        "language": fact.customer.language,
        **_customer(fact.customer),
        "page": fact.page,
        "initiated_at": fact.at,
        "last_at": fact.at,
        "last_text": "",
        "messages": 0,
        "bot": False,
        "bot_answers": 0,
        "operators": [],
        "offline": False,
    }


def _customer(customer: facts.Visitor) -> Row:
    return {
        "customer": customer.actor,
        "customer_name": customer.name,
        "customer_email": customer.email,
    }


def _changes(row: Row, fact: ChatFact) -> Row:
    match fact:
        case facts.ParticipantIdentified():
            return _customer(fact.customer)
        case facts.BotEngaged():
            return {"phase": Phase.BOT, "bot": True}
        case facts.BotAnswered() | facts.BotCouldNotAnswer():
            return {"bot_answers": row["bot_answers"] + 1}
        case facts.HandoffRequested():
            return {"handoff": fact.reason}
        case facts.ChatQueued():
            return {
                "phase": Phase.QUEUED,
                "language": fact.language,
                "queued_at": row["queued_at"] or fact.at,
            }
        case facts.WaitAnnounced():
            return {
                "promised_at": fact.at,
                "promised_low": fact.low,
                "promised_high": fact.high,
            }
        case facts.ChatAbandoned():
            broken = {"promise_kept": False} if _broken(row, fact.at) else {}
            return {"phase": Phase.ABANDONED, "abandoned_at": fact.at, "ended_at": fact.at} | broken
        case facts.OfflineMessageLeft():
            return {
                "phase": Phase.OFFLINE_MESSAGE,
                "offline": True,
                "customer_email": fact.email,
                "last_text": fact.text[:PREVIEW],
                "messages": row["messages"] + 1,
            }
        case facts.ChatOffered():
            return {"phase": Phase.OFFERED}
        case facts.OfferRejected() | facts.OfferMissed():
            return {"phase": Phase.OFFLINE_MESSAGE if row["offline"] else Phase.QUEUED}
        case facts.ChatConnected():
            return _connected(row, fact)
        case facts.MessagePosted():
            return _posted(row, fact)
        case facts.TransferRequested() | facts.OperatorLost():
            return {"phase": Phase.QUEUED, "operator": None}
        case facts.ChatEnded():
            return _ended(row, fact)
        case facts.WrapUpCompleted():
            # The work after the talk is handling too: it takes the operator's slot.
            handled = _seconds(row["connected_at"], fact.at) if row["connected_at"] else None
            return {"phase": Phase.COMPLETED, "wrap_up": fact.code, "handled": handled}
        case facts.RatingSubmitted():
            return {"rating": fact.score, "rating_comment": fact.comment}
        case facts.ComplaintLinked():
            return {"complaint_id": fact.complaint_id, "complaint_number": fact.number}
        case _:
            return {}


def _connected(row: Row, fact: facts.ChatConnected) -> Row:
    before = [each for each in row["operators"] if each != fact.operator_id]
    changes: Row = {
        "phase": Phase.CONNECTED,
        "operator": fact.operator_id,
        "operators": [*before, fact.operator_id],
    }
    if row["connected_at"] is None:
        changes["connected_at"] = fact.at
        if row["queued_at"] and not row["offline"]:
            changes["waited"] = _seconds(row["queued_at"], fact.at)
        if row["promised_at"]:
            changes["promise_kept"] = not _broken(row, fact.at)
    return changes


def _posted(row: Row, fact: facts.MessagePosted) -> Row:
    changes: Row = {}
    if not fact.whisper:
        changes = {"messages": row["messages"] + 1, "last_text": fact.text[:PREVIEW]}
    if fact.role == "operator" and row["response"] is None and row["connected_at"]:
        changes["response"] = _seconds(row["connected_at"], fact.at)
    return changes


def _ended(row: Row, fact: facts.ChatEnded) -> Row:
    talked = row["phase"] == Phase.CONNECTED
    changes: Row = {
        "phase": Phase.WRAP_UP if talked else Phase.ENDED,
        "ended_at": fact.at,
        "ended_reason": fact.reason,
    }
    if talked and row["connected_at"]:
        changes["handled"] = _seconds(row["connected_at"], fact.at)
    return changes


def _broken(row: Row, at: datetime) -> bool:
    """Whether the announced wait was over by `at`."""
    promised: datetime | None = row["promised_at"]
    return promised is not None and _seconds(promised, at) > row["promised_high"]


def _seconds(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds()))


def fold_operator(row: Row | None, fact: OperatorFact, message: Message) -> Row:
    """The operator's row after `fact`."""
    before: Row = row or {
        "id": message.subject.rsplit(".", 1)[1],
        "name": "",
        "languages": [],
        "skills": [],
        "capacity": 0,
        "on_shift": False,
        "away": None,
    }
    return {**before, **_operator_changes(fact), "changed_at": fact.at}


def _operator_changes(fact: OperatorFact) -> Row:
    match fact:
        case operator_facts.OperatorProfiled():
            return {
                "name": fact.name,
                "languages": fact.languages,
                "skills": fact.skills,
                "capacity": fact.capacity,
            }
        case operator_facts.ShiftStarted():
            return {"on_shift": True, "away": None}
        case operator_facts.ShiftEnded():
            return {"on_shift": False, "away": None}
        case operator_facts.OperatorAway():
            return {"away": fact.reason}
        case operator_facts.OperatorBack():
            return {"away": None}
        case (
            operator_facts.SlotReserved() | operator_facts.SlotTaken() | operator_facts.SlotFreed()
        ):
            return {}
        case _:
            assert_never(fact)


CHATS = View(chats, _chat_key, fold_chat)
OPERATORS = View(operators, _operator_key, fold_operator)
VIEWS = (CHATS, OPERATORS)
