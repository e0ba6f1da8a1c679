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
from contracts.complaint import ComplaintFiled
from contracts.response import CounterNoticeSubmitted
from contracts.taxonomy import taxonomy
from services.moderation.state import LIVE, Status, after_answer
from services.moderation.tables import answers, cases, complaints, timeline
from services.runtime.database import Row
from services.runtime.projection import Key, View

KINDS: dict[type[CaseFact], str] = {
    CaseAdmitted: "admitted",
    CaseDeclaredInadmissible: "inadmissible",
    CaseClaimed: "claimed",
    CaseReleased: "released",
    CounterNoticeRequested: "counter_notice_requested",
    CounterNoticeReceived: "counter_notice_received",
    CounterNoticeLapsed: "counter_notice_lapsed",
    CaseDecided: "decided",
    CaseClosed: "closed",
}
"""The facts that make a row in the timeline. Opening and joining are told by their own rows."""

_CASE_FACTS = frozenset({CaseOpened, ComplaintJoined, *KINDS})
_ELSEWHERE = {"type", "version", "by", "at", "received_at", "statement", "text", "evidence"}
"""Parts of a fact that a timeline row has columns for, or that the case's own row keeps."""


def _id(message: Message) -> str:
    return message.subject.rsplit(".", 1)[1]


def _position(fact: Fact, message: Message) -> int:
    for place, each in enumerate(message.facts):
        if each is fact:
            return place
    raise LookupError("the fact is not of this message")


@cache
def _severities() -> dict[str, int]:
    return {reason.code: reason.sev for kind in taxonomy().types for reason in kind.reasons}


def complaint_key(fact: Fact, _: Message) -> Key | None:
    # By exact type: every view is asked about every fact of a rebuild.
    if type(fact) is ComplaintFiled or type(fact) is ComplaintJoined:
        return (fact.complaint_id,)
    return None


def fold_complaint(
    row: Row | None, fact: ComplaintFiled | ComplaintJoined, message: Message
) -> Row:
    if isinstance(fact, ComplaintFiled):
        return {
            "id": fact.complaint_id,
            "number": fact.number,
            "case_id": None,
            "type": fact.complaint_type,
            "reason": fact.reason,
            "description": fact.description,
            "language": fact.language,
            "product_link": fact.product.link,
            "product_id": fact.product.product_id,
            "complainant": fact.complainant.actor,
            "complainant_name": fact.complainant.name,
            "complainant_email": fact.complainant.email,
            "complainant_language": fact.complainant.language,
            "evidence": fact.evidence,
            "filed_at": fact.filed_at,
            "joined_at": None,
            "version": message.sequence,
        }
    if row is None:
        raise LookupError(f"complaint {fact.complaint_id} joined a case before it was filed")
    return {
        **row,
        "case_id": _id(message),
        "joined_at": fact.joined_at,
        "version": message.sequence,
    }


def case_key(fact: Fact, message: Message) -> Key | None:
    return (_id(message),) if type(fact) in _CASE_FACTS else None


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
        "case_id": _id(message),
        "at": fact.received_at if isinstance(fact, CounterNoticeReceived) else fact.at,
        "kind": "counter_notice_late" if late else KINDS[type(fact)],
        "by": getattr(fact, "by", None),
        "data": fact.model_dump(mode="json", exclude=_ELSEWHERE, exclude_none=True),
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
    View(complaints, complaint_key, fold_complaint),
    View(cases, case_key, fold_case),
    View(timeline, timeline_key, fold_timeline, append_only=True),
    View(answers, answer_key, fold_answer, append_only=True),
)
