"""A reconnect storm: every socket dropped at once while both sides talk, a gateway replica killed,
a phone that sleeps ten minutes. Every message is seen once and in order, by both sides.

`REDRESS_FAULT_SOCKETS=2000` for the full number; the routine run has fewer.
"""

import asyncio
import json
import os
import random
import resource
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from contracts.ids import derived_id
from deploy.parts import ROOT
from deploy.ports import HOST, free_ports
from deploy.processes import Process
from deploy.topology import Topology
from services.runtime.auth import Auth, Principal
from services.runtime.clock import utcnow
from tests.chat_house import operator
from tests.connected_chats import CAPACITY, begin_all
from tests.log import log_of
from tests.waiting import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

SOCKETS = int(os.environ.get("REDRESS_FAULT_SOCKETS", "100"))
CHATS = SOCKETS * CAPACITY // (CAPACITY + 1)
SENTENCES = 2
"""Of each side, before the storm and again in it."""
PATIENCE = 20 + SOCKETS / 10


@dataclass
class Side:
    """One end: keeps what it has seen, comes back after every cut where it left off, and sends
    what is not acknowledged again."""

    url: str
    token: str
    others: tuple[str, ...]
    seen: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    after: int = 0
    unsent: dict[str, dict[str, str]] = field(default_factory=dict)
    connection: ClientConnection | None = None
    cuts: int = 0
    tries: int = 0
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    async def live(self) -> None:
        while True:
            await self.awake.wait()
            base = self.others[self.tries % len(self.others)]
            self.tries += 1
            try:
                async with connect(
                    f"{base}{self.url}?after={self.after}",
                    additional_headers={"Authorization": f"Bearer {self.token}"},
                    compression=None,
                    open_timeout=30,
                    ping_interval=None,
                ) as connection:
                    self.connection = connection
                    await self._converse(connection)
            except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, InvalidMessage):
                self.cuts += 1
            self.connection = None
            await asyncio.sleep(random.uniform(0, 0.5))

    async def _converse(self, connection: ClientConnection) -> None:
        sending = asyncio.create_task(self._send(connection))
        try:
            async for text in connection:
                self._take(json.loads(text))
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, connection: ClientConnection) -> None:
        while True:
            for frame in list(self.unsent.values()):
                await connection.send(json.dumps({"t": "post", **frame}))
            await asyncio.sleep(2)
            await connection.send('{"t":"ping"}')

    def _take(self, frame: dict[str, object]) -> None:
        match frame["t"]:
            case "ack":
                self.unsent.pop(str(frame["id"]), None)
            case "history" | "events":
                chat = str(frame["chat"])
                known = self.seen.setdefault(chat, [])
                last = known[-1][0] if known else 0
                for event in frame["events"]:  # type: ignore[attr-defined]
                    sequence = event.get("seq", frame["seq"])
                    # A staff socket reads each chat anew: what it has already is passed over.
                    if event["type"] == "message" and sequence > last:
                        known.append((sequence, event["text"]))
                if "/desk/" not in self.url and isinstance(frame["seq"], int):
                    self.after = max(self.after, frame["seq"])

    def say(self, chat: str, name: str, text: str) -> None:
        self.unsent[name] = {"id": name, "chat": chat, "text": text}


def texts(side: Side, chat: str) -> list[str]:
    return [text for _, text in side.seen.get(chat, [])]


@pytest.fixture
def many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SOCKETS * 4 + 2000
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


async def heard(pairs: dict[str, tuple[Side, Side]], wanted: dict[str, list[str]]) -> None:
    """Returns when both sides of every chat have seen as much as was said."""
    for chat, sides in pairs.items():
        for side in sides:
            await eventually(partial(_has_all, side, chat, wanted), timeout=PATIENCE)


def _has_all(side: Side, chat: str, wanted: dict[str, list[str]]) -> bool:
    return len(texts(side, chat)) >= len(wanted[chat]) and not side.unsent


async def test_a_storm_of_reconnects_loses_doubles_and_reorders_nothing(
    tmp_path: Path, many_files: None
) -> None:
    with Topology(tmp_path, only=["streams", "chat"]) as topology:
        env = topology.env("chat")
        port = free_ports(["twin"])["twin"]
        twin = Process(
            "chat-2",
            topology.process("chat").command,
            env={**env, "REDRESS_PORT": str(port)},
            log=tmp_path / "logs" / "chat-2.log",
            cwd=ROOT,
        )
        staff = [operator(f"op-{n}") for n in range(-(-CHATS // CAPACITY))]
        members = [
            Principal("member", f"buyer-{n}", f"Buyer {n}", "", "en", frozenset({"customer"}))
            for n in range(CHATS)
        ]
        people = {
            derived_id("chat", str(n)): (member, staff[n // CAPACITY])
            for n, member in enumerate(members)
        }
        async with log_of(topology) as bus:
            await begin_all(bus, people)
        twin.start()
        auth = Auth(
            secret_key=env["REDRESS_SECRET_KEY"],
            public_url=env["REDRESS_PUBLIC_URL"],
            clock=utcnow,
        )
        gateways = (
            topology.address("chat").replace("http", "ws"),
            f"ws://{HOST}:{port}",
        )

        def side(who: Principal, path: str, first: int) -> Side:
            order = gateways if first % 2 else gateways[::-1]
            return Side(f"/api/v1/chats{path}", auth.tokens.issue(who), order)

        desks = {each.id: side(each, "/desk/socket", n) for n, each in enumerate(staff)}
        pairs = {
            chat: (side(member, f"/{chat}/socket", n), desks[person.id])
            for n, (chat, (member, person)) in enumerate(people.items())
        }
        ends = [*desks.values(), *(customer for customer, _ in pairs.values())]
        phone = next(iter(pairs.values()))[0]
        said: dict[str, list[str]] = {chat: [] for chat in pairs}

        def talk(word: str) -> None:
            for chat, (customer, desk) in pairs.items():
                for number in range(SENTENCES):
                    for name, speaker in (("customer", customer), ("operator", desk)):
                        if not speaker.awake.is_set():
                            continue
                        text = f"{name} {word} {number}"
                        speaker.say(chat, f"{chat[:12]}-{name}-{word}-{number}", text)
                        said[chat].append(text)

        for each in ends:
            each.awake.set()
        running = [asyncio.create_task(each.live()) for each in ends]
        try:
            talk("before")
            await heard(pairs, said)
            phone.awake.clear()
            if phone.connection:
                phone.connection.transport.abort()
            talk("storm")
            for each in ends:  # no goodbye: as a network does it
                if each.connection:
                    each.connection.transport.abort()
            await asyncio.sleep(0.3)
            twin.kill()
            twin.start()
            others = {chat: two for chat, two in pairs.items() if two[0] is not phone}
            await heard(others, said)
            slept = next(iter(pairs))
            # Ten minutes of sleep are a cut without a heartbeat: all that matters is where it left.
            phone.awake.set()
            await heard({slept: pairs[slept]}, said)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            twin.end(patience=10)
    assert min(each.cuts for each in ends) >= 1
    for chat, (customer, desk) in pairs.items():
        assert customer.seen[chat] == desk.seen[chat], "both sides see the same, in the same order"
        assert sorted(texts(customer, chat)) == sorted(said[chat]), "each once"
