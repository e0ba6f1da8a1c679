"""The event store on a real server: nothing lost, nothing twice, whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from contracts.codec import Fact, encode
from contracts.envelope import Aggregate
from contracts.streams import COMPLAINTS
from services.runtime.bus import Bus
from services.runtime.events import EventStore, Handled
from services.runtime.problems import Conflict, Stale, TooLarge
from tests.contract.examples import EXAMPLES
from tests.log import case, command, last_sequence, said, stored, words_of
from tests.servers import NatsServer
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def others(nats: NatsServer, count: int) -> AsyncIterator[list[EventStore]]:
    """Event stores of other processes: connections of their own."""
    buses = [Bus(nats.settings()) for _ in range(count)]
    for bus in buses:
        await bus.connect()
    try:
        yield [EventStore(bus, source="moderation") for bus in buses]
    finally:
        for bus in buses:
            await bus.close()


async def heard(store: EventStore, aggregate: Aggregate) -> list[str]:
    return words_of((await store.read(aggregate)).facts)


# --- Guard and identity


async def test_facts_of_one_command_are_read_back_as_one_message(store: EventStore) -> None:
    sequence = await store.append(case("a"), [said(1), said(2)], expected=0, meta=command("c"))
    history = await store.read(case("a"))
    assert history.version == sequence
    assert [message.facts for message in history.messages] == [(said(1), said(2))]
    assert history.messages[0].meta == command("c")


async def test_an_aggregate_without_messages_has_version_zero(store: EventStore) -> None:
    assert await store.read(case("new")) == ((), 0)


async def test_a_stale_guard_is_refused_and_nothing_is_stored(store: EventStore, bus: Bus) -> None:
    first = await store.append(case("a"), [said(1)], expected=0, meta=command("c1"))
    await store.append(case("b"), [said(1)], expected=0, meta=command("c1"))
    second = await store.append(case("a"), [said(2)], expected=first, meta=command("c2"))
    for wrong in (0, first, second - 1, second + 1, second + 1000):
        with pytest.raises(Conflict):
            await store.append(case("a"), [said(3)], expected=wrong, meta=command("c3"))
    assert await heard(store, case("a")) == ["1", "2"]
    assert await last_sequence(bus) == second
    # What was refused was not remembered as done either.
    assert await store.append(case("a"), [said(3)], expected=second, meta=command("c3")) > second


async def test_the_same_command_again_has_the_same_sequence(store: EventStore, bus: Bus) -> None:
    appended = [
        await store.append(case("a"), [said(1)], expected=0, meta=command("c")) for _ in range(3)
    ]
    assert len(set(appended)) == 1
    assert len(await stored(bus)) == 1


async def test_the_same_command_is_recognised_when_the_broker_has_forgotten_it(
    store: EventStore, bus: Bus
) -> None:
    info = await bus.api(f"STREAM.INFO.{COMPLAINTS.name}", {})
    window = {"duplicate_window": 100_000_000}
    await bus.api(f"STREAM.UPDATE.{COMPLAINTS.name}", info["config"] | window)
    first = await store.append(case("a"), [said(1)], expected=0, meta=command("c"))
    later = await store.append(case("a"), [said(2)], expected=first, meta=command("d"))

    async def forgotten() -> bool:
        """Whether a message id used after those above counts as new."""
        answer = await bus.jetstream.publish("case.00.x", b"", headers={"Nats-Msg-Id": "probe"})
        return not answer.duplicate and answer.seq > later + 1

    await eventually(forgotten)
    assert await store.append(case("a"), [said(1)], expected=0, meta=command("c")) == first
    assert await store.append(case("a"), [said(2)], expected=first, meta=command("d")) == later
    assert await heard(store, case("a")) == ["1", "2"]


async def test_the_same_command_on_several_aggregates_is_stored_on_each(
    store: EventStore, bus: Bus
) -> None:
    response = Aggregate(kind="response", id="a")
    answer = next(fact for kind, fact in EXAMPLES if kind == "response")
    await store.append(case("a"), [said(1)], expected=0, meta=command("c"))
    await store.append(case("b"), [said(1)], expected=0, meta=command("c"))
    # The accused's side of a case has the case's id, in the same stream.
    await store.append(response, [answer], expected=0, meta=command("c"))
    assert [each.subject for each in await stored(bus)] == [
        case("a").subject,
        case("b").subject,
        response.subject,
    ]


# --- Group commit


async def test_what_arrives_together_is_stored_together_each_at_its_own_sequence(
    store: EventStore, bus: Bus
) -> None:
    burst = [store.append(case(n), [said(n)], expected=0, meta=command(n)) for n in range(1200)]
    sequences = await asyncio.gather(*burst)
    log = {each.sequence: each for each in await stored(bus)}
    assert [log[sequence].words for sequence in sequences] == [(str(n),) for n in range(1200)]
    assert len(log) == 1200


async def test_two_commands_on_one_aggregate_in_one_burst_are_told_apart(
    store: EventStore,
) -> None:
    one, two, same = await asyncio.gather(
        store.append(case("a"), [said(1)], expected=0, meta=command("c1")),
        store.append(case("a"), [said(2)], expected=0, meta=command("c2")),
        store.append(case("a"), [said(1)], expected=0, meta=command("c1")),
        return_exceptions=True,
    )
    assert isinstance(two, Conflict)
    assert one == same
    assert await heard(store, case("a")) == ["1"]


async def test_one_refused_member_of_a_burst_fails_alone(store: EventStore, bus: Bus) -> None:
    first = await store.append(case("taken"), [said(0)], expected=0, meta=command("first"))
    outcomes = await asyncio.gather(
        *(store.append(case(n), [said(n)], expected=0, meta=command(n)) for n in range(50)),
        store.append(case("taken"), [said(1)], expected=0, meta=command("late")),
        # Known by its message id, which an atomic batch refuses to hold.
        store.append(case("taken"), [said(0)], expected=0, meta=command("first")),
        *(store.append(case(n), [said(n)], expected=0, meta=command(n)) for n in range(50, 99)),
        return_exceptions=True,
    )
    refused = outcomes.pop(50)
    again = outcomes.pop(50)
    assert isinstance(refused, Conflict)
    assert again == first
    assert all(isinstance(each, int) for each in outcomes)
    assert len({each.subject for each in await stored(bus)}) == 100


async def test_a_message_too_large_for_the_log_fails_alone(store: EventStore, bus: Bus) -> None:
    outcomes = await asyncio.gather(
        *(store.append(case(n), [said(n)], expected=0, meta=command(n)) for n in range(9)),
        store.append(case("x"), [said("x" * 2_000_000)], expected=0, meta=command("x")),
        return_exceptions=True,
    )
    assert isinstance(outcomes.pop(), TooLarge)
    assert all(isinstance(each, int) for each in outcomes)
    assert len(await stored(bus)) == 9


# --- Commands


Heard = tuple[str, ...]
NOTHING: Heard = ()


def once_more(name: str) -> Callable[[Heard], Sequence[Fact]]:
    """Says how many said something before, and who it is that says so."""
    return lambda heard: [said(f"{len(heard)} {name}")]


def evolve(heard: Heard, fact: Fact) -> Heard:
    return (*heard, *words_of((fact,)))


async def handle(store: EventStore, name: str, *, if_match: int | None = None) -> Handled[Heard]:
    return await store.handle(
        case("a"),
        initial=NOTHING,
        evolve=evolve,
        decide=once_more(name),
        meta=command(name),
        if_match=if_match,
    )


async def test_commands_of_many_at_once_each_take_effect_exactly_once(
    store: EventStore, nats: NatsServer
) -> None:
    names = [f"command-{n}" for n in range(50)]
    async with others(nats, 5) as stores:
        handled = await asyncio.gather(
            *(handle(stores[n % 5], name) for n, name in enumerate(names))
        )
    there = await heard(store, case("a"))
    assert [words.split()[0] for words in there] == [str(n) for n in range(50)]
    assert sorted(words.split()[1] for words in there) == sorted(names)
    for name, outcome in zip(names, handled, strict=True):
        assert outcome.state[-1].endswith(name)
        assert outcome.state == tuple(there[: len(outcome.state)])


async def test_a_command_repeated_returns_what_it_did_then_and_does_nothing(
    store: EventStore, bus: Bus
) -> None:
    first = await handle(store, "one")
    second = await handle(store, "two")
    again = await handle(store, "one")
    assert (again.facts, again.sequence) == (first.facts, first.sequence)
    assert (again.state, again.version) == (second.state, second.version)
    assert len(await stored(bus)) == 2


async def test_the_same_command_sent_twice_at_once_is_told_the_same(
    store: EventStore, nats: NatsServer, bus: Bus
) -> None:
    async with others(nats, 8) as stores:
        handled = await asyncio.gather(*(handle(each, "one") for each in stores))
    assert len(set(handled)) == 1
    assert len(await stored(bus)) == 1


async def test_a_command_on_a_version_that_has_passed_is_stale_and_told_the_present_one(
    store: EventStore,
) -> None:
    seen = await handle(store, "one")
    meanwhile = await handle(store, "two")
    with pytest.raises(Stale) as refused:
        await handle(store, "three", if_match=seen.version)
    assert refused.value.extra == {"version": meanwhile.version}
    done = await handle(store, "three", if_match=meanwhile.version)
    # Repeated with what was seen then: it has been done, so it is not stale.
    assert await handle(store, "three", if_match=meanwhile.version) == done


async def test_of_two_commands_on_the_same_version_seen_one_is_stale(
    nats: NatsServer, store: EventStore
) -> None:
    seen = await handle(store, "one")
    async with others(nats, 2) as (here, there):
        outcomes = await asyncio.gather(
            handle(here, "two", if_match=seen.version),
            handle(there, "three", if_match=seen.version),
            return_exceptions=True,
        )
    assert sorted(type(each).__name__ for each in outcomes) == ["Handled", "Stale"]
    assert len(await heard(store, case("a"))) == 2


async def test_a_command_with_nothing_to_say_appends_nothing(store: EventStore, bus: Bus) -> None:
    before = await handle(store, "one")
    handled = await store.handle(
        case("a"), initial=NOTHING, evolve=evolve, decide=lambda _: [], meta=command("idle")
    )
    assert handled == (before.state, (), before.version, before.version)
    assert len(await stored(bus)) == 1


async def test_a_refusal_goes_through_and_appends_nothing(store: EventStore, bus: Bus) -> None:
    def refuse(_: object) -> list[Fact]:
        raise Conflict("no")

    with pytest.raises(Conflict, match="no"):
        await store.handle(
            case("a"), initial=NOTHING, evolve=evolve, decide=refuse, meta=command("x")
        )
    assert await stored(bus) == []


async def test_a_long_history_is_read_whole(store: EventStore, bus: Bus) -> None:
    version = 0
    for start in range(0, 2_500, 100):
        facts = [said(n) for n in range(start, start + 100)]
        version = await store.append(case("a"), facts, expected=version, meta=command(start))
    payloads = [
        encode(source="x", subject=case("b").subject, meta=command(n), facts=(said(n),))
        for n in range(1_100)
    ]
    await asyncio.gather(*(bus.jetstream.publish(case("b").subject, each) for each in payloads))
    assert await heard(store, case("a")) == [str(n) for n in range(2_500)]
    assert sorted(await heard(store, case("b")), key=int) == [str(n) for n in range(1_100)]
    assert (await store.read(case("a"))).version == version
