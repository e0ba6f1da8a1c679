"""What cannot be folded is parked, everything else goes on, and it is folded once mended."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from contracts import codec
from contracts.codec import encode
from services.runtime.bus import Bus
from services.runtime.database import Database
from services.runtime.events import EventStore
from services.runtime.projection import Projector, following
from tests.log import case, command, said
from tests.projecting import (
    POISON,
    UNSAYABLE,
    Folds,
    expected,
    parked_sequences,
    projector,
    rows,
    said_in_turn,
)

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def folded(
    bus: Bus, database: Database, *, until: int, folds: Folds | None = None
) -> AsyncIterator[Projector]:
    words = projector(bus, database, folds)
    async with following(words):
        await words.wait_for(until)
        yield words


@pytest.mark.parametrize("poison", [POISON, UNSAYABLE])
async def test_what_cannot_be_folded_is_parked_with_what_follows_it_and_others_go_on(
    bus: Bus, store: EventStore, database: Database, poison: str
) -> None:
    folds = Folds()
    await said_in_turn(store, "good", "one")
    last = await said_in_turn(store, "bad", "fine", poison, "later")
    async with folded(bus, database, until=last, folds=folds) as words:
        last = await store.append(case("good"), [said("two")], expected=1, meta=command("two"))
        await words.wait_for(last)
        found = await rows(database)
        assert {row["id"]: row["said"] for row in found["speakers"]} == {
            case("bad").subject: 1,
            case("good").subject: 2,
        }
        assert found["totals"] == [{"name": "all", "said": 3, "letters": 10}]
        assert await parked_sequences(database) == [3, 4]

        assert await words.redrive() == 0
        folds.cured = True
        assert await words.redrive() == 2
        assert await parked_sequences(database) == []
        last = await store.append(case("bad"), [said("again")], expected=4, meta=command("again"))
        await words.wait_for(last)
    found, wanted = await rows(database), await expected(bus)
    assert found == wanted


async def test_an_operator_redrives_beside_the_service_which_takes_notice(
    bus: Bus, store: EventStore, database: Database
) -> None:
    await said_in_turn(store, "good", "one")  # a row kept in mind, which the redrive changes
    last = await said_in_turn(store, "bad", POISON, "later")
    async with folded(bus, database, until=last) as words:
        mended = Folds()
        mended.cured = True
        assert await projector(bus, database, mended).redrive() == 2
        last = await store.append(case("bad"), [said("x")], expected=last, meta=command("x"))
        await words.wait_for(last)
    assert await parked_sequences(database) == []
    assert await rows(database) == await expected(bus)


async def test_redriving_one_aggregate_does_not_wait_for_another_still_broken(
    bus: Bus, store: EventStore, database: Database
) -> None:
    await bus.jetstream.publish(case("broken").subject, b"not even JSON")
    last = await said_in_turn(store, "bad", POISON, "later")
    folds = Folds()
    async with folded(bus, database, until=last, folds=folds) as words:
        assert await parked_sequences(database) == [1, 2, 3]
        folds.cured = True
        assert await words.redrive() == 2
    assert await parked_sequences(database) == [1]


async def test_an_unreadable_version_is_parked_until_there_is_an_upcaster(
    bus: Bus, store: EventStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = json.loads(
        encode(source="x", subject=case("a").subject, meta=command("c"), facts=(said("old"),))
    )
    document["data"][0] |= {"version": 0}
    await bus.jetstream.publish(case("a").subject, json.dumps(document).encode())
    last = await store.append(case("a"), [said("new")], expected=1, meta=command("d"))
    async with folded(bus, database, until=last) as words:
        assert await parked_sequences(database) == [1, 2]
        monkeypatch.setitem(
            codec.UPCASTERS, ("CaseReleased", 0), lambda fact: {**fact, "version": 1}
        )
        assert await words.redrive() == 2
    assert await rows(database) == await expected(bus)


async def test_what_the_database_refuses_is_parked_too(
    bus: Bus, store: EventStore, database: Database
) -> None:
    """PostgreSQL has no NUL in its texts; services refuse it, but the log could hold one."""
    await said_in_turn(store, "good", "one")
    await said_in_turn(store, "nul", "a\0b")
    last = await said_in_turn(store, "other", "two")
    async with folded(bus, database, until=last):
        pass
    assert await parked_sequences(database) == ([2] if database.dialect == "postgresql" else [])
    assert (await rows(database))["totals"][0]["said"] == (
        2 if database.dialect == "postgresql" else 3
    )
