"""The row of a case, folded from its facts: pure functions from fact to row.

The row tells all that commands are decided on, so that what may be done can be shown for it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, assert_never, get_args

from contracts.case import (
    AccusedEvidenceReceived,
    AppealDecided,
    AppealOpened,
    AppealRejected,
    CaseAdmitted,
    CaseClaimed,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseEscalated,
    CaseFact,
    CaseHeld,
    CaseLinked,
    CaseOpened,
    CaseReleased,
    CaseReopened,
    CaseResumed,
    CaseRetyped,
    CaseWithdrawn,
    ComplaintEvidenceAdded,
    ComplaintJoined,
    ComplaintLeft,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeReminded,
    CounterNoticeRequested,
    DecisionProposed,
    DecisionReturned,
    DecisionToldLate,
    ExtensionAsked,
    ExtensionGranted,
    ExtensionRefused,
    InformationLapsed,
    InformationReceived,
    InformationRequested,
    InterimMeasureImposed,
    InterimMeasureKept,
    InterimMeasureLifted,
    NoteAdded,
    OutOfCourtMarked,
)
from contracts.codec import Fact, Message
from services.moderation.listing import listed
from services.moderation.party_views import aggregate_id
from services.moderation.state import (
    BOTH_SIDES,
    LIVE,
    TAKES_PART,
    Status,
    after_answer,
    after_appeal,
    after_joining,
    after_retyping,
)
from services.moderation.tables import cases
from services.runtime.database import Row
from services.runtime.projection import Key, View

_CASE_FACTS = frozenset(get_args(CaseFact))
_BACK_UNDER_REVIEW = {"information_of": None, "information_due_at": None, "question": None}


def case_key(fact: Fact, message: Message) -> Key | None:
    # By exact type: every view is asked about every fact of a rebuild.
    return (aggregate_id(message),) if type(fact) in _CASE_FACTS else None


def fold_case(row: Row | None, fact: CaseFact, message: Message) -> Row:
    if row is None and not isinstance(fact, CaseOpened):
        raise LookupError(f"{message.subject} was not opened")
    before = row or {}
    part = (
        {"took_part": sorted({*before["took_part"], fact.by})}
        if isinstance(fact, TAKES_PART)
        else {}
    )
    changes = _changes(before, fact) | listed(before, fact)
    return {**before, **part, **changes, "version": message.sequence}


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
        "trusted_flagger": fact.trusted_flagger,
        "policy_version": fact.policy_version,
        "opened_at": fact.opened_at,
        "changed_at": fact.opened_at,
        "due_at": fact.triage_due_at,
        "due_kind": "triage",
        "holder": None,
        "held_until": None,
        "on_hold_since": None,
        "escalated": False,
        "out_of_court": False,
        "linked": [],
        "told_at": None,
        "allegation": None,
        "asked_at": None,
        "answer_due_at": None,
        "extension": None,
        **_BACK_UNDER_REVIEW,
        "interim": [],
        "recheck_at": None,
        "proposal": None,
        "decision_id": None,
        "outcome": None,
        "manifestly_unfounded": False,
        "statement": None,
        "explanation": None,
        "decided_by": None,
        "decided_at": None,
        "findings": [],
        "measures": [],
        "appeal_until": None,
        "appealable": [],
        "appeals_open": [],
        "appeal_result": None,
        "took_part": [],
    }


def _changes(row: Row, fact: CaseFact) -> Row:
    """The columns that `fact` changes."""
    match fact:
        case CaseOpened():
            return _opened(fact)
        case ComplaintJoined():
            sooner = {"due_at": fact.triage_due_at} if fact.triage_due_at else {}
            return {
                **sooner,
                "reason": row["reason"] or fact.reason,
                "severity": after_joining(row["severity"], fact),
                "complaints": row["complaints"] + 1,
                "trusted_flagger": row["trusted_flagger"] or fact.trusted_flagger,
                "changed_at": fact.joined_at,
            }
        case ComplaintLeft():
            asked = row["information_of"] == fact.complaint_id
            back = _no_more_asked(row, row["decide_due_at"]) if asked else {}
            return {**back, "complaints": row["complaints"] - 1, "changed_at": fact.at}
        case CaseWithdrawn():
            return {**_state(Status.WITHDRAWN), **_FREE, **_nothing_due(fact.at)}
        case CaseAdmitted():
            return {
                **_state(Status.ADMITTED),
                **_decision_due(row, fact.decide_due_at),
                # Admitted on appeal, it is not inadmissible any more.
                "decision_id": None,
                "outcome": None,
                "explanation": None,
                "appeal_until": None,
                "appealable": [],
                "changed_at": fact.at,
            }
        case CaseDeclaredInadmissible():
            return {
                **_state(Status.INADMISSIBLE),
                **_told(fact, ["complainant"]),
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
            return {**_FREE, "changed_at": fact.at}
        case CaseRetyped():
            sooner = {"due_at": fact.triage_due_at} if fact.triage_due_at else {}
            return {
                **_state(after_retyping(Status(row["state"]), fact)),
                **sooner,
                "type": fact.to_type,
                "reason": fact.reason,
                "severity": fact.severity,
                "changed_at": fact.at,
            }
        case InformationRequested():
            return {
                **_state(Status.INFORMATION_REQUESTED),
                "information_of": fact.complaint_id,
                "information_due_at": fact.due_at,
                "question": fact.question,
                "due_at": fact.due_at,
                "due_kind": "information",
                "changed_at": fact.at,
            }
        case InformationReceived():
            if row["information_of"] != fact.complaint_id or fact.late:
                return {"changed_at": fact.at}
            return _no_more_asked(row, fact.decide_due_at) | {"changed_at": fact.at}
        case InformationLapsed():
            return _no_more_asked(row, fact.decide_due_at) | {"changed_at": fact.at}
        case CounterNoticeRequested():
            return {
                **_state(Status.AWAITING_COUNTER_NOTICE),
                "told_at": row["told_at"] or fact.at,
                "allegation": fact.allegation,
                "asked_at": fact.at,
                "answer_due_at": fact.due_at,
                "extension": None,
                "due_at": fact.due_at,
                "due_kind": "answer",
                "changed_at": fact.at,
            }
        case ExtensionAsked():
            return {"extension": "asked", "changed_at": fact.at}
        case ExtensionGranted():
            due = {"answer_due_at": fact.due_at, "due_at": fact.due_at}
            return {"extension": "granted", **due, "changed_at": fact.at}
        case ExtensionRefused():
            return {"extension": "refused", "changed_at": fact.at}
        case CounterNoticeReceived():
            after = after_answer(Status(row["state"]), late=fact.late)
            moved = after != row["state"]
            return {
                **(_state(after) | _decision_due(row, fact.decide_due_at) if moved else {}),
                "changed_at": fact.received_at,
            }
        case CounterNoticeLapsed():
            return {
                **_state(Status.COUNTER_NOTICE_LAPSED),
                **_decision_due(row, fact.decide_due_at),
                "changed_at": fact.at,
            }
        case InterimMeasureImposed():
            interim = [*row["interim"], fact.model_dump(mode="json", exclude={"type", "version"})]
            return {
                **_interim(interim),
                "told_at": row["told_at"] or fact.at,
                "changed_at": fact.at,
            }
        case InterimMeasureKept():
            recheck = fact.model_dump(mode="json")["recheck_at"]
            interim = [
                {**each, "recheck_at": recheck}
                if each["measure"]["id"] == fact.measure_id
                else each
                for each in row["interim"]
            ]
            return {**_interim(interim), "changed_at": fact.at}
        case InterimMeasureLifted():
            interim = [each for each in row["interim"] if not _is(each, fact.measure_id)]
            return {**_interim(interim), "changed_at": fact.at}
        case DecisionProposed():
            return {
                **_state(Status.DECISION_PROPOSED),
                **_FREE,
                "proposal": fact.model_dump(mode="json"),
                "due_at": fact.review_due_at,
                "due_kind": "review",
                "changed_at": fact.at,
            }
        case DecisionReturned():
            return {
                **_state(Status.UNDER_REVIEW),
                **_FREE,
                **_decision_due(row, fact.decide_due_at),
                "proposal": None,
                "changed_at": fact.at,
            }
        case CaseDecided():
            return {
                **_state(Status.DECIDED),
                **_told(fact, sorted(BOTH_SIDES)),
                "proposal": None,
                "told_at": row["told_at"] or fact.at,
                "outcome": str(fact.outcome),
                "manifestly_unfounded": fact.manifestly_unfounded,
                "statement": fact.statement,
                "findings": [each.model_dump(mode="json") for each in fact.findings],
                "measures": [each.model_dump(mode="json") for each in fact.measures],
                "appeal_result": None,
            }
        case AppealOpened():
            opened = fact.model_dump(
                mode="json", include={"appeal_id", "decision_id", "appellant", "complaint_id"}
            )
            appeals = [
                *row["appeals_open"],
                opened | {"due_at": fact.due_at.isoformat(), "barred": row["took_part"]},
            ]
            return {
                **_state(Status.UNDER_APPEAL),
                **_appeals(appeals),
                "changed_at": fact.at,
            }
        case DecisionToldLate():
            until = max(row["appeal_until"], fact.appeal_until)
            due = {"due_at": until} if row["due_kind"] == "appeal" else {}
            return {**due, "appeal_until": until, "changed_at": fact.at}
        case AppealDecided():
            return _appeal_decided(row, fact)
        case CaseClosed():
            return {**_state(Status.CLOSED), **_FREE, **_nothing_due(fact.at)}
        case CaseReopened():
            return {
                **_state(Status.UNDER_REVIEW),
                "due_at": fact.decide_due_at,
                "due_kind": "decision",
                "appealable": [],
                "appeals_open": [],
                "changed_at": fact.at,
            }
        case CaseHeld():
            return {"on_hold_since": fact.at, "changed_at": fact.at}
        case CaseResumed():
            return {"on_hold_since": None, **_moved(fact), "changed_at": fact.at}
        case CaseEscalated():
            return {"escalated": fact.escalated, "changed_at": fact.at}
        case OutOfCourtMarked():
            return {"out_of_court": fact.open, "changed_at": fact.at}
        case CaseLinked():
            return {"linked": sorted({*row["linked"], fact.case_id}), "changed_at": fact.at}
        case ComplaintEvidenceAdded() | CounterNoticeReminded() | NoteAdded() | AppealRejected():
            return {"changed_at": fact.at}
        case AccusedEvidenceReceived():
            return {"changed_at": fact.received_at}
        case _:
            assert_never(fact)


_FREE: Mapping[str, None] = {"holder": None, "held_until": None}


def _state(status: Status) -> Row:
    return {"state": str(status), "live": status in LIVE}


def _nothing_due(at: datetime) -> Row:
    return {"on_hold_since": None, "due_at": at, "due_kind": "none", "changed_at": at}


def _decision_due(row: Row, due_at: datetime | None) -> Row:
    return {"due_at": due_at or row["due_at"], "due_kind": "decision"}


def _no_more_asked(row: Row, due_at: datetime | None) -> Row:
    return _state(Status.UNDER_REVIEW) | _BACK_UNDER_REVIEW | _decision_due(row, due_at)


def _told(fact: CaseDecided | CaseDeclaredInadmissible, sides: list[str]) -> Row:
    appealable = _appealable(fact.decision_id, fact.appeal_until, sides)
    return {
        "decision_id": fact.decision_id,
        "decided_by": fact.by,
        "decided_at": fact.at,
        "appeal_until": fact.appeal_until,
        "appealable": [appealable],
        "due_at": fact.appeal_until,
        "due_kind": "appeal",
        **_FREE,
        "changed_at": fact.at,
    }


def _appealable(decision_id: str, until: datetime, sides: Iterable[str]) -> Row:
    return {"decision_id": decision_id, "until": until.isoformat(), "sides": sorted(sides)}


def _interim(interim: list[Row]) -> Row:
    recheck = min((datetime.fromisoformat(each["recheck_at"]) for each in interim), default=None)
    return {"interim": interim, "recheck_at": recheck}


def _is(interim: Row, measure_id: str) -> bool:
    return bool(interim["measure"]["id"] == measure_id)


def _appeals(appeals: list[Row]) -> Row:
    due_at = min(datetime.fromisoformat(each["due_at"]) for each in appeals)
    return {"appeals_open": appeals, "due_at": due_at, "due_kind": "appeal_decision"}


def _appeal_decided(row: Row, fact: AppealDecided) -> Row:
    appeals = [each for each in row["appeals_open"] if each["appeal_id"] != fact.appeal_id]
    appealable, until = row["appealable"], row["appeal_until"]
    if fact.appeal_until is not None and fact.appellant is not None:
        others = BOTH_SIDES - {fact.appellant}
        appealable = [*appealable, _appealable(fact.appeal_id, fact.appeal_until, others)]
        until = max(until, fact.appeal_until)
    decided: dict[str, Any] = {}
    if fact.outcome is not None:
        decided = {
            "told_at": row["told_at"] or fact.at,
            "outcome": str(fact.outcome),
            "statement": fact.statement,
            "findings": [each.model_dump(mode="json") for each in fact.findings],
            "measures": [each.model_dump(mode="json") for each in fact.measures],
            "manifestly_unfounded": fact.manifestly_unfounded,
        }
    return {
        **_state(after_appeal(fact, others_open=bool(appeals))),
        **decided,
        **(_appeals(appeals) if appeals else {**_FREE, "due_at": until, "due_kind": "appeal"}),
        "appeals_open": appeals,
        "appealable": appealable,
        "appeal_until": until,
        "appeal_result": fact.result,
        "changed_at": fact.at,
    }


def _moved(fact: CaseResumed) -> Row:
    """One clock runs in each state, so at most one deadline was moved."""
    moved: Row = {}
    if fact.answer_due_at is not None:
        moved["answer_due_at"] = fact.answer_due_at
    if fact.information_due_at is not None:
        moved["information_due_at"] = fact.information_due_at
    due_at = (
        fact.triage_due_at
        or fact.answer_due_at
        or fact.information_due_at
        or fact.decide_due_at
        or fact.review_due_at
    )
    return moved | ({"due_at": due_at} if due_at else {})


CASE_VIEW = View(cases, case_key, fold_case, births=(CaseOpened,))
