"""What a finding counts by itself: points of the taxonomy, by reason and gravity."""

from decimal import Decimal
from typing import Literal, NamedTuple, cast

from contracts.case import Track
from contracts.taxonomy import taxonomy

Gravity = Literal["general", "serious", "extreme"]
GRAVITIES: tuple[Gravity, ...] = ("general", "serious", "extreme")

UNFOUNDED = "UNFOUNDED"
"""The reason of a finding against a complainant: a manifestly unfounded complaint (Art. 23)."""


class Worth(NamedTuple):
    """What a reason counts, before caps and whatever else depends on the rest of the record.

    `repeat`: what it counts at least from the second finding on; `escalates`: 1, 2 or 3 by the
    number of such findings within a year; `strike`: one strike of the IPS track.
    """

    track: Track
    points: Decimal
    repeat: Decimal | None = None
    escalates: bool = False
    strike: bool = False


def worth(reason_code: str, gravity: Gravity) -> Worth | None:
    """None for a code that the taxonomy does not have."""
    if reason_code == UNFOUNDED:
        return Worth("ABUSE", Decimal(1))
    found = taxonomy().find(reason_code)
    if found is None:
        return None
    kind, reason = found
    track = cast(Track, reason.track or kind.track)
    if reason.strike is not None:
        return Worth(track, Decimal(reason.strike), strike=True)
    if reason.pts == "esc123":
        return Worth(track, Decimal(1), escalates=True)
    assert isinstance(reason.pts, tuple)  # a reason has a strike or points
    repeat = None if reason.repeat is None else _decimal(reason.repeat)
    return Worth(track, _decimal(reason.pts[GRAVITIES.index(gravity)]), repeat=repeat)


def _decimal(number: float) -> Decimal:
    """`12` and not `12.0`, as people read it."""
    return Decimal(int(number)) if number == int(number) else Decimal(str(number))
