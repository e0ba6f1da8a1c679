"""What lists of cases are filtered, sorted and searched by, beside the state: pure folds."""

from datetime import datetime

from contracts.case import (
    CaseAdmitted,
    CaseClaimed,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseOpened,
    CaseRetyped,
    ComplaintJoined,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeRequested,
)
from contracts.codec import Fact, Message
from contracts.complaint import ComplaintFiled
from services.moderation.stems import stems
from services.runtime.database import Row
from services.runtime.projection import Key


def listed(row: Row, fact: CaseFact) -> Row:
    """The columns of a case's row that lists and figures alone need, as `fact` changes them."""
    match fact:
        case CaseOpened():
            return {"language": "", "lapsed": False, "first_action_at": None, "decide_due_at": None}
        case ComplaintJoined():
            return {"language": row["language"] or fact.language}
        case CaseClaimed() | CaseDeclaredInadmissible() | CaseRetyped():
            return _acted(row, fact)
        case CaseAdmitted():
            return _acted(row, fact) | _due(row, fact.decide_due_at)
        case CounterNoticeRequested():
            return {"lapsed": False}
        case CounterNoticeLapsed():
            return {"lapsed": True} | _due(row, fact.decide_due_at)
        case CounterNoticeReceived():
            return ({} if fact.late else {"lapsed": False}) | _due(row, fact.decide_due_at)
        case _:
            return _due(row, getattr(fact, "decide_due_at", None))


def _acted(
    row: Row, fact: CaseAdmitted | CaseClaimed | CaseDeclaredInadmissible | CaseRetyped
) -> Row:
    """The first thing that a person of staff did about the case."""
    return {"first_action_at": row["first_action_at"] or fact.at}


def _due(row: Row, decide_due_at: datetime | None) -> Row:
    return {"decide_due_at": decide_due_at or row["decide_due_at"]}


def search_key(fact: Fact, message: Message) -> Key | None:
    return (message.sequence,) if type(fact) in (ComplaintFiled, CaseOpened) else None


def fold_search(_: Row | None, fact: ComplaintFiled | CaseOpened, message: Message) -> Row:
    """The words of a complaint, or of a case itself, and either's number."""
    if isinstance(fact, ComplaintFiled):
        text, complaint_id, case_id = fact.description, fact.complaint_id, None
    else:
        text, complaint_id, case_id = fact.product_title or "", None, fact.case_id
    return {
        "sequence": message.sequence,
        "complaint_id": complaint_id,
        "case_id": case_id,
        "stems": " ".join(stems(f"{fact.number} {text}")),
    }
