"""How a member stands, as the member is shown it: every figure with where it comes from."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final

from services.moderation.party_models import (
    FindingShown,
    MeasureShown,
    StandingShown,
    Threshold,
    TrackShown,
)
from services.runtime.database import Row

SELLING: Final = ("IPS", "IPP", "TRX", "INF")
COMPLAINING: Final = "ABUSE"


@cache
def thresholds() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """What is proposed at which number of points in each track. `every`: again and again."""
    text = files("services.moderation").joinpath("data/thresholds.json").read_text("utf-8")
    found: dict[str, list[dict[str, Any]]] = json.loads(text)
    return found


def standing(
    on_record: Sequence[Row], imposed: Sequence[Row], *, seller: bool, now: datetime
) -> StandingShown:
    """The record of one member. A `seller` sees all tracks, anybody else those with entries."""
    findings = tuple(finding_shown(row, now) for row in on_record)
    measures = tuple(_measure(row, now) for row in imposed)
    counted = {finding.track for finding in findings}
    tracks = [
        track
        for track in (*SELLING, COMPLAINING)
        if track in counted or (seller and track in SELLING)
    ]
    return StandingShown(
        tracks=tuple(_track(track, findings) for track in tracks),
        findings=findings,
        measures=measures,
        warned=any(m.kind == "warning" and m.state == "active" for m in measures),
        suspended_until=max(
            (
                m.ends_at
                for m in measures
                if m.kind == "complaining_suspended" and m.state == "active" and m.ends_at
            ),
            default=None,
        ),
    )


def finding_shown(row: Row, now: datetime) -> FindingShown:
    return FindingShown(
        id=row["id"],
        case_id=row["case_id"],
        reason=row["reason"],
        gravity=row["gravity"],
        track=row["track"],
        points=number(Decimal(row["points"])),
        steps=tuple((step["rule"], number(Decimal(step["points"]))) for step in row["steps"]),
        explanation=row["explanation"],
        at=row["at"],
        expires_at=row["expires_at"],
        reversed_at=row["reversed_at"],
        counts=row["reversed_at"] is None and row["expires_at"] > now,
    )


def number(points: Decimal) -> str:
    """`0.5`, `12`: without zeros that say nothing."""
    return f"{points.normalize():f}"


def _measure(row: Row, now: datetime) -> MeasureShown:
    """A warning has no effect that could end: it stands for as long as what it rests on."""
    if row["state"] == "reversed":
        state = "reversed"
    elif row["state"] == "expired" or (row["ends_at"] is not None and row["ends_at"] <= now):
        state = "expired"
    else:
        state = "announced" if row["starts_at"] > now else "active"
    shown = (
        "id", "kind", "track", "case_id", "product_id", "imposed_at", "starts_at", "ends_at",
        "ended_at", "explanation", "end_explanation",
    )  # fmt: skip
    return MeasureShown.model_validate({name: row[name] for name in shown} | {"state": state})


def _track(track: str, findings: Sequence[FindingShown]) -> TrackShown:
    counting = [each for each in findings if each.track == track and each.counts]
    total = sum((Decimal(each.points) for each in counting), Decimal(0))
    known = thresholds().get(track, ())
    return TrackShown.model_validate(
        {
            "track": track,
            "total": number(total),
            "thresholds": [_threshold(each) for each in known],
            "next": _next(known, total),
            "next_expiry": min((each.expires_at for each in counting), default=None),
        }
    )


def _threshold(each: Mapping[str, Any], points: Decimal | None = None) -> Threshold:
    return Threshold(
        points=number(points or Decimal(each["points"])), kind=each["kind"], days=each["days"]
    )


def _next(known: Sequence[Mapping[str, Any]], total: Decimal) -> Threshold | None:
    for each in known:
        step = Decimal(each["points"])
        if total < step:
            return _threshold(each)
        if each.get("every"):
            return _threshold(each, (total // step + 1) * step)
    return None
