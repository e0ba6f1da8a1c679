"""What the pages and the API show, folded from the log: pure functions from fact to row."""

from functools import cache
from typing import Any

from contracts.case import (
    CaseAdmitted,
    CaseClaimed,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseOpened,
    CaseReleased,
    ComplaintJoined,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeRequested,
)
from contracts.codec import Fact, Message
from contracts.response import CounterNoticeSubmitted
from contracts.taxonomy import taxonomy
from services.moderation.kinds import KINDS
from services.moderation.party_views import PARTY_VIEWS, aggregate_id
from services.moderation.state import LIVE, Status, after_answer
from services.moderation.tables import answers, cases, timeline
from services.runtime.database import Row
from services.runtime.projection import Key, View

_CASE_FACTS = frozenset({CaseOpened, ComplaintJoined, *KINDS})


def _position(fact: Fact, message: Message) -> int:
    for place, each in enumerate(message.facts):
        if each is fact:
            return place
    raise LookupError("the fact is not of this message")


@cache
def _severities() -> dict[str, int]:
    return {reason.code: reason.sev for kind in taxonomy().types for reason in kind.reasons}


def case_key(fact: Fact, message: Message) -> Key | None:
    return (aggregate_id(message),) if type(fact) in _CASE_FACTS else None


def fold_case(row: Row | None, fact: CaseFact, message: Message) -> Row:
    if row is None and not isinstance(fact, CaseOpened):
        raise LookupError(f"{message.subject} was not opened")
    before = row or {}
    return {**before, **_changes(before, fact), "version": message.sequence}


def _opened(fact: CaseOpened) -> Row:
    return {
        "id": fact.case_id,
        "number": fact.number,
        **_state(Status.OPEN),
        "type": fact.complaint_type,
        "reason": "",
        "severity": fact.severity,
        "accused": fact.accused,
        "product_id": fact.product.product_id,
        "product_link": fact.product.link,
        "product_title": fact.product_title,
        "listing": fact.listing,
        "complaints": 0,
        "policy_version": fact.policy_version,
        "opened_at": fact.opened_at,
        "changed_at": fact.opened_at,
        "due_at": fact.triage_due_at,
        "due_kind": "triage",
        "holder": None,
        "held_until": None,
        "told_at": None,
        "allegation": None,
        "asked_at": None,
        "answer_due_at": None,
        "decision_id": None,
        "outcome": None,
        "manifestly_unfounded": False,
        "statement": None,
        "explanation": None,
        "decided_by": None,
        "decided_at": None,
        "appeal_until": None,
    }


def _changes(row: Row, fact: CaseFact) -> Row:
    """The columns that `fact` changes."""
    match fact:
        case CaseOpened():
            return _opened(fact)
        case ComplaintJoined():
            return {
                "reason": row["reason"] or fact.reason,
                "severity": max(row["severity"], _severities().get(fact.reason, 0)),
                "complaints": row["complaints"] + 1,
                "changed_at": fact.joined_at,
            }
        case CaseAdmitted():
            return {
                **_state(Status.ADMITTED),
                **_decision_due(row, fact),
                "changed_at": fact.at,
            }
        case CaseDeclaredInadmissible():
            return {
                **_state(Status.INADMISSIBLE),
                **_told(fact),
                "outcome": "inadmissible",
                "explanation": fact.explanation,
            }
        case CaseClaimed():
            admitted = row["state"] == Status.ADMITTED
            return {
                **(_state(Status.UNDER_REVIEW) if admitted else {}),
                "holder": fact.by,
                "held_until": fact.until,
                "changed_at": fact.at,
            }
        case CaseReleased():
            return {"holder": None, "held_until": None, "changed_at": fact.at}
        case CounterNoticeRequested():
            return {
                **_state(Status.AWAITING_COUNTER_NOTICE),
                "told_at": row["told_at"] or fact.at,
                "allegation": fact.allegation,
                "asked_at": fact.at,
                "answer_due_at": fact.due_at,
                "due_at": fact.due_at,
                "due_kind": "answer",
                "changed_at": fact.at,
            }
        case CounterNoticeReceived():
            after = after_answer(Status(row["state"]), late=fact.late)
            moved = after != row["state"]
            return {
                **(_state(after) | _decision_due(row, fact) if moved else {}),
                "changed_at": fact.received_at,
            }
        case CounterNoticeLapsed():
            return {
                **_state(Status.COUNTER_NOTICE_LAPSED),
                **_decision_due(row, fact),
                "changed_at": fact.at,
            }
        case CaseDecided():
            return {
                **_state(Status.DECIDED),
                **_told(fact),
                "told_at": row["told_at"] or fact.at,
                "outcome": str(fact.outcome),
                "manifestly_unfounded": fact.manifestly_unfounded,
                "statement": fact.statement,
            }
        case CaseClosed():
            return {
                **_state(Status.CLOSED),
                "due_at": fact.at,
                "due_kind": "none",
                "changed_at": fact.at,
            }
        case _:  # another fact of the case: it changes nothing here
            return {}


def _state(status: Status) -> Row:
    return {"state": str(status), "live": status in LIVE}


def _decision_due(
    row: Row, fact: CaseAdmitted | CounterNoticeReceived | CounterNoticeLapsed
) -> Row:
    return {"due_at": fact.decide_due_at or row["due_at"], "due_kind": "decision"}


def _told(fact: CaseDecided | CaseDeclaredInadmissible) -> Row:
    return {
        "decision_id": fact.decision_id,
        "decided_by": fact.by,
        "decided_at": fact.at,
        "appeal_until": fact.appeal_until,
        "due_at": fact.appeal_until,
        "due_kind": "appeal",
        "holder": None,
        "held_until": None,
        "changed_at": fact.at,
    }


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
    View(cases, case_key, fold_case),
    View(timeline, timeline_key, fold_timeline, append_only=True),
    View(answers, answer_key, fold_answer, append_only=True),
)
