"""kill -9 of both replicas of the chat and of the log, in the middle of conversations.

`REDRESS_FAULT_CHATS=200` for the full number; the routine run has fewer.
"""

import asyncio
import itertools
import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from contracts.chat import MessagePosted
from contracts.codec import Fact, decode
from contracts.operator import SlotFreed, SlotReserved
from contracts.streams import CHATS
from deploy.parts import ROOT
from deploy.ports import HOST, free_ports
from deploy.processes import Process
from deploy.topology import Topology
from services.chat import operators
from services.runtime.auth import Auth, Principal
from services.runtime.clock import utcnow
from services.runtime.feed import Feed
from tests.chat_house import SUSAN, operator
from tests.log import log_of

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

CONVERSATIONS = int(os.environ.get("REDRESS_FAULT_CHATS", "16"))
SENTENCES = 5
OPERATORS = max(3, CONVERSATIONS // 20)
CAPACITY = 5
KILLS = 3 if CONVERSATIONS < 100 else 9
PATIENCE = 180.0


@dataclass
class Client:
    """Speaks to whichever replica answers, until it is heard."""

    http: httpx.AsyncClient
    auth: Auth
    urls: tuple[str, ...]
    troubles: int = 0
    _turn: Any = field(default_factory=itertools.count)

    async def call(
        self, method: str, path: str, who: Principal, body: Any = None, *, refused: bool = False
    ) -> Any:
        """`refused`: a refusal is an answer too (None)."""
        headers = {"Authorization": f"Bearer {self.auth.tokens.issue(who)}"}
        if method == "POST" and not path:
            headers["Idempotency-Key"] = f"chat-of-{who.id}"
        while True:
            url = self.urls[next(self._turn) % len(self.urls)]
            try:
                answer = await self.http.request(
                    method, f"{url}/api/v1/chats{path}", headers=headers, json=body
                )
            # AttributeError: anyio's, of a connection that was cut while it was made.
            except (httpx.TransportError, AttributeError):
                self.troubles += 1
                await asyncio.sleep(0.1)
                continue
            if answer.status_code in (429, 502, 503):
                self.troubles += 1
                await asyncio.sleep(0.2)
                continue
            if answer.status_code >= 400:
                assert refused, answer.text
                return None
            return answer.json() if answer.content else {}


async def converse(client: Client, member: Principal, acknowledged: dict[str, list[str]]) -> None:
    begun = await client.call("POST", "", member, {"way": "operator", "language": "en"})
    chat_id = begun["chat_id"]
    told = acknowledged.setdefault(chat_id, [])
    for number in range(SENTENCES):
        text = f"{member.id} says {number}"
        await client.call(
            "POST", f"/{chat_id}/messages", member, {"client_id": f"m-{number}", "text": text}
        )
        told.append(text)
    while True:  # somebody must have answered
        chat = await client.call("GET", f"/{chat_id}", member)
        if any(each.get("role") == "operator" for each in chat["events"]):
            break
        await asyncio.sleep(0.3)
    await client.call("POST", f"/{chat_id}/end", member)


async def work(client: Client, person: Principal) -> None:
    answered: set[str] = set()
    while True:
        await client.call("POST", "/desk/heartbeat", person)
        desk = await client.call("GET", "/desk", person)
        if desk["operator"]["away"]:
            await client.call("POST", "/desk/shift", person)
        for offer in desk["offers"]:
            path = f"/desk/chats/{offer['chat_id']}/accept"
            await client.call("POST", path, person, {"greeting": "Hello"}, refused=True)
        for chat in desk["chats"]:
            path = f"/desk/chats/{chat['chat_id']}"
            if chat["phase"] == "connected" and chat["chat_id"] not in answered:
                said = {"client_id": "o-1", "text": f"{person.id} answers"}
                if await client.call("POST", f"{path}/messages", person, said, refused=True):
                    answered.add(chat["chat_id"])
            if chat["phase"] == "wrap_up":
                await client.call("POST", f"{path}/wrap-up", person, {"code": "x"}, refused=True)
        await asyncio.sleep(0.2)


async def test_no_message_is_lost_or_doubled_and_every_chat_goes_on(tmp_path: Path) -> None:
    chance = random.Random(6)
    with Topology(tmp_path, only=["chat"]) as topology:
        port = free_ports(["twin"])["twin"]
        twin = Process(
            "chat-2",
            topology.process("chat").command,
            env={**topology.env("chat"), "REDRESS_PORT": str(port)},
            log=tmp_path / "logs" / "chat-2.log",
            cwd=ROOT,
        )
        twin.start()
        env = topology.env("chat")
        auth = Auth(
            secret_key=env["REDRESS_SECRET_KEY"],
            public_url=env["REDRESS_PUBLIC_URL"],
            clock=utcnow,
        )
        people = [operator(f"op-{number}") for number in range(OPERATORS)]
        members = [Principal("member", f"buyer-{number}") for number in range(CONVERSATIONS)]
        acknowledged: dict[str, list[str]] = {}

        async def kill() -> None:
            for name in ("chat", "twin", "nats") * (KILLS // 3):
                await asyncio.sleep(chance.uniform(1.0, 2.0))
                if name == "twin":
                    twin.kill()
                    twin.start()
                else:
                    await asyncio.to_thread(topology.kill, name)
                    await asyncio.to_thread(topology.restart, name)

        try:
            async with httpx.AsyncClient(timeout=30) as http:
                client = Client(http, auth, (topology.address("chat"), f"http://{HOST}:{port}"))
                for person in people:
                    described = {"languages": ["en"], "capacity": CAPACITY}
                    path = f"/desk/operators/{person.id}"
                    await client.call("PUT", path, SUSAN, described)
                    await client.call("POST", "/desk/shift", person)
                busy = [asyncio.create_task(work(client, person)) for person in people]
                killing = asyncio.create_task(kill())
                async with asyncio.timeout(PATIENCE):
                    await asyncio.gather(
                        *(converse(client, each, acknowledged) for each in members)
                    )
                await killing
                for task in busy:
                    task.cancel()
                await asyncio.gather(*busy, return_exceptions=True)
                assert client.troubles > 0
            stored = await everything(topology)
        finally:
            twin.end(patience=10)
    assert len(acknowledged) == CONVERSATIONS
    for chat_id, said in acknowledged.items():
        texts = [
            fact.text
            for fact in stored[f"chat {chat_id}"]
            if isinstance(fact, MessagePosted) and fact.role == "customer"
        ]
        assert texts == said
        answers = [
            fact.message_id
            for fact in stored[f"chat {chat_id}"]
            if isinstance(fact, MessagePosted) and fact.role == "operator"
        ]
        assert len(answers) == len(set(answers)) >= 1
    for person in people:
        state, held = operators.NEW_OPERATOR, set()
        for fact in stored[f"operator {person.id}"]:
            state = operators.evolve(state, fact)  # type: ignore[arg-type]
            match fact:
                case SlotReserved():
                    held.add(fact.chat_id)
                case SlotFreed():
                    held.discard(fact.chat_id)
            assert len(held) <= CAPACITY


async def everything(topology: Topology) -> dict[str, list[Fact]]:
    """The facts of every chat and operator, in order."""
    found: dict[str, list[Fact]] = {}
    async with (
        log_of(topology) as bus,
        Feed(bus, CHATS.name, CHATS.subjects, after=0, batch=500) as feed,
    ):
        while feed.pending != 0:
            for sequence, _, data in await feed.next():
                message = decode(data, sequence=sequence)
                kind, _, identifier = message.subject.split(".", 2)
                found.setdefault(f"{kind} {identifier}", []).extend(message.facts)
    return found
