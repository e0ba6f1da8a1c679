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
from services.moderation.party_views import aggregate_id
from services.moderation.stems import stems
from services.moderation.tables import search
from services.runtime.database import Row
from services.runtime.projection import Key, View


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


def _search_key(fact: Fact, _: Message) -> Key | None:
    match fact:
        case ComplaintFiled() | ComplaintJoined():
            return (fact.complaint_id,)
        case CaseOpened():
            return (fact.case_id,)
        case _:
            return None


def _fold_search(
    row: Row | None, fact: ComplaintFiled | ComplaintJoined | CaseOpened, message: Message
) -> Row:
    """The words of a complaint, or of a case itself, and either's number; found by them is the
    case, as soon as the complaint has one."""
    match fact:
        case ComplaintFiled():
            identifier, case_id, text = fact.complaint_id, None, fact.description
        case CaseOpened():
            identifier, case_id, text = fact.case_id, fact.case_id, fact.product_title or ""
        case ComplaintJoined():
            assert row is not None
            return row | {"case_id": aggregate_id(message)}
    return {
        "id": identifier,
        "sequence": message.sequence,
        "case_id": case_id,
        "stems": " ".join(stems(f"{fact.number} {text}")),
    }


SEARCH_VIEW = View(search, _search_key, _fold_search, births=(ComplaintFiled, CaseOpened))
