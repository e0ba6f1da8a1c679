"""The projector on both databases: rows and position together, poison aside, rebuilt alike."""

import asyncio
import sys
from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime import projection
from services.runtime.bus import Bus
from services.runtime.database import Database, Row, upsert
from services.runtime.events import EventStore
from services.runtime.problems import Unavailable
from services.runtime.projection import following
from tests.projecting import checkpoint, checkpoints, expected, projector, rows, say
from tests.servers import NatsServer
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


async def test_facts_become_rows_in_the_order_of_the_log(
    bus: Bus, store: EventStore, database: Database
) -> None:
    last = await say(store, 300)
    words = projector(bus, database)
    async with following(words):
        await words.wait_for(last)
        assert await rows(database) == await expected(bus)
        assert await checkpoint(database) == last
        # And one by one, as they come.
        last = await say(store, 30, start=300)
        await words.wait_for(last)
    assert await rows(database) == await expected(bus)
    assert await checkpoint(database) == last


async def test_a_batch_that_fails_half_way_leaves_nothing_of_itself(
    bus: Bus, store: EventStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = await say(store, 50)
    failures: list[object] = []

    async def fail_at_the_end(
        connection: AsyncConnection, table: sa.Table, rows_: Sequence[Row]
    ) -> None:
        if table is checkpoints and len(failures) < 2:
            failures.append(await rows(database))
            raise OSError("the disk is gone")
        await upsert(connection, table, rows_)

    monkeypatch.setattr(projection, "upsert", fail_at_the_end)
    monkeypatch.setattr(projection, "RETRY_SECONDS", 0.01)
    words = projector(bus, database)
    async with following(words):
        await words.wait_for(last)
    assert failures == [{"speakers": [], "entries": [], "totals": []}] * 2
    assert await rows(database) == await expected(bus)


async def test_a_projector_killed_at_work_goes_on_where_it_stood(
    bus: Bus, store: EventStore, database: Database, database_url: str, nats: NatsServer
) -> None:
    settings = nats.settings()
    assert settings.nats_user
    assert settings.nats_password
    told = [nats.url, settings.nats_user, settings.nats_password.get_secret_value(), database_url]
    last = 0
    for start in range(0, 900, 300):
        before = await checkpoint(database)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.projecting", *told
        )
        saying = asyncio.create_task(say(store, 300, start=start))
        try:
            await moved_beyond(database, before)
        finally:
            process.kill()
            await process.wait()
        last = max(last, await saying)
    words = projector(bus, database)
    async with following(words):
        await words.wait_for(last, timeout=20)
    assert await rows(database) == await expected(bus)


async def moved_beyond(database: Database, sequence: int) -> None:
    async def moved() -> bool:
        return await checkpoint(database) > sequence

    await eventually(moved, timeout=30)


async def test_twins_on_one_database_count_every_fact_once(
    bus: Bus, store: EventStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "BATCH", 7)
    monkeypatch.setattr(projection, "RETRY_SECONDS", 0.01)
    last = await say(store, 200)
    twins = [projector(bus, database) for _ in range(3)]
    async with following(*twins):
        last = await say(store, 400, start=200)
        for twin in twins:
            await twin.wait_for(last, timeout=20)
    assert await rows(database) == await expected(bus)
    assert await checkpoint(database) == last


async def test_waiting_for_a_sequence_that_does_not_come_ends_with_a_refusal(
    bus: Bus, store: EventStore, database: Database
) -> None:
    last = await say(store, 1)
    words = projector(bus, database)
    async with following(words):
        await words.wait_for(last)
        with pytest.raises(Unavailable):
            await words.wait_for(last + 1, timeout=0.05)


async def test_the_projector_goes_on_soon_after_the_server_came_back(
    bus: Bus, store: EventStore, database: Database, nats: NatsServer
) -> None:
    words = projector(bus, database)
    async with following(words):
        await words.wait_for(await say(store, 100))
        nats.kill()
        nats.start()
        await words.wait_for(await say(store, 100, start=100), timeout=8)
        nats.restart()
        await words.wait_for(await say(store, 100, start=200), timeout=8)
    assert await rows(database) == await expected(bus)
