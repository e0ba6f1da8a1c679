"""Timers on a real server: they fire at their time, once set, whoever was away meanwhile."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import pytest

from contracts.streams import TIMERS
from services.runtime import reactions
from services.runtime.app import Parts
from services.runtime.bus import Bus
from services.runtime.clock import utcnow
from services.runtime.problems import Unavailable
from tests.hosting import hosting
from tests.servers import NatsServer
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

Fired = list[tuple[str, dict[str, str]]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactions, "FIRST_DELAY_SECONDS", 0.02)


def noting(nats: NatsServer, fired: Fired) -> AbstractAsyncContextManager[Parts]:
    """A service that notes which of its timers fire."""

    async def note(name: str, data: dict[str, str]) -> None:
        fired.append((name, data))

    return hosting(nats, lambda parts: parts.timers.on_fired(note))


def soon(seconds: float = 1.0) -> datetime:
    return utcnow() + timedelta(seconds=seconds)


async def waiting(bus: Bus) -> dict[str, int]:
    """The timers that are set, by subject."""
    info = await bus.api(
        f"STREAM.INFO.{TIMERS.name}", {"subjects_filter": "timer.moderation.set.>"}
    )
    return dict(info["state"].get("subjects") or {})


async def test_a_timer_fires_at_its_time_with_its_data(nats: NatsServer, bus: Bus) -> None:
    fired: Fired = []
    async with noting(nats, fired) as service:
        at = soon(1.0)
        await service.timers.set("lapse-1", at, {"case": "1", "why": "Срок истёк"})
        await eventually(lambda: fired)
        assert utcnow() >= at
        assert fired == [("lapse-1", {"case": "1", "why": "Срок истёк"})]
        assert await waiting(bus) == {}

        async def nothing_is_kept() -> bool:
            return bool((await bus.api(f"STREAM.INFO.{TIMERS.name}", {}))["state"]["messages"] == 0)

        await eventually(nothing_is_kept)


async def test_a_timer_whose_time_is_past_fires_at_once(nats: NatsServer, bus: Bus) -> None:
    fired: Fired = []
    async with noting(nats, fired) as service:
        await service.timers.set("late", soon(-3600), {})
        await eventually(lambda: fired == [("late", {})])


async def test_a_timer_set_again_fires_only_at_the_new_time(nats: NatsServer, bus: Bus) -> None:
    fired: Fired = []
    async with noting(nats, fired) as service:
        await service.timers.set("lapse-1", soon(0.8), {"version": "old"})
        await service.timers.set("lapse-1", soon(3600), {"version": "later"})
        await service.timers.set("lapse-2", soon(3600), {"version": "old"})
        await service.timers.set("lapse-2", soon(0.8), {"version": "sooner"})
        await service.timers.set("last", soon(1.6), {})
        await eventually(lambda: ("last", {}) in fired)
        assert fired == [("lapse-2", {"version": "sooner"}), ("last", {})]
        assert await waiting(bus) == {"timer.moderation.set.lapse-1": 1}


async def test_a_cancelled_timer_does_not_fire(nats: NatsServer, bus: Bus) -> None:
    fired: Fired = []
    async with noting(nats, fired) as service:
        await service.timers.set("off", soon(0.8), {})
        await service.timers.set("on", soon(1.6), {})
        await service.timers.cancel("off")
        await service.timers.cancel("never-set")
        await eventually(lambda: fired)
        assert fired == [("on", {})]


@pytest.mark.parametrize("ended", ["killed", "stopped"])
async def test_what_fell_due_while_the_server_was_away_fires_when_it_is_back(
    nats: NatsServer, bus: Bus, ended: str
) -> None:
    fired: Fired = []
    async with noting(nats, fired) as service:
        due = soon(0.5)
        for number in range(20):
            await service.timers.set(f"due-{number}", due, {})
        await service.timers.set("far", soon(3600), {})
        if ended == "killed":
            nats.kill()
        else:
            nats.stop()
        await eventually(lambda: utcnow() > due)
        nats.start()
        await eventually(lambda: len({name for name, _ in fired}) == 20, timeout=20)
    assert "far" not in {name for name, _ in fired}


async def test_what_fell_due_while_the_service_was_away_fires_when_it_is_back(
    nats: NatsServer, bus: Bus
) -> None:
    fired: Fired = []
    async with noting(nats, fired) as service:
        due = soon(0.5)
        await service.timers.set("due", due, {})
    await eventually(lambda: utcnow() > due)
    async with noting(nats, fired):
        await eventually(lambda: fired == [("due", {})])


async def test_a_timer_whose_handler_fails_fires_again(nats: NatsServer, bus: Bus) -> None:
    tries: list[str] = []

    async def stumble(name: str, _: dict[str, str]) -> None:
        tries.append(name)
        if len(tries) < 4:
            raise RuntimeError("not yet")

    async with hosting(nats, lambda parts: parts.timers.on_fired(stumble)) as service:
        await service.timers.set("x", soon(0), {})
        await eventually(lambda: len(tries) == 4)

        async def done() -> bool:
            info = await bus.api(f"CONSUMER.INFO.{TIMERS.name}.moderation-timers", {})
            return bool(info["num_ack_pending"] == 0)

        await eventually(done)
    assert tries == ["x"] * 4


async def test_of_two_processes_one_is_told(nats: NatsServer, bus: Bus) -> None:
    left: Fired = []
    right: Fired = []
    async with noting(nats, left) as service, noting(nats, right):
        await asyncio.gather(*(service.timers.set(f"t-{n}", soon(0), {}) for n in range(100)))
        await eventually(lambda: len(left) + len(right) == 100)
    assert len({name for name, _ in left + right}) == 100


async def test_a_timer_that_cannot_be_set_is_told(nats: NatsServer, bus: Bus) -> None:
    async with noting(nats, []) as service:
        nats.kill()
        for change in (service.timers.set("x", soon(), {}), service.timers.cancel("x")):
            with pytest.raises(Unavailable):
                await change
