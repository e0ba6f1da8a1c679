"""What several readers are shown alike."""

from services.moderation.read_models import Answer, EvidenceItem, ProductShown
from services.runtime.database import Row

INTERNAL = frozenset({"claimed", "released"})
"""Kinds of timeline entries that only moderators see."""


def product(row: Row) -> ProductShown:
    return ProductShown(
        link=row["product_link"], product_id=row["product_id"], title=row["product_title"]
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


def public(data: Row) -> Row:
    """The parts of a timeline entry's data that either side may see."""
    named = ("due_at", "explanation", "outcome", "appeal_until")
    return {name: data[name] for name in named if name in data}
