"""What a complainant is shown of a complaint, and of the case that it joined."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from contracts.case import StatementOfReasons
from services.moderation import words
from services.moderation.policy import Policy
from services.moderation.read_models import (
    Awaiting,
    CaseOfComplaint,
    ComplaintDetail,
    ComplaintSummary,
    DecisionTold,
    ProductShown,
    TimelineEntry,
)
from services.moderation.shown import parts
from services.moderation.state import Status
from services.moderation.store import ComplaintParts
from services.runtime.database import Row

_TURN_OF_MODERATORS = frozenset({"triage", "decision"})


def complaint_summary(row: Row, case: Row | None) -> ComplaintSummary:
    return ComplaintSummary(**_complaint(row, case))


def _complaint(row: Row, case: Row | None) -> dict[str, Any]:
    state = _state_of_complaint(case)
    return {
        "id": row["id"],
        "number": row["number"],
        "state": state,
        "status": words.status_of_complaint(
            state,
            due_at=case["due_at"] if case else None,
            outcome=case["outcome"] if case else None,
        ),
        "type": row["type"],
        "reason": row["reason"],
        "product": ProductShown(
            link=row["product_link"],
            product_id=row["product_id"],
            title=case["product_title"] if case else None,
        ),
        "filed_at": row["filed_at"],
        "changed_at": case["changed_at"] if case else row["filed_at"],
    }


def _state_of_complaint(case: Row | None) -> str:
    return "submitted" if case is None or case["state"] == Status.OPEN else case["state"]


def complaint_detail(found: ComplaintParts, *, policy: Policy) -> ComplaintDetail:
    row, case, timeline = found
    return ComplaintDetail(
        **_complaint(row, case),
        description=row["description"],
        language=row["language"],
        evidence=parts.evidence(row, f"/api/v1/center/complaints/{row['id']}/evidence"),
        case=CaseOfComplaint(id=case["id"], number=case["number"], state=case["state"])
        if case
        else None,
        awaiting=_awaiting(case) if case else None,
        decision=_decision_told(case, policy) if case else None,
        timeline=tuple(_timeline_for_complainant(row, timeline)),
        version=max(row["version"], case["version"]) if case else row["version"],
    )


def _awaiting(case: Row) -> Awaiting | None:
    if case["due_kind"] == "answer":
        return Awaiting(who="accused", due_at=case["due_at"])
    if case["due_kind"] in _TURN_OF_MODERATORS:
        return Awaiting(who="moderators", due_at=case["due_at"])
    return None


def _decision_told(case: Row, policy: Policy) -> DecisionTold | None:
    if case["outcome"] is None:
        return None
    told = {
        "outcome": case["outcome"],
        "manifestly_unfounded": case["manifestly_unfounded"],
        "at": case["decided_at"],
        "appeal_until": case["appeal_until"],
    }
    if case["statement"] is None:
        return DecisionTold(
            **told,
            reasons=case["explanation"],
            ground=None,
            restrictions=(),
            redress=policy.redress_texts(case["appeal_until"]),
        )
    statement = StatementOfReasons.model_validate(case["statement"])
    return DecisionTold(
        **told,
        reasons=statement.facts,
        ground=statement.ground,
        restrictions=statement.restrictions,
        redress=statement.redress,
    )


def _timeline_for_complainant(row: Row, timeline: Sequence[Row]) -> Iterable[TimelineEntry]:
    yield _plain("submitted", row["filed_at"])
    joined_at = row["joined_at"]
    if joined_at is None:
        return
    yield _plain("joined", joined_at)
    # What happened in the case before this complaint joined it was not about this complaint; how
    # the case stands, its state tells.
    for each in timeline:
        if each["kind"] not in parts.INTERNAL and each["at"] >= joined_at:
            data = parts.public(each["data"])
            yield TimelineEntry(
                at=each["at"],
                kind=each["kind"],
                text=words.happened_to_complainant(each["kind"], data),
                data=data,
            )


def _plain(kind: str, at: datetime) -> TimelineEntry:
    return TimelineEntry(at=at, kind=kind, text=words.happened_to_complainant(kind, {}))
