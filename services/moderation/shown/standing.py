"""How a member stands, as the member is shown it: every figure with where it comes from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from contracts.case import Track
from services.moderation.center_store import Record
from services.moderation.mails import measure_told
from services.moderation.party_models import (
    FindingShown,
    MeasureOfDecision,
    MeasureShown,
    StandingShown,
    Threshold,
    TrackShown,
)
from services.moderation.standing.rules import Ladder, Rung, StandingRules
from services.runtime.database import Row

SELLING: Final[tuple[Track, ...]] = ("IPS", "IPP", "TRX", "INF")
COMPLAINING: Final[Track] = "ABUSE"


def standing(
    record: Record,
    *,
    rules: StandingRules,
    seller: bool,
    now: datetime,
) -> StandingShown:
    """The record of one member. A `seller` sees all tracks, anybody else those with entries."""
    findings = tuple(finding_shown(row, now) for row in record.findings)
    measures = tuple(_measure(row, record.mails, now) for row in record.measures)
    counted = {finding.track for finding in findings}
    tracks = [
        track
        for track in (*SELLING, COMPLAINING)
        if track in counted or (seller and track in SELLING)
    ]
    return StandingShown(
        tracks=tuple(_track(track, findings, rules.ladders) for track in tracks),
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


def _measure(row: Row, mails: Sequence[Row], now: datetime) -> MeasureShown:
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
    told_at, end_told_at = measure_told(mails, row)
    told = {"state": state, "told_at": told_at, "end_told_at": end_told_at}
    return MeasureShown.model_validate({name: row[name] for name in shown} | told)


def _track(
    track: Track, findings: Sequence[FindingShown], ladders: Mapping[Track, Ladder]
) -> TrackShown:
    counting = [each for each in findings if each.track == track and each.counts]
    total = sum((Decimal(each.points) for each in counting), Decimal(0))
    rungs = ladders[track].rungs if track in ladders else ()
    coming = ladders[track].next_after(total) if track in ladders else None
    known = {rung.at: rung for rung in rungs}
    return TrackShown(
        track=track,
        total=number(total),
        thresholds=tuple(_threshold(rung, rung.at) for rung in rungs),
        next=_threshold(known.get(coming, rungs[-1]), coming) if coming is not None else None,
        next_expiry=min((each.expires_at for each in counting), default=None),
    )


def _threshold(rung: Rung, points: Decimal) -> Threshold:
    """`points` may lie above the rung's own: the last of a ladder may come again and again."""
    return Threshold(
        points=number(points),
        measures=tuple(MeasureOfDecision(kind=each.kind, days=each.days) for each in rung.measures),
    )
