"""From rows to what each reader is shown. Pure, and allow-listed: a column is shown to somebody
only where it is named here."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from contracts.case import Ground, StatementOfReasons
from services.moderation import words
from services.moderation.commands import Actor
from services.moderation.policy import Policy
from services.moderation.read_models import (
    AccusedCaseDetail,
    AccusedCaseSummary,
    AllowedCommand,
    Answer,
    Awaiting,
    CaseDetail,
    CaseOfComplaint,
    CaseSummary,
    Complainant,
    ComplaintDetail,
    ComplaintOfCase,
    ComplaintSummary,
    Decision,
    DecisionOnAccused,
    DecisionTold,
    EvidenceItem,
    Inadmissible,
    ProductShown,
    TimelineEntry,
)
from services.moderation.state import Case, Lease, Status
from services.moderation.transitions import allowed
from services.runtime.database import Row

INTERNAL = frozenset({"claimed", "released"})
"""Kinds of timeline entries that only moderators see."""

_TOLD_TO_ACCUSED = frozenset(
    {
        "counter_notice_requested",
        "counter_notice_received",
        "counter_notice_late",
        "counter_notice_lapsed",
        "decided",
        "closed",
    }
)
_TURN_OF_MODERATORS = frozenset({"triage", "decision"})


# --- moderators -----------------------------------------------------------------------------------


def case_summary(row: Row, now: datetime) -> CaseSummary:
    return CaseSummary(**_summary(row, now))


def _summary(row: Row, now: datetime) -> dict[str, Any]:
    same = (
        "id", "number", "state", "type", "reason", "severity", "accused", "complaints", "holder",
        "held_until", "opened_at", "changed_at", "due_at", "due_kind", "version",
    )  # fmt: skip
    return {
        **{name: row[name] for name in same},
        "product": _product(row),
        "overdue": row["live"] and row["due_at"] < now,
    }


def case_detail(
    row: Row,
    *,
    complaints: Sequence[Row],
    answers: Sequence[Row],
    timeline: Sequence[Row],
    viewer: Actor,
    now: datetime,
) -> CaseDetail:
    files = f"/api/v1/moderation/cases/{row['id']}/evidence"
    decided = row["statement"] is not None
    return CaseDetail(
        **_summary(row, now),
        policy_version=row["policy_version"],
        complainants=tuple(_complaint_of_case(each, files) for each in complaints),
        allegation=row["allegation"],
        asked_at=row["asked_at"],
        answer_due_at=row["answer_due_at"],
        answers=tuple(_answer(each, row, files) for each in answers),
        decision=_decision(row) if decided else None,
        inadmissible=_inadmissible(row) if row["outcome"] == "inadmissible" else None,
        appeal_until=row["appeal_until"],
        timeline=tuple(_timeline_for_staff(row, complaints, timeline)),
        allowed=allowed_commands(case_of(row), viewer, now),
    )


def case_of(row: Row) -> Case:
    """The state that `allowed` needs, as the row tells it."""
    holder, until = row["holder"], row["held_until"]
    return Case(
        status=Status(row["state"]),
        id=row["id"],
        number=row["number"],
        complaint_type=row["type"],
        accused=row["accused"],
        lease=Lease(holder, until) if holder is not None else None,
        answer_due_at=row["answer_due_at"],
        appeal_until=row["appeal_until"],
    )


def allowed_commands(case: Case, viewer: Actor, now: datetime) -> tuple[AllowedCommand, ...]:
    return tuple(AllowedCommand(**each._asdict()) for each in allowed(case, viewer, now=now))


def _complaint_of_case(row: Row, files: str) -> ComplaintOfCase:
    kind, _, identifier = row["complainant"].partition(":")
    return ComplaintOfCase(
        id=row["id"],
        number=row["number"],
        reason=row["reason"],
        description=row["description"],
        language=row["language"],
        complainant=Complainant(
            kind=kind,
            id=identifier,
            name=row["complainant_name"],
            email=row["complainant_email"],
            language=row["complainant_language"],
        ),
        filed_at=row["filed_at"],
        joined_at=row["joined_at"],
        evidence=_evidence(row, files),
    )


def _decision(row: Row) -> Decision:
    return Decision(
        id=row["decision_id"],
        outcome=row["outcome"],
        manifestly_unfounded=row["manifestly_unfounded"],
        by=row["decided_by"],
        at=row["decided_at"],
        statement=StatementOfReasons.model_validate(row["statement"]),
        appeal_until=row["appeal_until"],
    )


def _inadmissible(row: Row) -> Inadmissible:
    return Inadmissible(
        by=row["decided_by"],
        at=row["decided_at"],
        explanation=row["explanation"],
        appeal_until=row["appeal_until"],
    )


def _timeline_for_staff(
    row: Row, complaints: Sequence[Row], timeline: Sequence[Row]
) -> Iterable[TimelineEntry]:
    opened = TimelineEntry(
        at=row["opened_at"], kind="opened", text=words.happened("opened", by=None, data={})
    )
    joined = [_joined(each) for each in complaints if each["joined_at"] is not None]
    told = [
        TimelineEntry(
            at=each["at"],
            kind=each["kind"],
            text=words.happened(each["kind"], by=each["by"], data=each["data"]),
            by=each["by"],
            data=each["data"],
        )
        for each in timeline
    ]
    return sorted([opened, *joined, *told], key=lambda entry: entry.at)


def _joined(complaint: Row) -> TimelineEntry:
    data = {"number": complaint["number"]}
    text = words.happened("joined", by=None, data=data)
    return TimelineEntry(at=complaint["joined_at"], kind="joined", text=text, data=data)


# --- complainants ---------------------------------------------------------------------------------


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


def complaint_detail(
    row: Row, case: Row | None, timeline: Sequence[Row], *, policy: Policy
) -> ComplaintDetail:
    return ComplaintDetail(
        **_complaint(row, case),
        description=row["description"],
        language=row["language"],
        evidence=_evidence(row, f"/api/v1/center/complaints/{row['id']}/evidence"),
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
        ground=Ground.model_validate(statement.ground),
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
        if each["kind"] not in INTERNAL and each["at"] >= joined_at:
            data = _public(each["data"])
            yield TimelineEntry(
                at=each["at"],
                kind=each["kind"],
                text=words.happened_to_complainant(each["kind"], data),
                data=data,
            )


def _plain(kind: str, at: datetime) -> TimelineEntry:
    return TimelineEntry(at=at, kind=kind, text=words.happened_to_complainant(kind, {}))


def _public(data: Row) -> Row:
    shown = ("due_at", "explanation", "outcome", "appeal_until")
    return {name: data[name] for name in shown if name in data}


# --- the accused ----------------------------------------------------------------------------------


def accused_summary(row: Row, *, answered: bool) -> AccusedCaseSummary:
    return AccusedCaseSummary(**_accused(row, answered))


def _accused(row: Row, answered: bool) -> dict[str, Any]:
    return {
        "id": row["id"],
        "number": row["number"],
        "state": row["state"],
        "status": words.status_for_accused(
            row["state"], due_at=row["due_at"], outcome=row["outcome"]
        ),
        "type": row["type"],
        "product": _product(row),
        "told_at": row["told_at"],
        "answer_due_at": row["answer_due_at"],
        "can_answer": row["state"] == Status.AWAITING_COUNTER_NOTICE,
        "answered": answered,
        "outcome": row["outcome"],
    }


def accused_detail(row: Row, answers: Sequence[Row], timeline: Sequence[Row]) -> AccusedCaseDetail:
    files = f"/api/v1/center/cases/{row['id']}/evidence"
    summary = _accused(row, bool(answers))
    return AccusedCaseDetail(
        **summary,
        allegation=row["allegation"],
        asked_at=row["asked_at"],
        answers=tuple(_answer(each, row, files) for each in answers),
        answer_url=f"/cases/{row['id']}/answer" if summary["can_answer"] else None,
        decision=_decision_on_accused(row) if row["statement"] is not None else None,
        timeline=tuple(_timeline_for_accused(timeline)),
        version=row["version"],
    )


def _decision_on_accused(row: Row) -> DecisionOnAccused:
    return DecisionOnAccused(
        outcome=row["outcome"],
        statement=StatementOfReasons.model_validate(row["statement"]),
        at=row["decided_at"],
        appeal_until=row["appeal_until"],
    )


def _timeline_for_accused(timeline: Sequence[Row]) -> Iterable[TimelineEntry]:
    for each in timeline:
        if each["kind"] in _TOLD_TO_ACCUSED:
            data = _public(each["data"])
            yield TimelineEntry(
                at=each["at"],
                kind=each["kind"],
                text=words.happened_to_accused(each["kind"], data),
                data=data,
            )


# --- everybody ------------------------------------------------------------------------------------


def _product(row: Row) -> ProductShown:
    return ProductShown(
        link=row["product_link"], product_id=row["product_id"], title=row["product_title"]
    )


def _answer(row: Row, case: Row, files: str) -> Answer:
    due_at = case["answer_due_at"]
    return Answer(
        id=row["id"],
        by=row["by"],
        text=row["text"],
        received_at=row["received_at"],
        late=due_at is not None and row["received_at"] > due_at,
        evidence=_evidence(row, files),
    )


def _evidence(row: Row, files: str) -> tuple[EvidenceItem, ...]:
    return tuple(
        EvidenceItem(
            id=file["id"],
            name=file["name"],
            media_type=file["media_type"],
            size=file["size"],
            uploaded_at=file["uploaded_at"],
            url=f"{files}/{file['id']}",
        )
        for file in row["evidence"]
    )
