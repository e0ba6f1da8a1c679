"""What is under complaint already, so that the wizard can say that a complaint will join others."""

from typing import Any

import sqlalchemy as sa

from contracts.case import (
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseOpened,
    ComplaintJoined,
)
from contracts.codec import Fact, Message
from services.runtime.database import Row
from services.runtime.projection import Key, View, bookkeeping

metadata = sa.MetaData()
bookkeeping(metadata)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("product_id", sa.Text),
    sa.Column("complaint_type", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("complaints", sa.Integer, nullable=False),
    sa.Index("reports_open_by_product", "product_id", "complaint_type"),
)
"""One row a case. `open` while a new complaint of its type about its product joins it."""


def key(fact: Fact, message: Message) -> Key | None:
    return (message.subject.rsplit(".", 1)[1],) if isinstance(fact, CaseFact) else None


def fold(row: Row | None, fact: CaseFact, message: Message) -> Row:
    if isinstance(fact, CaseOpened):
        return {
            "case_id": fact.case_id,
            "product_id": fact.product.product_id,
            "complaint_type": fact.complaint_type,
            "open": True,
            "complaints": 0,
        }
    if row is None:
        raise ValueError(f"{fact.type} in {message.subject} before CaseOpened")
    return row | _change(row, fact)


def _change(row: Row, fact: CaseFact) -> dict[str, Any]:
    match fact:
        case ComplaintJoined():
            return {"complaints": row["complaints"] + 1}
        case CaseDecided() | CaseDeclaredInadmissible() | CaseClosed():
            return {"open": False}
        case _:  # another fact of the case: it changes nothing here
            return {}


VIEWS = [View(reports, key, fold)]
