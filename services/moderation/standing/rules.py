"""How findings count and what follows from how many: data of the policy."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from contracts.case import MeasureKind, Track
from services.moderation.standing.points import Gravity


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cap(_Data):
    """At most `points` for findings of a track, of these gravities and (if named) reasons: within
    `hours`, or within a day of the calendar (UTC)."""

    track: Track
    gravities: frozenset[Gravity]
    reasons: frozenset[str] | None = None
    points: Decimal
    within: Literal["hours", "day"]
    hours: int = 24


class Escalation(_Data):
    """From the `from_count`-th finding within a year on, each counts `points`."""

    from_count: int
    points: Decimal


class RungMeasure(_Data):
    """A measure that a rung proposes. `by_record`: its days follow from `freeze_by_record`."""

    kind: MeasureKind
    days: int | None = None
    by_record: bool = False


class Rung(_Data):
    at: Decimal
    measures: tuple[RungMeasure, ...]


class Ladder(_Data):
    """What is proposed at which total. With `every`, the last rung comes again each so many
    points more."""

    rungs: tuple[Rung, ...]
    every: Decimal | None = None

    def up_to(self, total: Decimal) -> Iterator[Rung]:
        """The rungs at or below `total`, in order."""
        for rung in self.rungs:
            if rung.at <= total:
                yield rung
        if self.every is None:
            return
        last = self.rungs[-1]
        at = last.at + self.every
        while at <= total:
            yield Rung(at=at, measures=last.measures)
            at += self.every

    def next_after(self, total: Decimal) -> Decimal | None:
        """The next threshold above `total`, None past the last."""
        for rung in self.rungs:
            if rung.at > total:
                return rung.at
        if self.every is None:
            return None
        last = self.rungs[-1].at
        return last + self.every * ((total - last) // self.every + 1)


class FreezeByRecord(_Data):
    """From `from_points` in the IPP track on, an account is frozen for `days`."""

    from_points: Decimal
    days: int


class StandingRules(_Data):
    """`expires_days` after it was imposed, to the hour, an entry counts no more. Complaints within
    `one_strike_days` are one strike."""

    expires_days: int
    one_strike_days: int
    caps: tuple[Cap, ...]
    escalation: tuple[Escalation, ...]
    freeze_by_record: tuple[FreezeByRecord, ...]
    closing_notice_days: int
    ladders: dict[Track, Ladder]
