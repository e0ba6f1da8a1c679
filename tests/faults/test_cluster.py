"""The log on three servers: one of them may die at any moment, and nothing is lost or doubled."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from contracts.streams import COMPLAINTS
from deploy.broker import Cluster
from deploy.ports import HOST, free_ports
from services.runtime.bus import Bus, ensure_streams
from services.runtime.events import EventStore
from services.runtime.feed import FeedBroken
from services.runtime.problems import Unavailable
from tests.log import Stored, case, command, said, stored
from tests.servers import NatsServer
from tests.waiting import eventually, found

pytestmark = pytest.mark.anyio

NAMES = ("nats-1", "nats-2", "nats-3")
WRITERS = 8
EACH = 40


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[dict[str, NatsServer]]:
    ports = free_ports(NAMES)
    routes = [f"{HOST}:{port}" for port in ports.values()]
    started = {
        name: NatsServer(tmp_path / name, cluster=Cluster(name, f"{HOST}:{port}", routes))
        for name, port in ports.items()
    }
    for server in started.values():
        server.launch()
    yield started
    for server in started.values():
        server.stop()


@pytest.fixture
async def bus(servers: dict[str, NatsServer]) -> AsyncIterator[Bus]:
    urls = ",".join(server.url for server in servers.values())
    bus = Bus(servers["nats-1"].settings(nats_url=urls))
    await bus.connect()
    await eventually(lambda: declared(bus), timeout=30)
    yield bus
    await bus.close()


async def declared(bus: Bus) -> bool:
    """Whether the cluster has found its leader, and took the streams with three copies each."""
    try:
        await ensure_streams(bus, replicas=3)
    except Exception:
        return False
    return True


async def read_through(bus: Bus) -> list[Stored]:
    """The whole log. While a cluster finds its feet again, reading may be interrupted."""

    async def look() -> list[Stored] | None:
        try:
            return await stored(bus)
        except FeedBroken:
            return None

    return await found(look, timeout=30)


async def leader(bus: Bus) -> str:
    info = await bus.api(f"STREAM.INFO.{COMPLAINTS.name}", {})
    assert info["config"]["num_replicas"] == 3
    return str(info["cluster"]["leader"])


async def test_the_leader_is_killed_and_each_acknowledged_command_is_in_the_log_once(
    servers: dict[str, NatsServer], bus: Bus
) -> None:
    store = EventStore(bus, source="tests")
    acknowledged: dict[int, tuple[str, str]] = {}

    async def write(writer: int) -> None:
        """One aggregate's commands, each decided on the version before."""
        version = 0
        for number in range(EACH):
            words = f"{writer}.{number}"
            version = await store.append(
                case(writer), [said(words)], expected=version, meta=command(words)
            )
            acknowledged[version] = (case(writer).subject, words)

    writing = asyncio.gather(*(write(number) for number in range(WRITERS)))
    await eventually(lambda: len(acknowledged) >= WRITERS * EACH // 4, timeout=60)
    killed = await leader(bus)
    servers[killed].kill()
    await writing
    assert await leader(bus) != killed

    log = await read_through(bus)
    assert {each.sequence: (each.subject, *each.words) for each in log} == acknowledged
    assert len(log) == WRITERS * EACH


async def test_without_a_majority_it_is_said_so_and_afterwards_the_same_command_goes_in(
    servers: dict[str, NatsServer], bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.runtime.events.PATIENCE_SECONDS", 3.0)
    store = EventStore(bus, source="tests")
    first = await store.append(case("a"), [said(1)], expected=0, meta=command("c1"))
    alive = str(bus.client.connected_url.port) if bus.client.connected_url else ""
    others = [server for server in servers.values() if not server.url.endswith(alive)]
    for server in others:
        server.kill()
    with pytest.raises(Unavailable):
        await store.append(case("a"), [said(2)], expected=first, meta=command("c2"))
    for server in others:
        server.launch()
    monkeypatch.undo()
    second = await store.append(case("a"), [said(2)], expected=first, meta=command("c2"))
    assert [each.words for each in await read_through(bus)] == [("1",), ("2",)]
    assert second > first
