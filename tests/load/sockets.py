"""Thousands of sockets: how long a message takes to its reader, and what a socket costs in memory.

`REDRESS_BENCH_SOCKETS` and `REDRESS_BENCH_MESSAGES` (a second) for other sizes than 5,000 and 500.
"""

import asyncio
import gc
import itertools
import json
import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import NamedTuple

import psutil
from websockets.asyncio.client import ClientConnection, connect

from contracts.ids import derived_id
from deploy.parts import ROOT
from deploy.ports import HOST, free_ports
from deploy.topology import Topology
from services.runtime.auth import Auth, Principal
from services.runtime.clock import utcnow
from tests.chat_house import operator
from tests.connected_chats import CAPACITY, begin_all
from tests.log import log_of

SOCKETS = int(os.environ.get("REDRESS_BENCH_SOCKETS", "5000"))
MESSAGES = int(os.environ.get("REDRESS_BENCH_MESSAGES", "500"))
SECONDS = 15.0
PING_SECONDS = 15.0
"""As the customer's window does."""
AT_ONCE = 100
SETTLE_SECONDS = 3.0
IDLE = 0.3
"""Share of a processor: heartbeats go on."""
LAST_SECONDS = 30.0


class Carried(NamedTuple):
    """Messages carried a second, each one's way in seconds, and kilobytes of memory a socket."""

    rate: float
    seconds: list[float]
    kilobytes: float


def allow_files() -> None:
    """As many files as the machine allows; processes that are started inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def chat(topology: Topology) -> Carried:
    """Customers and operators in conversation, from one socket to the other by way of the log."""
    env = topology.env("chat")
    chats = SOCKETS * CAPACITY // (CAPACITY + 1)
    staff = [operator(f"op-{n}") for n in range(-(-chats // CAPACITY))]
    people = {
        derived_id("bench", str(n)): (
            Principal("member", f"b-{n}", f"B {n}", "", "en", frozenset({"customer"})),
            staff[n // CAPACITY],
        )
        for n in range(chats)
    }
    async with log_of(topology) as bus:
        await begin_all(bus, people)
    auth = Auth(
        secret_key=env["REDRESS_SECRET_KEY"], public_url=env["REDRESS_PUBLIC_URL"], clock=utcnow
    )
    base = topology.address("chat").replace("http", "ws") + "/api/v1/chats"
    paths = {f"/{chat_id}/socket": member for chat_id, (member, _) in people.items()}
    paths |= {f"/desk/socket?of={person.id}": person for person in staff}
    crowd = Crowd(_when_of_event, ping='{"t":"ping"}')
    before = await _settled(topology.process("chat").pid)
    await crowd.open([(base + path, auth.tokens.issue(who)) for path, who in paths.items()])
    after = await _settled(topology.process("chat").pid)
    ids = list(people)
    chance = random.Random(6)

    def message(number: int) -> tuple[ClientConnection, str]:
        place = chance.randrange(len(ids))
        frame = {"t": "post", "id": f"m-{number}", "text": f"at {perf_counter()}"}
        if number % 2:
            return crowd.connections[place], json.dumps(frame)
        desk = crowd.connections[len(ids) + place // CAPACITY]
        return desk, json.dumps(frame | {"chat": ids[place]})

    # Either side is told: the other one's reading and the sender's own copy.
    return await crowd.speak(message, copies=2, kilobytes=(after - before) / 1024 / len(paths))


async def peer(kind: str) -> Carried:
    """The same number of sockets and messages at a server that only echoes."""
    with _peer(kind) as (port, pid):
        if kind == "socketio":
            crowd = Crowd(_when_of_socketio, hello="40")
            address = f"ws://{HOST}:{port}/socket.io/?EIO=4&transport=websocket"
        else:
            crowd = Crowd(_when_of_echo)
            address = f"ws://{HOST}:{port}/"
        while not await _listens(address):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        before = await _settled(pid)
        await crowd.open([(address, "")] * SOCKETS)
        after = await _settled(pid)
        chance = random.Random(6)

        def message(_number: int) -> tuple[ClientConnection, str]:
            said = f"at {perf_counter()}"
            text = f'42["echo","{said}"]' if kind == "socketio" else said
            return chance.choice(crowd.connections), text

        return await crowd.speak(message, copies=1, kilobytes=(after - before) / 1024 / SOCKETS)


class Crowd:
    """Many sockets of one process. `when` finds the times of sending in a frame that came."""

    def __init__(
        self, when: Callable[[str], list[float]], *, hello: str = "", ping: str = ""
    ) -> None:
        self.connections: list[ClientConnection] = []
        self._when = when
        self._hello = hello
        self._ping = ping
        self._took: list[float] = []
        self._reading: list[asyncio.Task[None]] = []

    async def open(self, addresses: list[tuple[str, str]]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(address: str, token: str) -> ClientConnection:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with gate:
                connection = await connect(
                    address,
                    additional_headers=headers,
                    compression=None,
                    ping_interval=None,
                    open_timeout=60,
                )
                if self._hello:
                    await connection.send(self._hello)
                return connection

        self.connections = list(await asyncio.gather(*(one(*each) for each in addresses)))
        self._reading = [asyncio.create_task(self._read(each)) for each in self.connections]
        if self._ping:
            self._reading.append(asyncio.create_task(self._stay()))

    async def _stay(self) -> None:
        """The heartbeat that clients owe: who is silent is thought to be gone."""
        begin, step = perf_counter(), PING_SECONDS / len(self.connections)
        for number, connection in enumerate(itertools.cycle(self.connections)):
            late = begin + number * step - perf_counter()
            if late > 0:
                await asyncio.sleep(late)
            await connection.send(self._ping)

    async def _read(self, connection: ClientConnection) -> None:
        async for text in connection:
            assert isinstance(text, str)
            if text == "2":  # Engine.IO asks whether we are there
                await connection.send("3")
            self._took += [perf_counter() - at for at in self._when(text)]

    async def speak(
        self,
        message: Callable[[int], tuple[ClientConnection, str]],
        *,
        copies: int,
        kilobytes: float,
    ) -> Carried:
        """Sends at the wanted rate whatever comes back, and waits for the last copy."""
        # Thousands of connections stay: looking through them again and again is no server's doing.
        gc.collect()
        gc.freeze()
        begin = perf_counter()
        count = int(MESSAGES * SECONDS)
        for number in range(count):
            late = begin + number / MESSAGES - perf_counter()
            if late > 0:
                await asyncio.sleep(late)
            connection, text = message(number)
            await connection.send(text)
        async with asyncio.timeout(LAST_SECONDS):
            while len(self._took) < count * copies:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        rate = count / (perf_counter() - begin)
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
        for connection in self.connections:
            connection.transport.abort()
        return Carried(rate, self._took, kilobytes)


def _when_of_event(text: str) -> list[float]:
    if not text.startswith('{"t":"events"'):
        return []
    events = json.loads(text)["events"]
    return [float(each["text"][3:]) for each in events if each["type"] == "message"]


def _when_of_echo(text: str) -> list[float]:
    return [float(text[3:])]


def _when_of_socketio(text: str) -> list[float]:
    return [float(json.loads(text[2:])[1][3:])] if text.startswith("42") else []


async def _settled(pid: int | None) -> int:
    """Bytes of memory that a process has, once it has done what the opening left to do."""
    process = psutil.Process(pid)
    used = SETTLE_SECONDS
    while used > IDLE * SETTLE_SECONDS:
        before = sum(process.cpu_times()[:2])
        await asyncio.sleep(SETTLE_SECONDS)
        used = sum(process.cpu_times()[:2]) - before
    return int(process.memory_info().rss)


async def _listens(address: str) -> bool:
    try:
        async with connect(address):
            return True
    except ConnectionRefusedError:
        return False


@contextmanager
def _peer(kind: str) -> Iterator[tuple[int, int]]:
    port = free_ports(["it"])["it"]
    command = [sys.executable, "-m", "tests.load.peers", kind, str(port)]
    running = subprocess.Popen(command, cwd=ROOT)
    try:
        yield port, running.pid
    finally:
        running.terminate()
        running.wait(10)
