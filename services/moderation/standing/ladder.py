"""Which proposals follow from a record, and which no longer do. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.moderation.standing.record import MeasureOf, MeasureState
from services.moderation.standing.valuing import Crossing, CrossingKey


class Consequences(NamedTuple):
    """Crossings to propose measures for, and measures that rest on nothing any more."""

    propose: tuple[Crossing, ...]
    reverse: tuple[MeasureOf, ...]


def consequences(
    measures: Mapping[str, MeasureOf], before: Iterable[Crossing], after: Iterable[Crossing]
) -> Consequences:
    """What a change of the record from one with the crossings `before` to `after` asks for.

    A measure still follows where its finding crosses its threshold, where another finding does so
    now, or where its finding crosses a higher one.
    """
    free = {crossing.key: crossing for crossing in after}
    known = {crossing.key for crossing in before}
    groups: dict[CrossingKey, list[MeasureOf]] = {}
    for measure in measures.values():
        if measure.state is not MeasureState.REVERSED and (key := _crossed(measure)) is not None:
            groups.setdefault(key, []).append(measure)

    unmatched = [key for key in groups if free.pop(key, None) is None]
    reverse: list[MeasureOf] = []
    for key in unmatched:
        track, threshold, finding_id = key
        elsewhere = next((each for each in free if each[:2] == (track, threshold)), None)
        if elsewhere is not None:
            del free[elsewhere]
        elif not any(each[2] == finding_id and each[1] > threshold for each in free):
            reverse += groups[key]
    propose = tuple(crossing for key, crossing in free.items() if key not in known)
    return Consequences(propose, tuple(reverse))


def _crossed(measure: MeasureOf) -> CrossingKey | None:
    """The crossing that the measure was proposed for; None for a measure of a decision."""
    if measure.track is None or measure.threshold is None or measure.finding_id is None:
        return None
    return measure.track, measure.threshold, measure.finding_id
