"""What the two sides see of a chat: facts as small JSON events, without what is not theirs.

An event always has `type`. Those of a message in the log share its sequence, `seq`.
"""

from collections.abc import Iterable
from typing import Any, Literal

from contracts import chat as facts
from contracts.chat import ChatFact
from contracts.codec import Fact, Message
from contracts.parties import Evidence

Audience = Literal["customer", "staff"]
Event = dict[str, Any]


def show(message: Message, audience: Audience) -> list[Event]:
    """The events of one message of the log; none where it is nothing for this side."""
    return [event for fact in message.facts if (event := _event(fact, audience)) is not None]


def show_all(messages: Iterable[Message], audience: Audience) -> list[Event]:
    """A chat's events in order, each with its `seq` and `at`; what was redacted is gone."""
    messages = tuple(messages)
    gone = {
        fact.message_id
        for message in messages
        for fact in message.facts
        if isinstance(fact, facts.MessageRedacted)
    }
    return [
        {**_without(event, gone), "seq": message.sequence, "at": message.meta.time.isoformat()}
        for message in messages
        for event in show(message, audience)
    ]


def _without(event: Event, gone: set[str]) -> Event:
    if event.get("id") in gone and event["type"] in ("message", "answer", "left_message"):
        return {**event, "text": "", "attachments": [], "redacted": True}
    return event


def _event(fact: Fact, audience: Audience) -> Event | None:
    if not isinstance(fact, ChatFact):
        return None
    return _talk(fact, audience) or _course(fact) or (_staff(fact) if audience == "staff" else None)


def _talk(fact: ChatFact, audience: Audience) -> Event | None:
    match fact:
        case facts.MessagePosted():
            if fact.whisper and audience == "customer":
                return None
            return {
                "type": "message",
                "id": fact.message_id,
                "client_id": fact.client_id,
                "role": fact.role,
                "name": fact.name,
                "text": fact.text,
                "attachments": [attachment(each) for each in fact.attachments],
                "masked": fact.masked,
                **({"whisper": True} if fact.whisper else {}),
            }
        case facts.OfflineMessageLeft():
            return {
                "type": "left_message",
                "id": fact.message_id,
                "role": "customer",
                "text": fact.text,
                **({"email": fact.email} if audience == "staff" else {}),
            }
        case facts.BotAnswered():
            return {
                "type": "answer",
                "id": fact.message_id,
                "question_id": fact.question_id,
                "role": "bot",
                "kind": fact.kind,
                "text": fact.text,
                "sources": [each.model_dump() for each in fact.sources],
            }
        case facts.BotCouldNotAnswer():
            return {
                "type": "answer",
                "id": fact.message_id,
                "question_id": fact.question_id,
                "role": "bot",
                "kind": "none",
                "text": fact.text,
                "sources": [],
            }
        case facts.MessageDelivered():
            return {"type": "delivered", "role": fact.role, "up_to": fact.sequence}
        case facts.MessageRead():
            return {"type": "read", "role": fact.role, "up_to": fact.sequence}
        case facts.MessageRedacted():
            return {"type": "redacted", "id": fact.message_id}
        case facts.MessageTranslated():
            return {
                "type": "translated",
                "id": fact.message_id,
                "language": fact.language,
                "text": fact.text,
                "engine": fact.engine,
            }
        case _:
            return None


def _course(fact: ChatFact) -> Event | None:
    """How the chat goes on; the same for both sides."""
    match fact:
        case facts.ChatInitiated():
            return {"type": "started", "language": fact.customer.language}
        case facts.ParticipantIdentified():
            return {"type": "identified", "kind": fact.customer.kind, "name": fact.customer.name}
        case facts.EmailCodeRequested():
            return {"type": "code_sent", "until": fact.until.isoformat()}
        case facts.BotEngaged():
            return {"type": "bot_joined"}
        case facts.HandoffRequested():
            return {"type": "handoff", "reason": fact.reason}
        case facts.ChatQueued():
            return {"type": "queued", "language": fact.language}
        case facts.WaitAnnounced():
            return {
                "type": "wait",
                "position": fact.position,
                "low": fact.low,
                "high": fact.high,
            }
        case facts.ChatConnected():
            return {
                "type": "connected",
                "operator": fact.operator_name,
                "greeting": fact.greeting,
            }
        case facts.ParticipantLeft() | facts.ParticipantReturned():
            how = "silent" if isinstance(fact, facts.ParticipantLeft) else "back"
            return {"type": how, "role": fact.role}
        case facts.SupervisorJoined(mode="barge"):
            return {"type": "joined", "role": "supervisor", "name": fact.name}
        case facts.TransferRequested() | facts.OperatorLost():
            return {"type": "handed_over"}
        case facts.ChatAbandoned():
            return {"type": "abandoned", "reason": fact.reason}
        case facts.ChatEnded():
            return {"type": "ended", "role": fact.role, "reason": fact.reason}
        case facts.RatingRequested():
            return {"type": "rating_requested", "until": fact.until.isoformat()}
        case facts.RatingSubmitted():
            return {"type": "rated", "score": fact.score}
        case facts.TranscriptSent():
            return {"type": "transcript_sent"}
        case facts.ComplaintLinked():
            return {
                "type": "complaint",
                "complaint_id": fact.complaint_id,
                "number": fact.number,
            }
        case _:
            return None


def _staff(fact: ChatFact) -> Event | None:
    """What only operators and supervisors see."""
    match fact:
        case facts.ChatOffered():
            return {
                "type": "offered",
                "operator": fact.operator_id,
                "expires_at": fact.expires_at.isoformat(),
            }
        case facts.OfferRejected() | facts.OfferMissed():
            how = "rejected" if isinstance(fact, facts.OfferRejected) else "missed"
            return {"type": f"offer_{how}", "operator": fact.operator_id}
        case facts.ChatNoteAdded():
            return {"type": "note", "id": fact.note_id, "by": fact.by, "text": fact.text}
        case facts.SupervisorJoined():
            return {"type": "supervisor", "by": fact.by, "name": fact.name, "mode": fact.mode}
        case facts.SupervisorLeft():
            return {"type": "supervisor", "by": fact.by, "mode": None}
        case facts.TransferCompleted() | facts.TransferFailed():
            how = "completed" if isinstance(fact, facts.TransferCompleted) else "failed"
            return {"type": f"transfer_{how}", "to": fact.to_operator}
        case facts.WrapUpCompleted():
            return {"type": "wrapped_up", "code": fact.code, "note": fact.note}
        case facts.ComplaintRequested():
            return {"type": "complaint_requested", "consent": fact.consent}
        case _:
            return None


def attachment(evidence: Evidence) -> Event:
    return {
        "id": evidence.id,
        "name": evidence.name,
        "media_type": evidence.media_type,
        "size": evidence.size,
    }
