"""Appending while the server is silent, killed or gone: each answer true, nothing stored twice."""

import asyncio
from collections import Counter

import pytest

from services.runtime import events
from services.runtime.bus import Bus
from services.runtime.events import EventStore
from services.runtime.problems import Unavailable
from tests.log import case, command, said, stored
from tests.servers import NatsServer
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


def sent(bus: Bus) -> int:
    return bus.client.stats["out_msgs"]


async def test_an_append_that_met_silence_is_tried_again_and_stored_once(
    store: EventStore, bus: Bus, nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "ANSWER_SECONDS", 0.2)
    first = await store.append(case("a"), [said(1)], expected=0, meta=command("c1"))
    nats.stop_answering()
    before = sent(bus)
    appending = asyncio.create_task(
        store.append(case("a"), [said(2)], expected=first, meta=command("c2"))
    )
    await eventually(lambda: sent(bus) >= before + 3)
    nats.go_on()
    assert await appending == first + 1
    assert [each.words for each in await stored(bus)] == [("1",), ("2",)]


async def test_a_burst_that_met_silence_is_stored_once_each(
    store: EventStore, bus: Bus, nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "ANSWER_SECONDS", 0.3)
    nats.stop_answering()
    before = sent(bus)
    appending = [
        asyncio.create_task(store.append(case(n), [said(n)], expected=0, meta=command(n)))
        for n in range(100)
    ]
    await eventually(lambda: sent(bus) >= before + 250)  # the batch, then each alone, and again
    nats.go_on()
    sequences = await asyncio.gather(*appending)
    log = await stored(bus)
    assert len(log) == len(set(sequences)) == 100
    assert {each.sequence: each.words for each in log} == {
        sequence: (str(n),) for n, sequence in enumerate(sequences)
    }


async def test_what_was_acknowledged_before_and_after_a_crash_is_in_the_log_once(
    store: EventStore, bus: Bus, nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "BATCH_MESSAGES", 20)
    monkeypatch.setattr(events, "ANSWER_SECONDS", 1.0)
    acknowledged: list[int] = []

    async def append_two(number: int) -> None:
        version = 0
        for words in (f"{number}, first", f"{number}, second"):
            version = await store.append(
                case(number), [said(words)], expected=version, meta=command(words)
            )
            acknowledged.append(version)

    appending = [asyncio.create_task(append_two(number)) for number in range(250)]
    await eventually(lambda: len(acknowledged) >= 60)
    nats.kill()
    assert len(acknowledged) < 500
    nats.start()
    await asyncio.gather(*appending)
    log = await stored(bus)
    assert sorted(acknowledged) == [each.sequence for each in log]
    assert len(log) == len({each.command for each in log}) == 500


async def test_a_server_gone_for_good_is_told_in_time_and_to_those_who_wait_behind(
    store: EventStore, bus: Bus, nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(events, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(events, "BATCH_MESSAGES", 5)
    nats.kill()
    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(
            *(store.append(case(n), [said(n)], expected=0, meta=command(n)) for n in range(20)),
            store.read(case("a")),
            return_exceptions=True,
        )
    assert [type(each) for each in outcomes] == [Unavailable] * 21
    nats.start()
    # Nobody knew whether those were stored; the same commands find out.
    again = await asyncio.gather(
        *(store.append(case(n), [said(n)], expected=0, meta=command(n)) for n in range(20))
    )
    assert len(set(again)) == 20
    assert Counter(each.command for each in await stored(bus)) == Counter(map(str, range(20)))


async def test_more_than_the_connection_can_hold_back_is_tried_until_the_server_is_there(
    store: EventStore, bus: Bus, nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "ANSWER_SECONDS", 0.5)
    nats.kill()
    await eventually(lambda: not bus.connected)
    large = "x" * 900_000
    appending = [
        asyncio.create_task(
            store.append(case(n), [said(f"{n} {large}")], expected=0, meta=command(n))
        )
        for n in range(40)
    ]
    await asyncio.sleep(0)
    nats.start()
    assert len(set(await asyncio.gather(*appending))) == 40
    assert len(await stored(bus)) == 40


async def test_an_abandoned_append_disturbs_nobody(store: EventStore, bus: Bus) -> None:
    appending = [
        asyncio.create_task(store.append(case(n), [said(n)], expected=0, meta=command(n)))
        for n in range(50)
    ]
    await asyncio.sleep(0)
    for each in appending[::2]:
        each.cancel()
    outcomes = await asyncio.gather(*appending, return_exceptions=True)
    assert sum(isinstance(each, int) for each in outcomes) == 25
    assert len({each.command for each in await stored(bus)}) == len(await stored(bus))
