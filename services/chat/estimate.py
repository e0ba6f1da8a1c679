"""How long somebody will wait: a range that is meant to be kept, or nothing.

A waiting customer at position n is served after n departures from the queue and its S slots, of
which each comes at a rate of Sμ + iθ while i others wait: μ is one over the mean handling time,
θ the rate at which each waiting customer gives up. The wait is the sum of these exponential times;
a gamma of the same mean and variance stands for it. (Erlang C alone overstates waits when people
leave.)
"""

from datetime import datetime, timedelta
from math import sqrt
from typing import NamedTuple

ENOUGH = 20
"""Finished chats before a number is shown."""
ANSWERING = 10.0
"""Seconds that an operator takes to accept an offer: in each turn of a slot, and in one's own."""
Z_50, Z_80 = 0.0, 0.8416212335729143
"""Quantiles of the normal distribution."""


class Rates(NamedTuple):
    """What was seen lately: how many chats were finished, how long handling one took (seconds, from
    the connection to the end of the wrap-up), and abandonments per second that somebody queued."""

    finished: int
    handling: float
    abandoning: float


class Range(NamedTuple):
    """Seconds: half of those who are told so wait at most `low`, four of five at most `high`."""

    low: int
    high: int


def moments(position: int, slots: int, rates: Rates) -> tuple[float, float]:
    """Mean and variance of the wait at `position` (from 1) while all `slots` are busy."""
    service = slots / rates.handling
    steps = [1 / (service + i * rates.abandoning) for i in range(position)]
    return sum(steps), sum(step * step for step in steps)


def gamma_quantile(mean: float, variance: float, z: float) -> float:
    """By Wilson and Hilferty's cube, within 1 % here, where the shape is never below 1."""
    shape = mean * mean / variance
    return mean * max(0.0, 1 - 1 / (9 * shape) + z / (3 * sqrt(shape))) ** 3


def estimate(position: int, *, slots: int, free: int, rates: Rates) -> Range | None:
    """The range for somebody at `position`; None while too little is known, or nobody is there."""
    if rates.finished < ENOUGH or slots < 1 or rates.handling <= 0:
        return None
    behind = position - free
    if behind < 1:
        return Range(0, _rounded(2 * ANSWERING))
    turn = rates._replace(handling=rates.handling + ANSWERING)
    mean, variance = moments(behind, slots, turn)
    low = ANSWERING + gamma_quantile(mean, variance, Z_50)
    high = ANSWERING + gamma_quantile(mean, variance, Z_80)
    return Range(_rounded(low), max(_rounded(high), _rounded(2 * ANSWERING)))


def shrunk_rate(*, recent: int, recent_seconds: float, usual: int, usual_seconds: float) -> float:
    """Abandonments per second queued: the last hour's, drawn towards what is usual at this hour
    of the week as if that had been seen for an hour of queueing."""
    prior = usual / usual_seconds if usual_seconds > 0 else 0.0
    weight = 3600.0 if usual_seconds > 0 else 0.0
    seconds = recent_seconds + weight
    return (recent + prior * weight) / seconds if seconds > 0 else 0.0


def is_before(closing: datetime | None, now: datetime, seconds: int) -> bool:
    """Whether `seconds` from now lies before closing time; None never closes."""
    return closing is None or now + timedelta(seconds=seconds) <= closing


def _rounded(seconds: float) -> int:
    """To five seconds below two minutes, to half a minute above: more would be pretence."""
    step = 5 if seconds < 120 else 30
    return int(-(-seconds // step) * step)
