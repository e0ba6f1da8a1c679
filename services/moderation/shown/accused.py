"""What the accused is shown: what is alleged, what they answered, what was decided and why.

Not who complained, nor how many did, nor what they wrote.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from contracts.case import StatementOfReasons
from services.moderation import words
from services.moderation.read_models import (
    AccusedCaseDetail,
    AccusedCaseSummary,
    DecisionOnAccused,
    TimelineEntry,
)
from services.moderation.shown import parts
from services.moderation.state import Status
from services.moderation.store import CaseParts
from services.runtime.database import Row

_TOLD = frozenset(
    {
        "counter_notice_requested",
        "counter_notice_received",
        "counter_notice_late",
        "counter_notice_lapsed",
        "decided",
        "closed",
    }
)
"""Kinds of timeline entries that the accused sees."""


def accused_summary(row: Row, *, answered: bool) -> AccusedCaseSummary:
    return AccusedCaseSummary(**_accused(row, answered))


def _accused(row: Row, answered: bool) -> dict[str, Any]:
    state = row["state"]
    if answered and state == Status.AWAITING_COUNTER_NOTICE:
        # The answer stands in the log a moment before the case takes note of it. Whoever has just
        # answered is not to be asked again.
        state = Status.COUNTER_NOTICE_RECEIVED
    return {
        "id": row["id"],
        "number": row["number"],
        "state": state,
        "status": words.status_for_accused(state, due_at=row["due_at"], outcome=row["outcome"]),
        "type": row["type"],
        "product": parts.product(row),
        "told_at": row["told_at"],
        "answer_due_at": row["answer_due_at"],
        "can_answer": state == Status.AWAITING_COUNTER_NOTICE,
        "answered": answered,
        "outcome": row["outcome"],
    }


def accused_detail(found: CaseParts) -> AccusedCaseDetail:
    row, _, answers, timeline = found
    files = f"/api/v1/center/cases/{row['id']}/evidence"
    summary = _accused(row, bool(answers))
    return AccusedCaseDetail(
        **summary,
        allegation=row["allegation"],
        asked_at=row["asked_at"],
        answers=tuple(parts.answer(each, row, files) for each in answers),
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
        if each["kind"] in _TOLD:
            data = parts.public(each["data"])
            yield TimelineEntry(
                at=each["at"],
                kind=each["kind"],
                text=words.happened_to_accused(each["kind"], data),
                data=data,
            )
