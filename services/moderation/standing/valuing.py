"""What the findings of a record count, and which thresholds they cross. Pure.

Everything is computed from the set of findings alone. So a record from which one was taken away is
the record that would be if it had never been there, in whatever order all this was written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from contracts.case import Track
from contracts.member import Step
from services.moderation.standing.points import Gravity, Worth, worth
from services.moderation.standing.rules import Cap, Rung, StandingRules

NOTHING = Decimal(0)

CrossingKey = tuple[Track, Decimal, str]
"""The track, the threshold, and the finding that reached it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding on a record. `complained_at`: when its case's first complaint was filed."""

    finding_id: str
    reason: str
    gravity: Gravity
    at: datetime
    complained_at: datetime


@dataclass(frozen=True, slots=True)
class Valued:
    """An entry, what it counts and how that came about, the last step last."""

    entry: Entry
    track: Track
    points: Decimal
    steps: tuple[Step, ...]
    expires_at: datetime

    def counts_at(self, moment: datetime) -> bool:
        return self.entry.at <= moment < self.expires_at


@dataclass(frozen=True, slots=True)
class Crossing:
    """With this finding, the total of a track reached a rung: the highest it reached."""

    track: Track
    rung: Rung
    finding_id: str
    total: Decimal
    at: datetime

    @property
    def key(self) -> CrossingKey:
        return self.track, self.rung.at, self.finding_id


def valued(entries: Iterable[Entry], rules: StandingRules) -> tuple[Valued, ...]:
    """The entries in the order in which they were imposed, each with what it counts."""
    done: list[Valued] = []
    for entry in sorted(entries, key=lambda each: (each.at, each.finding_id)):
        counts = worth(entry.reason, entry.gravity)
        if counts is None:
            raise LookupError(f"no reason {entry.reason} in the taxonomy")
        before = [each for each in done if each.counts_at(entry.at)]
        steps = tuple(_steps(entry, counts, before, rules))
        expires_at = entry.at + timedelta(days=rules.expires_days)
        done.append(Valued(entry, counts.track, steps[-1].points, steps, expires_at))
    return tuple(done)


def total(record: Iterable[Valued], track: Track, moment: datetime) -> Decimal:
    """What the track adds up to at `moment`."""
    counting = (v.points for v in record if v.track == track and v.counts_at(moment))
    return sum(counting, NOTHING)


def crossings(record: Sequence[Valued], rules: StandingRules) -> tuple[Crossing, ...]:
    """The thresholds that were crossed, each by the finding with which that happened."""
    crossed: list[Crossing] = []
    for place, each in enumerate(record):
        ladder = rules.ladders.get(each.track)
        if ladder is None or each.points == NOTHING:
            continue
        before = total(record[:place], each.track, each.entry.at)
        after = before + each.points
        reached = [rung for rung in ladder.up_to(after) if rung.at > before]
        if reached:
            crossed.append(
                Crossing(each.track, reached[-1], each.entry.finding_id, after, each.entry.at)
            )
    return tuple(crossed)


def freeze_days(record: Iterable[Valued], moment: datetime, rules: StandingRules) -> int:
    """For how long an account is frozen "by record": by its points in the IPP track."""
    points = total(record, "IPP", moment)
    return next(
        each.days for each in reversed(rules.freeze_by_record) if points >= each.from_points
    )


def _steps(
    entry: Entry, counts: Worth, before: Sequence[Valued], rules: StandingRules
) -> Iterable[Step]:
    """What the finding counts by itself, then each rule that changes it. `before` are the entries
    that count at that time."""
    points = counts.points
    yield Step(rule="base", points=points)
    if counts.strike:
        other = _same_strike(entry, before, rules)
        if other is not None:
            yield Step(rule="joined", points=NOTHING, other=other.entry.finding_id)
        return
    if counts.escalates:
        number = 1 + sum(_escalates(each.entry) for each in before)
        escalated = next(e for e in reversed(rules.escalation) if number >= e.from_count)
        if escalated.points != points:
            points = escalated.points
            yield Step(rule="escalated", points=points)
    first = next((each for each in before if each.entry.reason == entry.reason), None)
    if counts.repeat is not None and first is not None and counts.repeat > points:
        points = counts.repeat
        yield Step(rule="repeat", points=points, other=first.entry.finding_id)
    for cap in rules.caps:
        if _applies(cap, entry, counts.track):
            within = (each for each in before if _within(cap, each, entry))
            room = max(NOTHING, cap.points - sum((each.points for each in within), NOTHING))
            if points > room:
                points = room
                yield Step(rule="cap", points=points)


def _escalates(entry: Entry) -> bool:
    counts = worth(entry.reason, entry.gravity)
    return counts is not None and counts.escalates


def _same_strike(entry: Entry, before: Sequence[Valued], rules: StandingRules) -> Valued | None:
    """The strike that counts already for complaints of the same days."""
    days = timedelta(days=rules.one_strike_days)
    return next(
        (
            each
            for each in before
            if each.track == "IPS"
            and each.points > NOTHING
            and abs(each.entry.complained_at - entry.complained_at) <= days
        ),
        None,
    )


def _applies(cap: Cap, entry: Entry, track: Track) -> bool:
    return (
        cap.track == track
        and entry.gravity in cap.gravities
        and (cap.reasons is None or entry.reason in cap.reasons)
    )


def _within(cap: Cap, earlier: Valued, entry: Entry) -> bool:
    """Whether `earlier` uses up room of the cap that `entry` falls under."""
    if not _applies(cap, earlier.entry, earlier.track):
        return False
    if cap.within == "day":
        return earlier.entry.at.date() == entry.at.date()
    return entry.at - earlier.entry.at < timedelta(hours=cap.hours)
