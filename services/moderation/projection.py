"""What the pages and the API show, folded from the log: pure functions from fact to row."""

from typing import Any

from contracts.case import CounterNoticeReceived
from contracts.codec import Fact, Message
from contracts.response import CounterNoticeSubmitted
from services.moderation.case_view import CASE_VIEW
from services.moderation.kinds import KINDS
from services.moderation.listing import SEARCH_VIEW
from services.moderation.outgoing.view import OUTGOING_VIEW
from services.moderation.party_views import PARTY_VIEWS, aggregate_id
from services.moderation.tables import answers, timeline
from services.runtime.database import Row
from services.runtime.projection import Key, View


def _position(fact: Fact, message: Message) -> int:
    for place, each in enumerate(message.facts):
        if each is fact:
            return place
    raise LookupError("the fact is not of this message")


def timeline_key(fact: Fact, message: Message) -> Key | None:
    return (message.sequence, _position(fact, message)) if type(fact) in KINDS else None


def fold_timeline(_: Row | None, fact: Any, message: Message) -> Row:
    late = isinstance(fact, CounterNoticeReceived) and fact.late
    return {
        "sequence": message.sequence,
        "position": _position(fact, message),
        "case_id": aggregate_id(message),
        "at": getattr(fact, "received_at", None) or fact.at,
        "kind": "counter_notice_late" if late else KINDS[type(fact)],
        "by": getattr(fact, "by", None),
        "data": fact,
    }


def answer_key(fact: Fact, message: Message) -> Key | None:
    return (message.meta.id,) if type(fact) is CounterNoticeSubmitted else None


def fold_answer(_: Row | None, fact: CounterNoticeSubmitted, message: Message) -> Row:
    return {
        "id": message.meta.id,
        "case_id": fact.case_id,
        "by": fact.by,
        "text": fact.text,
        "evidence": fact.evidence,
        "received_at": fact.received_at,
        "version": message.sequence,
    }


VIEWS = (
    *PARTY_VIEWS,
    CASE_VIEW,
    OUTGOING_VIEW,
    SEARCH_VIEW,
    View(timeline, timeline_key, fold_timeline, append_only=True),
    View(answers, answer_key, fold_answer, append_only=True),
)
