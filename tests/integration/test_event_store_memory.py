"""Commands on what is remembered: as right as those on the log, without reading it."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import pytest

from contracts.codec import Fact
from contracts.envelope import Aggregate
from services.runtime.bus import Bus
from services.runtime.events import EventStore, Handled, History
from services.runtime.memory import Known, Memory
from services.runtime.problems import Conflict, Stale
from tests.log import case, command, said, stored, words_of
from tests.servers import NatsServer

pytestmark = pytest.mark.anyio

Heard = tuple[str, ...]


class Process(EventStore):
    """An event store with its memory, that counts how often the log is read."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, source="moderation")
        self.memory: Memory[Heard] = Memory()
        self.reads = 0

    async def read(self, aggregate: Aggregate, *, after: int = 0) -> History:
        self.reads += 1
        return await super().read(aggregate, after=after)

    async def do(
        self,
        name: str,
        *,
        seen: int = 0,
        if_match: int | None = None,
        presumed_new: bool = False,
        most: int = 1000,
    ) -> Handled[Heard]:
        """Says how many said something before, and who it is; refuses after `most`."""

        def decide(heard: Heard) -> Sequence[Fact]:
            if len(heard) >= most:
                raise Conflict("enough was said")
            return [] if name == "silence" else [said(f"{len(heard)} {name}")]

        return await self.handle(
            case("a"),
            initial=(),
            evolve=lambda heard, fact: (*heard, *words_of((fact,))),
            decide=decide,
            meta=command(name),
            memory=self.memory,
            seen=seen,
            if_match=if_match,
            presumed_new=presumed_new,
        )


@pytest.fixture
async def processes(nats: NatsServer, bus: Bus) -> AsyncIterator[list[Process]]:
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(3):
            own = Bus(nats.settings())
            await own.connect()
            stack.push_async_callback(own.close)
            made.append(Process(own))
        yield made


async def test_a_command_on_a_long_history_costs_one_append(processes: list[Process]) -> None:
    one = processes[0]
    for number in range(30):
        handled = await one.do(f"command-{number}")
    assert one.reads == 1
    assert handled.state[-1] == "29 command-29"


async def test_what_others_wrote_meanwhile_is_found_out_by_the_guard(
    processes: list[Process],
) -> None:
    names = [f"command-{number}" for number in range(60)]
    await asyncio.gather(*(processes[n % 3].do(name) for n, name in enumerate(names)))
    there = words_of((await processes[0].read(case("a"))).facts)
    assert [words.split()[0] for words in there] == [str(n) for n in range(60)]
    assert sorted(words.split()[1] for words in there) == sorted(names)


async def test_a_command_is_done_once_whichever_process_is_asked_again(
    processes: list[Process], bus: Bus
) -> None:
    one, other, _ = processes
    first = await one.do("one")
    await other.do("two")
    assert (await other.do("one")).sequence == first.sequence
    again = await one.do("one")
    assert (again.facts, again.sequence) == (first.facts, first.sequence)
    assert len(again.state) == 2
    assert len(await stored(bus)) == 2


async def test_nothing_is_refused_or_left_out_because_of_what_was_remembered(
    processes: list[Process],
) -> None:
    one, other, _ = processes
    await one.do("one")
    latest = await other.do("two")
    assert await one.do("silence") == (latest.state, (), latest.version, latest.version)
    await other.do("three")
    with pytest.raises(Conflict, match="enough"):
        await one.do("four", most=3)
    with pytest.raises(Stale):
        await one.do("five", if_match=latest.version)


async def test_a_version_that_was_heard_of_is_read_before_it_is_decided_on(
    processes: list[Process],
) -> None:
    one, other, _ = processes
    await one.do("one")
    latest = await other.do("two")
    handled = await one.do("three", seen=latest.version)
    assert handled.state == ("0 one", "1 two", "2 three")
    assert one.reads == 2


async def test_who_saw_the_version_that_is_remembered_is_believed_until_the_guard_tells(
    processes: list[Process],
) -> None:
    one, other, _ = processes
    first = await one.do("one")
    second = await one.do("two", if_match=first.version)
    assert one.reads == 1
    await other.do("three")
    with pytest.raises(Stale):
        await one.do("four", if_match=second.version)


async def test_what_is_presumed_new_is_not_read_unless_the_guard_knows_better(
    processes: list[Process],
) -> None:
    one, other, _ = processes
    assert (await one.do("one", presumed_new=True)).state == ("0 one",)
    assert one.reads == 0
    assert (await other.do("two", presumed_new=True)).state == ("0 one", "1 two")
    with pytest.raises(Conflict, match="enough"):
        await processes[2].do("three", presumed_new=True, most=2)


def test_what_was_used_least_lately_is_forgotten_first() -> None:
    memory: Memory[str] = Memory(size=2)
    for name in "abc":
        memory.put(name, Known(name, 1, array("q")))
        memory.get("a")
    assert memory.get("b") is None
    assert [each.state for each in map(memory.get, "ac") if each] == ["a", "c"]
