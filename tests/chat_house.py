"""The chat for tests: replicas of the service in this process, on a real log and real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from contracts.codec import Message
from contracts.ids import new_id
from services.chat.app import build
from services.chat.board import chat_aggregate
from services.chat.commands import operator_aggregate
from services.chat.settings import Settings
from services.runtime.auth import Principal
from services.runtime.auth.codes import code_digits, code_key
from services.runtime.bus import Bus, ensure_streams
from services.runtime.database import Database
from services.runtime.events import EventStore
from services.runtime.migrations import upgrade
from tests.intake_house import MovedClock
from tests.servers import PASSWORD, NatsServer
from tests.serving import Server

IVAN = Principal("member", "ivan", "Иван", "ivan@example.com", "ru", frozenset({"customer"}))
LAYLA = Principal("member", "layla", "ليلى", "layla@example.com", "ar", frozenset({"customer"}))
SUSAN = Principal("staff", "susan", "Susan", "susan@example.com", "en", frozenset({"supervisor"}))


def operator(name: str, language: str = "en") -> Principal:
    return Principal(
        "staff", name, name.title(), f"{name}@example.com", language, frozenset({"operator"})
    )


PAVEL = operator("pavel")
OLGA = operator("olga")


class Socket:
    """One end of a socket that remembers every frame that came."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for text in self.connection:
            self.frames.append(json.loads(text))

    async def send(self, **frame: Any) -> None:
        await self.connection.send(json.dumps(frame))

    async def frame(
        self, kind: str, where: Callable[[dict[str, Any]], bool] = lambda _: True, wait: float = 10
    ) -> dict[str, Any]:
        """The first frame of a kind, waited for."""
        async with asyncio.timeout(wait):
            while True:
                for each in self.frames:
                    if each["t"] == kind and where(each):
                        return each
                await asyncio.sleep(0.01)

    async def event(self, kind: str, wait: float = 10) -> dict[str, Any]:
        """The first event of a type, in whatever frame it came."""
        async with asyncio.timeout(wait):
            while True:
                for each in self.events():
                    if each["type"] == kind:
                        return each
                await asyncio.sleep(0.01)

    def events(self) -> list[dict[str, Any]]:
        return [
            {"seq": frame["seq"], **event}
            for frame in self.frames
            if frame["t"] in ("history", "events")
            for event in frame["events"]
        ]

    def texts(self) -> list[str]:
        return [event["text"] for event in self.events() if event["type"] == "message"]

    async def close(self) -> None:
        await self.connection.close()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    def drop(self) -> None:
        """As a network does: no goodbye."""
        self._reading.cancel()
        self.connection.transport.abort()


class _Server(uvicorn.Server):
    """Leaves the process's signals to the tests."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


class Replica:
    """One running service."""

    def __init__(self, app: FastAPI, port: int, client: httpx.AsyncClient) -> None:
        self.app = app
        self.port = port
        self.http = client

    def headers(self, who: Principal | str | None) -> dict[str, str]:
        if who is None:
            return {}
        token = who if isinstance(who, str) else self.app.state.auth.tokens.issue(who)
        return {"Authorization": f"Bearer {token}"}

    async def call(
        self,
        method: str,
        path: str,
        who: Principal | str | None = None,
        body: Any = None,
        *,
        status: int | None = None,
        **headers: str,
    ) -> Any:
        """The JSON that `/api/v1/chats<path>` answers with; `who` may be a chat's token."""
        content = {} if body is None else {"json": body}
        answer = await self.http.request(
            method, f"/api/v1/chats{path}", headers=self.headers(who) | headers, **content
        )
        expected = (200, 201, 202, 204) if status is None else (status,)
        assert answer.status_code in expected, answer.text
        return answer.json() if answer.content else None

    async def begin(
        self,
        who: Principal | None = None,
        *,
        way: str = "operator",
        language: str = "en",
        **more: Any,
    ) -> Any:
        return await self.call("POST", "", who, {"way": way, "language": language} | more)

    async def say(self, chat_id: str, who: Principal | str | None, text: str) -> Any:
        body = {"client_id": new_id(), "text": text}
        return await self.call("POST", f"/{chat_id}/messages", who, body)

    async def say_as_staff(self, chat_id: str, who: Principal, text: str) -> Any:
        body = {"client_id": new_id(), "text": text}
        return await self.call("POST", f"/desk/chats/{chat_id}/messages", who, body)

    @asynccontextmanager
    async def socket(
        self, path: str, who: Principal | str | None = None, **query: Any
    ) -> AsyncIterator[Socket]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        async with connect(
            f"ws://127.0.0.1:{self.port}/api/v1/chats{path}?{asked}",
            additional_headers=self.headers(who),
        ) as connection:
            socket = Socket(connection)
            try:
                yield socket
            finally:
                await socket.close()

    async def on_shift(self, who: Principal, **profile: Any) -> None:
        """Begins an operator's shift, described by a supervisor where `profile` says something."""
        if profile:
            described = {"languages": ["en"], "capacity": 3} | profile
            await self.call("PUT", f"/desk/operators/{who.id}", SUSAN, described)
        await self.call("POST", "/desk/shift", who)

    async def desk(self, who: Principal) -> Any:
        return await self.call("GET", "/desk", who)

    async def offered(self, who: Principal, *, wait: float = 10) -> str:
        """The chat that the operator is offered, waited for."""
        async with asyncio.timeout(wait):
            while True:
                offers = (await self.desk(who))["offers"]
                if offers:
                    return str(offers[0]["chat_id"])
                await asyncio.sleep(0.02)

    async def accept(self, who: Principal, greeting: str = "Hello!") -> str:
        chat_id = await self.offered(who)
        await self.call("POST", f"/desk/chats/{chat_id}/accept", who, {"greeting": greeting})
        return chat_id


class House:
    """The log, and as many replicas as a test starts."""

    def __init__(self, nats: NatsServer, folder: Path, bus: Bus) -> None:
        self._nats = nats
        self._folder = folder
        self.events = EventStore(bus, source="tests")
        self.clock = MovedClock()

    def settings(self, **others: Any) -> Settings:
        told: dict[str, Any] = {
            "port": 0,
            "nats_url": self._nats.url,
            "nats_user": "chat",
            "nats_password": PASSWORD,
            "database_url": f"sqlite+aiosqlite:///{self._folder}/chat.db",
            "secret_key": "k" * 40,
        }
        return Settings(**told | others)

    async def messages(self, chat_id: str) -> tuple[Message, ...]:
        return (await self.events.read(chat_aggregate(chat_id))).messages

    async def facts(self, chat_id: str) -> list[str]:
        return [fact.type for message in await self.messages(chat_id) for fact in message.facts]

    async def operator_facts(self, who: Principal) -> list[str]:
        history = await self.events.read(operator_aggregate(who.id))
        return [fact.type for fact in history.facts]

    def digits(self, request_id: str) -> str:
        """What was mailed to a guest."""
        secret = self.settings().secret_key.get_secret_value()
        return code_digits(code_key(secret), request_id)

    def move(self, **by: float) -> None:
        self.clock.offset += timedelta(**by)

    @asynccontextmanager
    async def replica(self, **settings: Any) -> AsyncIterator[Replica]:
        listening = Server()
        told = {"public_url": listening.url} | settings
        app = build(self.settings(**told), clock=self.clock)
        config = uvicorn.Config(
            app, log_config=None, lifespan="on", ws="websockets-sansio", timeout_graceful_shutdown=1
        )
        server = _Server(config)
        listening._socket.listen(512)
        running = asyncio.create_task(server.serve(sockets=[listening._socket]))
        try:
            async with httpx.AsyncClient(base_url=listening.url, timeout=30) as client:
                while not server.started:
                    assert not running.done(), "the service did not start"
                    await asyncio.sleep(0.01)
                yield Replica(app, listening.port, client)
        finally:
            server.should_exit = True
            with suppress(asyncio.CancelledError):
                await running
            listening._socket.close()


@asynccontextmanager
async def house(nats: NatsServer, folder: Path) -> AsyncIterator[House]:
    """A log and an empty database."""
    bus = Bus(nats.settings())
    await bus.connect()
    await ensure_streams(bus, replicas=1)
    made = House(nats, folder, bus)
    database = Database(made.settings().database_url)
    await upgrade("chat", database)
    await database.close()
    try:
        yield made
    finally:
        await bus.close()
