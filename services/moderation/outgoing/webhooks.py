"""Webhooks in the Standard Webhooks format (https://www.standardwebhooks.com): what they say and
how they are signed. Pure."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from contracts.case import (
    AppealDecided,
    CaseDecided,
    InterimMeasureImposed,
    InterimMeasureLifted,
)
from contracts.codec import Fact
from contracts.member import MeasureExpired, MeasureImposed, MeasureReversed, MeasureStarted
from services.moderation.standing.record import Record
from services.moderation.state import Case

PREFIX = "whsec_"


def signature(secret: str, *, webhook_id: str, sent_at: datetime, body: str) -> str:
    """`v1,<base64 of the HMAC-SHA256>` over id, time (whole seconds) and body."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{webhook_id}.{int(sent_at.timestamp())}.{body}".encode()
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def told_of_case(case: Case, fact: Fact) -> tuple[str, str] | None:
    """Topic and body of the webhook about a case's fact; None for one that is not told. Never who
    complained: the marketplace has to enforce, and needs no more for that."""
    about = {
        "case_id": case.id,
        "case_number": case.number,
        "member_id": case.accused,
        "product_id": case.product_id,
        "complaint_type": case.complaint_type,
    }
    match fact:
        case CaseDecided():
            data = {
                "decision_id": fact.decision_id,
                "outcome": fact.outcome,
                "measures": [each.model_dump(mode="json") for each in fact.measures],
                "statement": fact.statement.model_dump(mode="json"),
            }
            return "decision.taken", _body("decision.taken", fact.at, about | data)
        case AppealDecided():
            answered: dict[str, Any] = {
                "appeal_id": fact.appeal_id,
                "decision_id": fact.decision_id,
                "result": fact.result,
                "outcome": fact.outcome,
                "measures": [each.model_dump(mode="json") for each in fact.measures],
                "statement": fact.statement and fact.statement.model_dump(mode="json"),
            }
            return "appeal.decided", _body("appeal.decided", fact.at, about | answered)
        case InterimMeasureImposed():
            data = {"measure": fact.measure.model_dump(mode="json")}
            topic = "interim_measure.imposed"
            return topic, _body(topic, fact.at, about | data)
        case InterimMeasureLifted():
            topic = "interim_measure.lifted"
            return topic, _body(topic, fact.at, about | {"measure_id": fact.measure_id})
        case _:
            return None


def told_of_member(record: Record, fact: Fact) -> tuple[str, str] | None:
    """Topic and body of the webhook about a measure's fact; None for one that is not told."""
    starts: datetime | None = None
    ends: datetime | None = None
    match fact:
        case MeasureImposed():
            topic, starts, ends = "measure.imposed", fact.starts_at, fact.ends_at
        case MeasureStarted():
            topic, starts = "measure.started", fact.at
        case MeasureExpired():
            topic, ends = "measure.expired", fact.at
        case MeasureReversed():
            topic, ends = "measure.reversed", fact.at
        case _:
            return None
    measure = record.measures[fact.measure_id]
    if topic == "measure.reversed" and measure.starts_at is None:
        return None  # it was only ever proposed: there is nothing to lift
    data = {
        "measure_id": measure.id,
        "member": fact.member,
        "kind": measure.kind,
        "product_id": measure.product_id,
        "case_id": measure.case_id,
        "starts_at": starts.isoformat() if starts else None,
        "ends_at": ends.isoformat() if ends else None,
    }
    return topic, _body(topic, fact.at, data)


def _body(topic: str, at: datetime, data: dict[str, Any]) -> str:
    document = {"type": topic, "timestamp": at.isoformat(), "data": data}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
