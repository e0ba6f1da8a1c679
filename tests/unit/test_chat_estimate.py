"""The estimate against a discrete-event simulation (Ciw) of the queue that it describes."""

import math
import random
from dataclasses import dataclass

import ciw
import pytest

from services.chat.estimate import (
    ENOUGH,
    Rates,
    estimate,
    gamma_quantile,
    moments,
    shrunk_rate,
)


@dataclass(frozen=True)
class Load:
    """Times in seconds; `patience` is the mean time after which somebody gives up."""

    arrivals: float
    handling: float
    slots: int
    patience: float | None


LOADS = {
    "a quiet morning": Load(arrivals=1 / 60, handling=300, slots=6, patience=600),
    "a busy noon": Load(arrivals=1 / 30, handling=300, slots=9, patience=900),
    "a rush": Load(arrivals=1 / 10, handling=240, slots=12, patience=300),
    "a night with two operators and patient people": Load(
        arrivals=1 / 160, handling=300, slots=2, patience=None
    ),
}


def waits(load: Load, seed: int) -> list[tuple[int, float, bool]]:
    """What customers of a simulated day met: position at arrival (0: a slot was free), how long it
    took until they were served or gave up, and whether they were served."""
    ciw.seed(seed)
    random.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(load.arrivals)],
        service_distributions=[ciw.dists.Exponential(1 / load.handling)],
        number_of_servers=[load.slots],
        reneging_time_distributions=(
            [ciw.dists.Exponential(1 / load.patience)] if load.patience else None
        ),
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(200_000)
    found = []
    for record in simulation.get_all_records():
        if record.arrival_date < 5_000:
            continue
        served = record.record_type == "service"
        ahead = int(record.queue_size_at_arrival)
        position = max(0, ahead - load.slots + 1)
        took = (record.service_start_date if served else record.exit_date) - record.arrival_date
        found.append((position, took, served))
    return found


def mean_absolute(errors: list[float]) -> float:
    return sum(map(abs, errors)) / len(errors)


@pytest.mark.parametrize("name", LOADS)
def test_four_of_five_promises_are_kept_and_the_mean_is_right(name: str) -> None:
    """R7: an honest estimate. Promises to people who gave up before they were due are open."""
    load = LOADS[name]
    rates = Rates(ENOUGH, load.handling, 1 / load.patience if load.patience else 0.0)
    kept = broken = 0
    errors, erlang_errors = [], []
    for position, took, served in waits(load, seed=7):
        if position < 1:
            continue
        mean, variance = moments(position, load.slots, rates)
        promise = gamma_quantile(mean, variance, 0.8416)
        if served:
            kept += took <= promise
            broken += took > promise
            errors.append(took - mean)
            erlang_errors.append(took - position * load.handling / load.slots)
        elif took > promise:
            broken += 1
    assert kept + broken > 200
    assert 0.78 <= kept / (kept + broken) <= 0.92
    assert mean_absolute(errors) <= mean_absolute(erlang_errors)


@pytest.mark.parametrize("shape", [1, 2, 5, 20, 100])
def test_the_quantile_is_that_of_a_gamma(shape: int) -> None:
    """Held against the distribution function of a sum of exponential times (Erlang)."""
    for z, probability in ((0.0, 0.5), (0.8416, 0.8)):
        x = gamma_quantile(shape, shape, z)
        below = 1 - sum(math.exp(-x + n * math.log(x) - math.lgamma(n + 1)) for n in range(shape))
        assert below == pytest.approx(probability, abs=0.02)


def test_no_number_is_shown_before_twenty_chats_were_finished_or_when_nobody_is_there() -> None:
    assert estimate(3, slots=2, free=0, rates=Rates(ENOUGH - 1, 300, 0)) is None
    assert estimate(3, slots=0, free=0, rates=Rates(ENOUGH, 300, 0)) is None
    assert estimate(3, slots=2, free=0, rates=Rates(ENOUGH, 300, 0)) is not None


def test_who_finds_a_free_slot_waits_for_no_longer_than_an_offer_takes() -> None:
    found = estimate(1, slots=2, free=1, rates=Rates(ENOUGH, 300, 0))
    assert found is not None
    assert (found.low, found.high) == (0, 20)


def test_the_further_back_the_longer_and_the_range_is_a_range() -> None:
    rates = Rates(ENOUGH, 300, 1 / 600)
    found = [estimate(n, slots=3, free=0, rates=rates) for n in range(1, 30)]
    highs = [each.high for each in found if each]
    assert highs == sorted(highs)
    assert all(each.low < each.high for each in found if each)


def test_people_who_leave_shorten_the_wait_of_those_behind() -> None:
    patient = estimate(10, slots=3, free=0, rates=Rates(ENOUGH, 300, 0))
    impatient = estimate(10, slots=3, free=0, rates=Rates(ENOUGH, 300, 1 / 300))
    assert patient is not None
    assert impatient is not None
    assert impatient.high < patient.high


def test_an_empty_hour_is_drawn_to_what_is_usual() -> None:
    usual = shrunk_rate(recent=0, recent_seconds=0, usual=10, usual_seconds=10_000)
    assert usual == pytest.approx(0.001)
    storm = shrunk_rate(recent=36, recent_seconds=3600, usual=10, usual_seconds=10_000)
    assert usual < storm < 0.01
    assert shrunk_rate(recent=0, recent_seconds=0, usual=0, usual_seconds=0) == 0
