"""Rows about people, folded from the log: what they filed, and how they stand."""

from typing import Any

from contracts.case import ComplaintJoined
from contracts.codec import Fact, Message
from contracts.complaint import (
    ComplaintFiled,
    ComplaintWithdrawn,
    EvidenceAdded,
    InformationSupplied,
)
from contracts.member import (
    FindingRecorded,
    FindingRevalued,
    FindingReversed,
    MeasureExpired,
    MeasureImposed,
    MeasureProposed,
    MeasureRefused,
    MeasureReversed,
    MeasureStarted,
)
from contracts.response import AppealLodged, EvidenceSupplied, ExtensionRequested
from services.moderation.tables import complaints, findings, measures, sent
from services.runtime.database import Row
from services.runtime.projection import Key, View

_OF_COMPLAINTS = frozenset({EvidenceAdded, InformationSupplied, ComplaintWithdrawn})
_SENT = frozenset({ExtensionRequested, EvidenceSupplied, AppealLodged})
_OF_FINDINGS = frozenset({FindingRecorded, FindingRevalued, FindingReversed})
_OF_MEASURES = frozenset(
    {
        MeasureProposed,
        MeasureRefused,
        MeasureImposed,
        MeasureStarted,
        MeasureExpired,
        MeasureReversed,
    }
)


def aggregate_id(message: Message) -> str:
    return message.subject.rsplit(".", 1)[1]


def complaint_key(fact: Fact, message: Message) -> Key | None:
    # By exact type: every view is asked about every fact of a rebuild.
    if type(fact) is ComplaintFiled or type(fact) is ComplaintJoined:
        return (fact.complaint_id,)
    return (aggregate_id(message),) if type(fact) in _OF_COMPLAINTS else None


def fold_complaint(row: Row | None, fact: Any, message: Message) -> Row:
    if isinstance(fact, ComplaintFiled):
        return {**_filed(fact), "version": message.sequence}
    if row is None:
        raise LookupError(f"{type(fact).__name__} of a complaint that was not filed")
    return {**row, **_complaint_changes(row, fact, message), "version": message.sequence}


def _filed(fact: ComplaintFiled) -> Row:
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
        "evidence": list(fact.evidence),
        "chat_id": fact.chat_id,
        "additions": [],
        "filed_at": fact.filed_at,
        "joined_at": None,
        "joined_sequence": None,
        "withdrawn_at": None,
        "withdrawn_sequence": None,
    }


def _complaint_changes(row: Row, fact: Any, message: Message) -> Row:
    match fact:
        case ComplaintJoined():
            return {
                "case_id": aggregate_id(message),
                "joined_at": fact.joined_at,
                "joined_sequence": message.sequence,
            }
        case EvidenceAdded():
            added = {"kind": "evidence", "at": fact.added_at, "text": fact.text}
        case InformationSupplied():
            added = {"kind": "information", "at": fact.supplied_at, "text": fact.text}
        case ComplaintWithdrawn():
            return {
                "withdrawn_at": fact.withdrawn_at,
                "withdrawn_sequence": message.sequence,
            }
        case _:
            raise LookupError(type(fact).__name__)
    files = [file.id for file in fact.evidence]
    return {
        "evidence": [*row["evidence"], *fact.evidence],
        "additions": [*row["additions"], {**added, "files": files, "sequence": message.sequence}],
    }


def finding_key(fact: Fact, _: Message) -> Key | None:
    return (fact.finding_id,) if type(fact) in _OF_FINDINGS else None  # type: ignore[union-attr]


def fold_finding(row: Row | None, fact: Any, message: Message) -> Row:
    match fact:
        case FindingRecorded():
            return {
                "id": fact.finding_id,
                "member": fact.member,
                "case_id": fact.case_id,
                "decision_id": fact.decision_id,
                "reason": fact.reason,
                "gravity": fact.gravity,
                "track": fact.track,
                "points": str(fact.points),
                "explanation": fact.explanation,
                "steps": list(fact.steps),
                "at": fact.at,
                "expires_at": fact.expires_at,
                "reversed_at": None,
                "version": message.sequence,
            }
        case _ if row is None:
            raise LookupError(f"finding {fact.finding_id} was not recorded")
        case FindingRevalued():
            changes: Row = {
                "points": str(fact.points),
                "explanation": fact.explanation,
                "steps": list(fact.steps),
            }
        case FindingReversed():
            changes = {"reversed_at": fact.at}
        case _:
            raise LookupError(type(fact).__name__)
    return {**row, **changes, "version": message.sequence}


def measure_key(fact: Fact, _: Message) -> Key | None:
    return (fact.measure_id,) if type(fact) in _OF_MEASURES else None  # type: ignore[union-attr]


def fold_measure(row: Row | None, fact: Any, message: Message) -> Row:
    before = row or {
        "id": fact.measure_id,
        "member": fact.member,
        "case_id": None,
        "decision_id": None,
        "kind": None,
        "product_id": None,
        "track": None,
        "threshold": None,
        "total": None,
        "days": None,
        "state": "proposed",
        "proposed_at": None,
        "imposed_at": None,
        "starts_at": None,
        "ends_at": None,
        "ended_at": None,
        "explanation": "",
        "end_explanation": "",
    }
    return {**before, **_measure_changes(fact), "version": message.sequence}


def _measure_changes(fact: Any) -> Row:
    match fact:
        case MeasureProposed():
            return {
                "case_id": fact.case_id,
                "decision_id": fact.decision_id,
                "kind": fact.kind,
                "track": fact.track,
                "threshold": str(fact.threshold),
                "total": str(fact.total),
                "days": fact.days,
                "state": "proposed",
                "proposed_at": fact.at,
            }
        case MeasureRefused():
            return {"state": "refused", "ended_at": fact.at}
        case MeasureImposed():
            return {
                "case_id": fact.case_id,
                "decision_id": fact.decision_id,
                "kind": fact.kind,
                "product_id": fact.product_id,
                "state": "imposed",
                "imposed_at": fact.at,
                "starts_at": fact.starts_at,
                "ends_at": fact.ends_at,
                "explanation": fact.explanation,
                **({"track": fact.track} if fact.track else {}),
            }
        case MeasureStarted():
            return {"starts_at": fact.at}
        case MeasureExpired():
            return {"state": "expired", "ended_at": fact.at}
        case MeasureReversed():
            return {
                "state": "reversed",
                "ended_at": fact.at,
                "end_explanation": fact.explanation,
            }
        case _:
            raise LookupError(type(fact).__name__)


def sent_key(fact: Fact, message: Message) -> Key | None:
    return (message.meta.id,) if type(fact) in _SENT else None


def fold_sent(_: Row | None, fact: Any, message: Message) -> Row:
    row: Row = {
        "id": message.meta.id,
        "case_id": fact.case_id,
        "decision_id": None,
        "complaint_id": None,
        "evidence": [],
        "version": message.sequence,
    }
    match fact:
        case ExtensionRequested():
            return {**row, "kind": "extension", "at": fact.requested_at, "text": fact.reason}
        case EvidenceSupplied():
            return {
                **row,
                "kind": "evidence",
                "at": fact.received_at,
                "text": fact.text,
                "evidence": list(fact.evidence),
            }
        case AppealLodged():
            return {
                **row,
                "kind": "appeal",
                "at": fact.lodged_at,
                "text": fact.text,
                "evidence": list(fact.evidence),
                "decision_id": fact.decision_id,
                "complaint_id": fact.complaint_id,
            }
        case _:
            raise LookupError(type(fact).__name__)


PARTY_VIEWS = (
    View(complaints, complaint_key, fold_complaint, births=(ComplaintFiled,)),
    View(findings, finding_key, fold_finding),
    View(measures, measure_key, fold_measure),
    View(sent, sent_key, fold_sent, append_only=True),
)
