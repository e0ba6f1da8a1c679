"""What is under complaint already, so that the wizard can say that a complaint will join others;
and where a complaint and a decision belong, so that their case can be found in the log."""

from typing import Any

import sqlalchemy as sa

from contracts.case import (
    AppealDecided,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseOpened,
    CaseReopened,
    CaseRetyped,
    CaseWithdrawn,
    ComplaintJoined,
    ComplaintLeft,
)
from contracts.codec import Fact, Message
from contracts.member import MeasureImposed, MeasureReversed
from services.runtime.database import Row, UtcTime
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


joined = sa.Table(
    "joined",
    metadata,
    sa.Column("complaint_id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("complainant", sa.Text, nullable=False),
    sa.Column("joined_at", UtcTime, nullable=False),
    sa.Index("joined_by_complainant", "complainant", "joined_at"),
)
"""One row a complaint: the case that it joined."""

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("decision_id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, nullable=False),
)
"""One row a decision that can be appealed against."""


suspensions = sa.Table(
    "suspensions",
    metadata,
    sa.Column("measure_id", sa.Text, primary_key=True),
    sa.Column("complainant", sa.Text, nullable=False),
    sa.Column("starts_at", UtcTime, nullable=False),
    sa.Column("ends_at", UtcTime),
    sa.Column("lifted", sa.Boolean, nullable=False),
)
"""One row a measure that suspends somebody's complaining, or that was lifted."""


def key(fact: Fact, message: Message) -> Key | None:
    return (_case_id(message),) if isinstance(fact, CaseFact) else None


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
        case ComplaintLeft():
            return {"complaints": row["complaints"] - 1}
        case CaseDecided() | CaseDeclaredInadmissible() | CaseClosed() | CaseWithdrawn():
            return {"open": False}
        case CaseReopened():
            return {"open": True}
        case CaseRetyped():
            return {"complaint_type": fact.to_type}
        case _:  # another fact of the case: it changes nothing here
            return {}


def joined_key(fact: Fact, message: Message) -> Key | None:
    return (fact.complaint_id,) if isinstance(fact, ComplaintJoined) else None


def fold_joined(_: Row | None, fact: ComplaintJoined, message: Message) -> Row:
    return {
        "complaint_id": fact.complaint_id,
        "case_id": _case_id(message),
        "complainant": fact.complainant,
        "joined_at": fact.joined_at,
    }


def decision_key(fact: Fact, message: Message) -> Key | None:
    decision = _decision(fact)
    return None if decision is None else (decision,)


def fold_decision(_: Row | None, fact: Fact, message: Message) -> Row:
    return {"decision_id": _decision(fact), "case_id": _case_id(message)}


def _decision(fact: Fact) -> str | None:
    match fact:
        case CaseDecided() | CaseDeclaredInadmissible():
            return fact.decision_id
        case AppealDecided() if fact.appeal_until is not None:
            return fact.appeal_id  # what an appeal has changed can be appealed against in its turn
        case _:
            return None


def _case_id(message: Message) -> str:
    return message.subject.rsplit(".", 1)[1]


def suspension_key(fact: Fact, message: Message) -> Key | None:
    match fact:
        case MeasureImposed(kind="complaining_suspended") | MeasureReversed():
            return (fact.measure_id,)
        case _:
            return None


def fold_suspension(
    row: Row | None, fact: MeasureImposed | MeasureReversed, message: Message
) -> Row:
    if isinstance(fact, MeasureImposed):
        return {
            "measure_id": fact.measure_id,
            "complainant": fact.member,
            "starts_at": fact.starts_at,
            "ends_at": fact.ends_at,
            "lifted": False,
        }
    other = {  # a measure of another kind was lifted: nothing to suspend
        "measure_id": fact.measure_id,
        "complainant": fact.member,
        "starts_at": fact.at,
        "ends_at": fact.at,
    }
    return (row or other) | {"lifted": True}


VIEWS = [
    View(reports, key, fold, births=(CaseOpened,)),
    View(joined, joined_key, fold_joined, append_only=True),
    View(decisions, decision_key, fold_decision, append_only=True),
    View(suspensions, suspension_key, fold_suspension),
]
