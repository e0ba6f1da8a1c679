"""Reactions on a real server: at least once, later and later, and nobody held up by another."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import pairwise
from time import monotonic

import pytest

from contracts.case import CaseClosed
from contracts.codec import Message
from contracts.envelope import Contract
from contracts.streams import COMPLAINTS, DEAD_LETTERS
from services.runtime import reactions
from services.runtime.app import Parts
from services.runtime.bus import Bus
from services.runtime.dead_letters import DeadLetters
from services.runtime.events import EventStore
from services.runtime.problems import Unavailable
from services.runtime.reactions import Handler, RetryLater
from tests.hosting import hosting
from tests.log import case, command, last_sequence, said, words_of
from tests.servers import NatsServer
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same back-off, in a fraction of the time."""
    monkeypatch.setattr(reactions, "FIRST_DELAY_SECONDS", 0.02)
    monkeypatch.setattr(reactions, "LONGEST_DELAY_SECONDS", 0.2)
    monkeypatch.setattr(reactions, "TRIES", 4)


def reacting(
    nats: NatsServer,
    handler: Handler,
    *,
    workers: int = 32,
    about: type[Contract] | None = None,
) -> AbstractAsyncContextManager[Parts]:
    def register(parts: Parts) -> None:
        parts.reactions.on(
            name="hearing",
            stream=COMPLAINTS,
            subjects=["case.*.*"],
            about=about,
            workers=workers,
        )(handler)

    return hosting(nats, register)


async def say(store: EventStore, *words: str) -> None:
    await asyncio.gather(
        *(
            store.append(case(f"of-{each}"), [said(each)], expected=0, meta=command(each))
            for each in words
        )
    )


def words(message: Message) -> str:
    return words_of(message.facts)[0]


async def settled(bus: Bus) -> bool:
    """Whether every message was delivered and acknowledged. (A message that was appended a moment
    ago does not count as pending yet.)"""
    try:
        info = await bus.api(f"CONSUMER.INFO.{COMPLAINTS.name}.moderation-hearing", {}, wait=1)
    except Unavailable:
        return False
    delivered = info["delivered"]["stream_seq"] >= await last_sequence(bus)
    return bool(delivered and info["num_ack_pending"] == 0)


def is_settled(bus: Bus) -> Callable[[], object]:
    return lambda: settled(bus)


async def test_every_message_is_handled_once_and_acknowledged(
    nats: NatsServer, bus: Bus, store: EventStore
) -> None:
    heard: Counter[str] = Counter()

    async def hear(message: Message) -> None:
        heard[words(message)] += 1

    await say(store, "before")
    async with reacting(nats, hear):
        await say(store, *(f"{n}" for n in range(200)))
        await eventually(is_settled(bus))
    assert heard == Counter(["before", *(f"{n}" for n in range(200))])
    # Started again it goes on behind what it has done.
    async with reacting(nats, hear):
        await say(store, "after")
        await eventually(is_settled(bus))
    assert heard.total() == 202


async def test_a_reaction_about_one_fact_passes_over_the_others_whatever_they_say(
    nats: NatsServer, bus: Bus, store: EventStore
) -> None:
    heard: list[Message] = []

    async def hear(message: Message) -> None:
        heard.append(message)

    await say(store, "before")
    saying_it = said('{"type":"CaseClosed"}')
    await store.append(case("says-it"), [saying_it], expected=0, meta=command("says-it"))
    closed = CaseClosed(at=command("closed").time)
    await store.append(case("closed"), [said("last"), closed], expected=0, meta=command("closed"))
    async with reacting(nats, hear, about=CaseClosed):
        await eventually(is_settled(bus))
    (only,) = heard
    assert closed in only.facts


async def test_what_raised_comes_again_later_and_later(
    nats: NatsServer, bus: Bus, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "FIRST_DELAY_SECONDS", 0.05)
    monkeypatch.setattr(reactions, "LONGEST_DELAY_SECONDS", 60)
    at: list[float] = []

    async def stumble(_: Message) -> None:
        at.append(monotonic())
        if len(at) < 4:
            raise RuntimeError("not yet")

    async with reacting(nats, stumble):
        await say(store, "one")
        await eventually(is_settled(bus))
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert len(waits) == 3
    # Half of 0.1, 0.2 and 0.4 s at least.
    assert all(wait >= least for wait, least in zip(waits, (0.05, 0.1, 0.2), strict=True))
    assert await last_sequence(bus, DEAD_LETTERS) == 0


async def test_not_now_is_no_failure_however_often_it_is_said(
    nats: NatsServer, bus: Bus, store: EventStore
) -> None:
    said_so: list[float] = []

    async def later(_: Message) -> None:
        said_so.append(monotonic())
        if len(said_so) <= 10:
            raise RetryLater(0.05, "the far side is busy")

    async with reacting(nats, later):
        await say(store, "one")
        await eventually(is_settled(bus))
    assert len(said_so) == 11
    assert said_so[-1] - said_so[0] >= 10 * 0.05
    assert await last_sequence(bus, DEAD_LETTERS) == 0


async def test_an_outage_never_ends_in_the_dead_letters_nor_does_one_failure_after_it(
    nats: NatsServer, bus: Bus, store: EventStore
) -> None:
    tries: Counter[str] = Counter()

    async def wait(message: Message) -> None:
        tries[words(message)] += 1
        if tries[words(message)] <= 8:
            raise Unavailable("The catalogue is away.")
        if tries[words(message)] == 9:
            raise RuntimeError("stumbled once")

    async with reacting(nats, wait):
        await say(store, "one", "two")
        await eventually(is_settled(bus))
    assert tries == {"one": 10, "two": 10}
    assert await last_sequence(bus, DEAD_LETTERS) == 0


async def test_poison_is_laid_aside_with_its_reason_and_the_rest_goes_on(
    nats: NatsServer, bus: Bus, store: EventStore
) -> None:
    heard: set[str] = set()

    async def hear(message: Message) -> None:
        if words(message) == "poison":
            raise LookupError("never heard\nof that")
        heard.add(words(message))

    await bus.jetstream.publish("case.07.garbled", b"not even JSON")
    await say(store, "poison", *(f"{n}" for n in range(50)))
    async with reacting(nats, hear):
        await eventually(is_settled(bus))
    assert heard == {f"{n}" for n in range(50)}
    letters = [await bus.jetstream.get_msg(DEAD_LETTERS.name, seq) for seq in (1, 2)]
    assert await last_sequence(bus, DEAD_LETTERS) == 2
    garbled, poison = letters
    assert garbled.data == b"not even JSON"
    assert garbled.subject == poison.subject == "dead.moderation.hearing"
    assert poison.headers
    assert poison.headers["Redress-Reason"] == r"LookupError('never heard\nof that')"
    assert poison.headers["Redress-Subject"] == case("of-poison").subject
    assert poison.headers["Redress-Stream"] == "COMPLAINTS"
    there = await bus.jetstream.get_msg("COMPLAINTS", int(poison.headers["Redress-Sequence"]))
    assert there.data == poison.data


async def test_a_slow_one_holds_up_nobody_but_its_own_worker(
    nats: NatsServer, bus: Bus, store: EventStore
) -> None:
    heard: set[str] = set()
    released = asyncio.Event()
    at_once = most = 0

    async def hear(message: Message) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if words(message) == "slow":
            await released.wait()
        await asyncio.sleep(0)
        heard.add(words(message))
        at_once -= 1

    await say(store, "slow")
    async with reacting(nats, hear, workers=4):
        await say(store, *(f"{n}" for n in range(100)))
        await eventually(lambda: len(heard) == 100)
        released.set()
        await eventually(is_settled(bus))
    assert "slow" in heard
    assert 1 < most <= 4


async def test_several_processes_share_the_work(
    nats: NatsServer, bus: Bus, store: EventStore
) -> None:
    heard: list[tuple[str, str]] = []

    def ears(name: str) -> Handler:
        async def hear(message: Message) -> None:
            heard.append((name, words(message)))

        return hear

    async with reacting(nats, ears("left"), workers=2), reacting(nats, ears("right"), workers=2):
        await say(store, *(f"{n}" for n in range(200)))
        await eventually(is_settled(bus))
    assert sorted(word for _, word in heard) == sorted(f"{n}" for n in range(200))
    assert {name for name, _ in heard} == {"left", "right"}


async def test_what_a_dead_process_had_taken_comes_to_the_next(
    nats: NatsServer, bus: Bus, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "ACK_WAIT_SECONDS", 1.0)
    taken: list[str] = []

    async def take_and_die(message: Message) -> None:
        taken.append(words(message))
        raise asyncio.CancelledError  # as if the process had ended here: no answer of any kind

    async with reacting(nats, take_and_die):
        await say(store, "one")
        await eventually(lambda: taken)
    heard: list[str] = []

    async def hear(message: Message) -> None:
        heard.append(words(message))

    async with reacting(nats, hear):
        await eventually(is_settled(bus))
    assert heard == ["one"]


@pytest.mark.parametrize("ended", ["killed", "stopped"])
async def test_reactions_go_on_when_the_server_is_back(
    nats: NatsServer, bus: Bus, store: EventStore, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "ACK_WAIT_SECONDS", 2.0)
    heard: Counter[str] = Counter()

    async def hear(message: Message) -> None:
        heard[words(message)] += 1

    async with reacting(nats, hear):
        for round_ in range(2):
            saying = asyncio.create_task(say(store, *(f"{round_}-{n}" for n in range(100))))
            await eventually(lambda: heard)
            if ended == "killed":
                nats.kill()
            else:
                nats.stop()
            nats.start()
            await saying
            await eventually(lambda: len(heard) == 100 * (round_ + 1), timeout=20)  # noqa: B023
            await eventually(is_settled(bus), timeout=20)
    assert await last_sequence(bus) == 200
    assert await last_sequence(bus, DEAD_LETTERS) == 0


async def test_stopping_waits_for_what_is_under_way_and_acknowledges_it(
    nats: NatsServer, bus: Bus, store: EventStore
) -> None:
    begun, finished = asyncio.Event(), asyncio.Event()

    async def hear(_: Message) -> None:
        begun.set()
        await bus.client.flush()
        finished.set()

    async with reacting(nats, hear):
        await say(store, "one")
        await begun.wait()
    assert finished.is_set()
    await eventually(is_settled(bus))  # by that acknowledgement: nobody is there any more


async def test_what_takes_longer_than_the_server_waits_is_handled_by_nobody_else(
    nats: NatsServer, bus: Bus, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "ACK_WAIT_SECONDS", 0.6)
    heard: Counter[str] = Counter()

    async def hear(message: Message) -> None:
        heard[words(message)] += 1
        await asyncio.sleep(1.0)  # what a slow SMTP server takes

    await say(store, "one", "two", "three")
    async with reacting(nats, hear, workers=1), reacting(nats, hear, workers=1):
        await eventually(is_settled(bus))
    assert heard == {"one": 1, "two": 1, "three": 1}


async def test_a_dead_letter_is_listed_and_handled_once_it_is_mended(
    nats: NatsServer, bus: Bus, store: EventStore
) -> None:
    heard: list[str] = []
    mended = False

    async def hear(message: Message) -> None:
        if words(message).startswith("poison") and not mended:
            raise LookupError("never heard of that")
        heard.append(words(message))

    async with reacting(nats, hear) as service:
        letters = DeadLetters(service.bus, service.reactions, service="moderation")
        assert [each async for each in letters.all()] == []
        await say(store, "poison-one", "fine", "poison-two")
        await eventually(is_settled(bus))
        found = [each async for each in letters.all()]
        assert {each.subject for each in found} == {
            case("of-poison-one").subject,
            case("of-poison-two").subject,
        }
        assert all(each.reaction == "hearing" for each in found)
        assert all("never heard" in each.reason for each in found)
        assert "never heard" in (await letters.redrive(found[0]) or "")
        mended = True
        assert [await letters.redrive(each) for each in found] == [None, None]
        assert [each async for each in letters.all()] == []
    assert sorted(heard) == ["fine", "poison-one", "poison-two"]


async def test_who_stops_while_the_log_is_away_leaves_nothing_behind(
    nats: NatsServer, bus: Bus
) -> None:
    async def hear(message: Message) -> None: ...

    await bus.close()  # which made the streams
    before = asyncio.all_tasks()
    async with reacting(nats, hear) as service:
        nats.kill()
        await eventually(lambda: not service.bus.connected)
    await eventually(lambda: asyncio.all_tasks() <= before)
