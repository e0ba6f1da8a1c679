"""The gateway, with plain servers behind it that tell what reached them."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2 as httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from deploy.credentials import Credentials
from deploy.parts import PARTS, ROOT, Site, port_names
from deploy.ports import HOST, free_ports
from deploy.processes import Probe, Process
from tests.serving import Server
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

UPSTREAMS = ("intake", "moderation", "notifier", "chat", "marketplace")


class Upstream:
    """A server that answers every path with who it is and what it was sent.

    `/…/events` sends one event and holds the connection until `released`.
    """

    def __init__(self, name: str, port: int) -> None:
        self.released = threading.Event()
        self._name = name
        self._port = port
        self._app = Starlette(
            routes=[
                Route("/{path:path}/events", self._events),
                Route("/{path:path}", self._tell, methods=["GET", "POST"]),
            ]
        )

    def serving(self) -> AbstractContextManager[str]:
        return Server(self._port).serving(self._app)

    async def _tell(self, request: Request) -> Response:
        size = len(await request.body())
        told = {"upstream": self._name, "headers": dict(request.headers), "size": size}
        return JSONResponse({**told, "padding": "x" * 2000})

    async def _events(self, request: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            yield b"data: first\n\n"
            await asyncio.to_thread(self.released.wait)

        return StreamingResponse(events(), media_type="text/event-stream")


class House(NamedTuple):
    http: httpx.AsyncClient
    upstreams: dict[str, Upstream]


@asynccontextmanager
async def gateway(folder: Path, *, up: tuple[str, ...] = UPSTREAMS) -> AsyncIterator[House]:
    """The gateway as it is deployed, before upstreams of which those in `up` run."""
    home = {"HOME": str(folder / "home")}
    site = Site(folder, free_ports(port_names()), Credentials("", {}), extra=home)
    part = next(part for part in PARTS if part.name == "gateway")
    process = Process(
        part.name,
        site.command(part),
        env=site.environment(part),
        log=folder / "gateway.log",
        cwd=ROOT,
    )
    upstreams = {name: Upstream(name, site.ports[name]) for name in UPSTREAMS}
    with ExitStack() as running:
        for name in up:
            running.enter_context(upstreams[name].serving())
        process.start()
        running.callback(process.end, patience=10)
        await eventually(Probe(site.ports["gateway"], part.probe).answers)
        async with httpx.AsyncClient(base_url=site.url, timeout=30) as http:
            yield House(http, upstreams)


async def test_every_path_reaches_the_service_that_it_belongs_to(tmp_path: Path) -> None:
    paths = {
        "intake": "/ /help /help/register /complaints/new /cases/1/answer /api/v1/complaints "
        "/api/v1/evidence /api/v1/taxonomy /api/v1/product-links/resolve "
        "/api/v1/cases/1/counter-notice /sign-in /sign-in/callback /sign-out /assets/a.css "
        "/intake/readyz /mailing /centered /nowhere",
        "moderation": "/moderation /moderation/cases/1 /moderation/readyz /center /center/cases/1 "
        "/api/v1/moderation/cases /api/v1/center/complaints/1",
        "notifier": "/mail /mail/1 /api/v1/mails /api/v1/mails/1 /notifier/readyz",
        "chat": "/chat /chat/embed.js /chat/readyz /desk /desk/queue /api/v1/chats "
        "/api/v1/chats/1/messages /api/v1/chats/socket",
        "marketplace": "/marketplace /marketplace/oidc/authorize /marketplace/api/products/1",
    }
    async with gateway(tmp_path) as house:
        for upstream, listed in paths.items():
            for path in listed.split():
                answer = await house.http.get(path)
                assert (path, answer.json()["upstream"]) == (path, upstream)


async def test_services_learn_host_and_client_and_nobody_can_forge_them(tmp_path: Path) -> None:
    forged = {"Host": "complaints.example", "X-Forwarded-For": "203.0.113.9"}
    async with gateway(tmp_path) as house:
        headers = (await house.http.get("/", headers=forged)).json()["headers"]
        assert headers["host"] == "complaints.example"
        assert headers["x-forwarded-host"] == "complaints.example"
        assert headers["x-forwarded-proto"] == "http"
        assert headers["x-forwarded-for"] == HOST


async def test_answers_are_compressed_but_events_leave_at_once(tmp_path: Path) -> None:
    async with gateway(tmp_path) as house:
        page = await house.http.get("/", headers={"Accept-Encoding": "gzip"})
        assert page.headers["content-encoding"] == "gzip"
        accepting = {"Accept-Encoding": "gzip", "Accept": "text/event-stream"}
        async with house.http.stream("GET", "/center/events", headers=accepting) as stream:
            assert "content-encoding" not in stream.headers
            assert await anext(stream.aiter_bytes()) == b"data: first\n\n"
            house.upstreams["moderation"].released.set()


async def test_a_request_waits_while_its_service_starts_again(tmp_path: Path) -> None:
    async with gateway(tmp_path, up=("intake",)) as house:
        asking = asyncio.create_task(house.http.post("/api/v1/mails", content=b"kept"))
        assert (await house.http.get("/")).status_code == 200  # the others go on meanwhile
        assert not asking.done()
        with house.upstreams["notifier"].serving():
            assert (await asking).json()["size"] == 4


async def test_what_is_too_large_is_refused_with_a_sentence(tmp_path: Path) -> None:
    async with gateway(tmp_path) as house:
        # Stops sending at the limit, and reads: a client in the middle of sending may be cut off.
        base = house.http.base_url
        reader, writer = await asyncio.open_connection(base.host, base.port)
        writer.write(
            b"POST /api/v1/evidence HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n"
            b"Content-Length: 99000000\r\n\r\n"
        )
        writer.write(b"\0" * (64_000_000 + 1))
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"content-type: application/problem+json" in head.lower()
    assert b'"title": "That is too large"' in body or b'"title":"That is too large"' in body


async def test_it_keeps_nothing_in_the_home_folder(tmp_path: Path) -> None:
    async with gateway(tmp_path):
        assert not (tmp_path / "home").exists()
