"""What moderators are shown: everything."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from contracts.case import DecisionProposed, Listing, Measure, Outcome, StatementOfReasons
from contracts.codec import UNKNOWN_FIELDS
from services.moderation import words
from services.moderation.commands import Actor
from services.moderation.read_models import (
    AllowedCommand,
    AppealShown,
    CaseDetail,
    CaseSummary,
    Complainant,
    ComplaintOfCase,
    Decision,
    EvidenceItem,
    History,
    Inadmissible,
    InterimShown,
    ProposalShown,
    TimelineEntry,
)
from services.moderation.shown import parts
from services.moderation.state import Appeal, Appealable, Case, Interim, Lease, Status
from services.moderation.store import CaseParts, Surroundings
from services.moderation.transitions import Allowed, allowed
from services.runtime.database import Row

_ELSEWHERE = frozenset({"type", "version", "by", "at", "statement", "evidence"})
"""Parts of a fact that an entry of the timeline does not repeat."""


def case_summary(row: Row, now: datetime) -> CaseSummary:
    return CaseSummary(**_summary(row, now))


def _summary(row: Row, now: datetime) -> dict[str, Any]:
    same = (
        "id", "number", "state", "type", "reason", "severity", "accused", "complaints", "holder",
        "held_until", "opened_at", "changed_at", "due_at", "due_kind", "language",
        "trusted_flagger", "escalated", "out_of_court", "outcome",
        "decided_by", "decided_at", "version",
    )  # fmt: skip
    return {
        **{name: row[name] for name in same},
        "product": parts.product(row),
        "overdue": row["live"] and row["due_at"] < now,
        "on_hold": row["on_hold_since"] is not None,
    }


def case_detail(
    case: CaseParts,
    around: Surroundings,
    *,
    more_complaints: str | None,
    viewer: Actor,
    now: datetime,
) -> CaseDetail:
    row, complaints, answers, timeline = case
    files = f"/api/v1/moderation/cases/{row['id']}/evidence"
    decided = row["statement"] is not None
    return CaseDetail(
        **_summary(row, now),
        policy_version=row["policy_version"],
        listing=Listing.model_validate(row["listing"], extra=UNKNOWN_FIELDS)
        if row["listing"] is not None
        else None,
        complainants=tuple(complaint_of_case(each, files) for each in complaints),
        more_complaints=more_complaints,
        question=row["question"],
        extension=row["extension"],
        interim=tuple(_interim(each) for each in row["interim"]),
        proposal=_proposal(row["proposal"]) if row["proposal"] is not None else None,
        appeals=tuple(_appeal(each, timeline, viewer) for each in row["appeals_open"]),
        linked=tuple(row["linked"]),
        history=History(
            latest=tuple(case_summary(each, now) for each in around.latest),
            total=around.total,
            upheld=around.upheld,
        ),
        similar=tuple(case_summary(each, now) for each in around.similar),
        allegation=row["allegation"],
        asked_at=row["asked_at"],
        answer_due_at=row["answer_due_at"],
        answers=tuple(parts.answer(each, row, files) for each in answers),
        decision=_decision(row) if decided else None,
        inadmissible=_inadmissible(row) if row["outcome"] == "inadmissible" else None,
        appeal_until=row["appeal_until"],
        timeline=tuple(_timeline_for_staff(row, complaints, timeline, files)),
        allowed=allowed_commands(case_of(row), viewer, now),
    )


def case_of(row: Row) -> Case:
    """The state that `allowed` needs, as the row tells it."""
    holder, until = row["holder"], row["held_until"]
    proposal = row["proposal"]
    return Case(
        status=Status(row["state"]),
        id=row["id"],
        number=row["number"],
        complaint_type=row["type"],
        reason=row["reason"],
        severity=row["severity"],
        accused=row["accused"],
        lease=Lease(holder, until) if holder is not None else None,
        held_since=row["on_hold_since"],
        answer_due_at=row["answer_due_at"],
        extension=row["extension"],
        information_of=row["information_of"],
        information_due_at=row["information_due_at"],
        interim=tuple(
            Interim(
                Measure.model_validate(each["measure"], extra=UNKNOWN_FIELDS),
                datetime.fromisoformat(each["recheck_at"]),
            )
            for each in row["interim"]
        ),
        proposal=DecisionProposed.model_validate(proposal, extra=UNKNOWN_FIELDS)
        if proposal is not None
        else None,
        outcome=Outcome(row["outcome"]) if row["statement"] is not None else None,
        appealable=tuple(
            Appealable(
                each["decision_id"],
                datetime.fromisoformat(each["until"]),
                frozenset(each["sides"]),
            )
            for each in row["appealable"]
        ),
        appeals=tuple(
            Appeal(
                each["appeal_id"],
                each["decision_id"],
                each["appellant"],
                each["complaint_id"],
                frozenset(each["barred"]),
            )
            for each in row["appeals_open"]
        ),
        took_part=frozenset(row["took_part"]),
        escalated=row["escalated"],
        out_of_court=row["out_of_court"],
        linked=frozenset(row["linked"]),
    )


def allowed_commands(case: Case, viewer: Actor, now: datetime) -> tuple[AllowedCommand, ...]:
    return tuple(map(_allowed, allowed(case, viewer, now=now)))


@lru_cache(2_000)
def _allowed(each: Allowed) -> AllowedCommand:
    # Most are the same in every answer, which has two dozen of them.
    return AllowedCommand(command=each.command, allowed=each.allowed, reason=each.reason)


def complaint_of_case(row: Row, files: str) -> ComplaintOfCase:
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
        withdrawn_at=row["withdrawn_at"],
        chat_id=row["chat_id"],
        evidence=parts.evidence(row, files),
    )


def _interim(imposed: Row) -> InterimShown:
    return InterimShown(
        id=imposed["measure"]["id"],
        kind=imposed["measure"]["kind"],
        by=imposed["by"],
        at=imposed["at"],
        facts=imposed["statement"]["facts"],
        recheck_at=imposed["recheck_at"],
    )


def _proposal(proposed: Row) -> ProposalShown:
    same = {name: proposed[name] for name in ProposalShown.model_fields if name in proposed}
    return ProposalShown.model_validate(same)


def _appeal(opened: Row, timeline: Sequence[Row], viewer: Actor) -> AppealShown:
    lodged = (
        each["data"]["text"]
        for each in timeline
        if each["kind"] == "appeal_opened" and each["data"]["appeal_id"] == opened["appeal_id"]
    )
    return AppealShown(
        id=opened["appeal_id"],
        appellant=opened["appellant"],
        complaint_id=opened["complaint_id"],
        text=next(lodged, ""),
        due_at=opened["due_at"],
        barred=viewer.id in opened["barred"],
    )


def _decision(row: Row) -> Decision:
    return Decision(
        id=row["decision_id"],
        outcome=row["outcome"],
        manifestly_unfounded=row["manifestly_unfounded"],
        by=row["decided_by"],
        at=row["decided_at"],
        statement=StatementOfReasons.model_validate(row["statement"], extra=UNKNOWN_FIELDS),
        appeal_until=row["appeal_until"],
    )


def _inadmissible(row: Row) -> Inadmissible:
    return Inadmissible(
        by=row["decided_by"],
        at=row["decided_at"],
        explanation=row["explanation"],
        appeal_until=row["appeal_until"],
    )


def _sent(entry: Row, files: str) -> tuple[EvidenceItem, ...]:
    """The files that came with it. Those shown to the accused were sent before, and have no names
    there."""
    known = entry["data"].get("evidence", ())
    return parts.evidence(entry["data"], files) if known and "name" in known[0] else ()


def _timeline_for_staff(
    row: Row, complaints: Sequence[Row], timeline: Sequence[Row], files: str
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
            data={name: each["data"][name] for name in each["data"] if name not in _ELSEWHERE},
            evidence=_sent(each, files),
            sequence=each["sequence"],
        )
        for each in timeline
    ]
    return sorted([opened, *joined, *told], key=lambda entry: entry.at)


def _joined(complaint: Row) -> TimelineEntry:
    data = {"number": complaint["number"]}
    text = words.happened("joined", by=None, data=data)
    return TimelineEntry(at=complaint["joined_at"], kind="joined", text=text, data=data)
