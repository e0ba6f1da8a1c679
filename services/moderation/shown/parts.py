"""What several readers are shown alike."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.case import AppealRejected, CaseFact, NoteAdded
from contracts.parties import Evidence
from services.moderation.party_models import AppealShown, ListingShown, NoteShown
from services.moderation.read_models import Answer, EvidenceItem, ProductShown
from services.moderation.shown.story import Appellant, Ruling, Story
from services.runtime.database import Row

INTERNAL = frozenset({"claimed", "released"})
"""Kinds of timeline entries that only moderators see."""


def product(row: Row) -> ProductShown:
    return ProductShown(
        link=row["product_link"], product_id=row["product_id"], title=row["product_title"]
    )


def listing(row: Row, case: Row | None) -> ListingShown:
    """What was reported, as the catalogue told it when the case was opened. `row` is a complaint
    or a case."""
    told = (case["listing"] if case else None) or {}
    return ListingShown(
        link=row["product_link"],
        product_id=row["product_id"],
        title=case["product_title"] if case else None,
        category=told.get("category"),
        picture_url=told.get("picture_url"),
        price=told.get("price"),
        seller=told.get("seller_name"),
    )


def answer(row: Row, case: Row, files: str) -> Answer:
    due_at = case["answer_due_at"]
    return Answer(
        id=row["id"],
        by=row["by"],
        text=row["text"],
        received_at=row["received_at"],
        late=due_at is not None and row["received_at"] > due_at,
        evidence=evidence(row, files),
    )


def evidence(row: Row, files: str) -> tuple[EvidenceItem, ...]:
    """The files of a row; `files` is the address below which this reader finds them."""
    return tuple(_item(file, files) for file in row["evidence"])


def items(sent: Iterable[Evidence], files: str) -> tuple[EvidenceItem, ...]:
    """The files of a fact; `files` as above."""
    return tuple(_item(file.model_dump(), files) for file in sent)


def _item(file: Mapping[str, Any], files: str) -> EvidenceItem:
    named = ("id", "name", "media_type", "size", "uploaded_at")
    return EvidenceItem(**{name: file[name] for name in named}, url=f"{files}/{file['id']}")


def time_of(fact: CaseFact) -> datetime:
    """When it happened: answers count from when the server received them."""
    at: datetime = getattr(fact, "received_at", None) or getattr(fact, "at")  # noqa: B009
    return at


def kind_of(fact: CaseFact, kind: str) -> str:
    """The kind of its entry, in which what came late has a name of its own."""
    if not getattr(fact, "late", False):
        return kind
    return {
        "counter_notice_received": "counter_notice_late",
        "information_received": "information_late",
        "accused_evidence_received": "accused_evidence_late",
    }.get(kind, kind)


def told_of(fact: CaseFact, names: Sequence[str]) -> dict[str, Any]:
    """The parts of a fact that are named, as JSON; those that say nothing are left out."""
    return fact.model_dump(mode="json", include=set(names), exclude_none=True)


def may_appeal(
    story: Story, ruling: Ruling, who: Appellant, lodged: Sequence[Row], now: datetime
) -> bool:
    """Once against each decision, in time, and not against the answer to one's own appeal."""
    until = story.appeal_until(ruling, who)
    if until is None or now > until or ruling.of == who:
        return False
    done = {(each["decision_id"], Appellant(each["complaint_id"])) for each in lodged}
    done.update((appeal.opened.decision_id, appeal.by) for appeal in story.appeals.values())
    return (ruling.id, who) not in done


def notes(facts: Iterable[CaseFact]) -> Iterable[NoteShown]:
    """The notes that are for both parties to read."""
    for fact in facts:
        if isinstance(fact, NoteAdded) and fact.visibility == "public":
            yield NoteShown(at=fact.at, text=fact.text)


def not_taken_up(refused: AppealRejected) -> AppealShown:
    return AppealShown(
        by="you",
        at=refused.at,
        due_at=None,
        text=None,
        evidence=(),
        result="not_taken_up",
        explanation=refused.explanation,
        decided_at=refused.at,
    )
