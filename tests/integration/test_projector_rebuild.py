"""Rows can be dropped at any time: the log gives the same ones again."""

import asyncio

import pytest

from services.runtime import projection
from services.runtime.bus import Bus
from services.runtime.database import Database
from services.runtime.events import EventStore
from services.runtime.feed import Feed, FeedBroken
from services.runtime.projection import following
from tests.log import case, command, last_sequence, said
from tests.projecting import (
    checkpoint,
    expected,
    parked_sequences,
    projector,
    rows,
    said_in_turn,
    say,
)
from tests.servers import NatsServer

pytestmark = pytest.mark.anyio


async def test_a_log_that_many_wrote_at_once_is_rebuilt_whole(
    bus: Bus, database: Database, nats: NatsServer
) -> None:
    buses = [Bus(nats.settings()) for _ in range(8)]
    for each in buses:
        await each.connect()
    writers = [EventStore(each, source="tests") for each in buses]

    async def write(writer: int) -> None:
        """Facts of the writer's own aggregates, and some on one that all write to."""
        for number in range(60):
            name = f"{writer}-{number}"
            own = writers[writer].append(
                case(name), [said(name), said(f"{name} again")], expected=0, meta=command(name)
            )
            shared = writers[writer].handle(
                case("shared"),
                initial=None,
                evolve=lambda _, __: None,
                decide=lambda _, name=name: [said(f"all {name}")],  # type: ignore[misc]
                meta=command(f"all {name}"),
            )
            await asyncio.gather(own, *([shared] if number % 10 == 0 else ()))
            if number % 10:
                shared.close()

    words = projector(bus, database)
    async with following(words):
        await asyncio.gather(*(write(n) for n in range(8)))
        await words.wait_for(await last_sequence(bus), timeout=20)
    followed = await rows(database)
    assert followed == await expected(bus)
    assert len(followed["entries"]) == 8 * (60 * 2 + 6)

    folded, seconds = await projector(bus, database).rebuild()
    assert folded == 8 * (60 * 2 + 6)
    assert seconds > 0
    assert await rows(database) == followed
    for each in buses:
        await each.close()


async def test_a_rebuild_beside_the_service_at_work_counts_nothing_twice(
    bus: Bus, store: EventStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "REBUILD_BATCH", 20)
    monkeypatch.setattr(projection, "RETRY_SECONDS", 0.01)
    last = await say(store, 300)
    words = projector(bus, database)
    async with following(words):
        await words.wait_for(last)
        saying = asyncio.create_task(say(store, 300, start=300))
        for _ in range(3):
            await projector(bus, database).rebuild()
        last = await saying
        await words.wait_for(last, timeout=20)
        await projector(bus, database).rebuild()
        assert await rows(database) == await expected(bus)
        last = await say(store, 10, start=600)
        await words.wait_for(last)
    assert await rows(database) == await expected(bus)
    assert await checkpoint(database) == last


async def test_state_as_of_a_moment_is_the_rows_up_to_its_sequence(
    bus: Bus, store: EventStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "REBUILD_BATCH", 50)
    last = await say(store, 200)
    words = projector(bus, database)
    await words.rebuild()
    whole = await rows(database)
    for until in (1, 49, 50, 51, 120, 200):
        folded, _ = await words.rebuild(until=until)
        assert folded == until
        assert await checkpoint(database) == until
        assert (await rows(database))["entries"] == whole["entries"][:until]
    # Past the end there is nothing more; nor does it wait for it.
    assert (await words.rebuild(until=last + 1000))[0] == 200
    assert await rows(database) == whole


async def test_a_quiet_moment_does_not_end_a_rebuild(
    bus: Bus, store: EventStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed may have nothing to give but a heartbeat, or may break; the log is still there."""
    monkeypatch.setattr(projection, "REBUILD_BATCH", 10)
    await say(store, 60)
    give, interruptions = Feed.next, iter([[], FeedBroken("no heartbeat"), [], FeedBroken("x")])

    async def hesitant(feed: Feed) -> object:
        if feed.pending < 40 and (interruption := next(interruptions, None)) is not None:
            if isinstance(interruption, FeedBroken):
                raise interruption
            return interruption
        return await give(feed)

    monkeypatch.setattr(Feed, "next", hesitant)
    folded, _ = await projector(bus, database).rebuild(until=55)
    assert folded == 55
    assert next(interruptions, None) is None


async def test_a_rebuild_forgets_what_was_parked_and_parks_what_is_still_poison(
    bus: Bus, store: EventStore, database: Database
) -> None:
    await bus.jetstream.publish(case("broken").subject, b"not even JSON")
    await said_in_turn(store, "good", "one", "two")
    words = projector(bus, database)
    for _ in range(2):
        assert (await words.rebuild())[0] == 2
        assert await parked_sequences(database) == [1]
