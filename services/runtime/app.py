"""The chassis of a service: its parts, their life, and the HTTP application around them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from faststream.nats import NatsBroker, NatsUserPassword
from faststream.specification import AsyncAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from swagger_ui_bundle import swagger_ui_path

from contracts.streams import Stream
from services.runtime import auth, http
from services.runtime.bus import Bus
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.events import EventStore
from services.runtime.openapi import document_scopes
from services.runtime.precedence import Precedence
from services.runtime.problems import Unavailable
from services.runtime.projection import Projector, View, following
from services.runtime.reactions import Reactions
from services.runtime.settings import Settings
from services.runtime.timers import Timers

log = structlog.get_logger(__name__)

VERSION = "0.1.0"


@dataclass(slots=True)
class Parts:
    """What a service is made of; `assemble` makes it, `create_app` gives it a life."""

    settings: Settings
    clock: Clock
    bus: Bus
    events: EventStore
    database: Database
    broker: NatsBroker
    precedence: Precedence
    reactions: Reactions
    timers: Timers
    metadata: sa.MetaData
    projectors: list[Projector] = field(default_factory=list)
    """Made by `project`."""
    on_start: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What a service opens itself, once the log is connected."""
    on_closing: list[Callable[[], None]] = field(default_factory=list)
    """Called when the service is to stop: ends what would be under way for ever."""
    on_stop: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What a service closes itself, when nothing is under way any more."""

    def project(
        self, name: str, stream: Stream, views: Sequence[View], *, subjects: Sequence[str] = ()
    ) -> Projector:
        """A projection of the service, which runs as long as the service does. Without `subjects`
        it follows all of the stream, so that waiting for any of its sequences ends."""
        projector = Projector(
            name,
            bus=self.bus,
            database=self.database,
            metadata=self.metadata,
            stream=stream,
            subjects=subjects or stream.subjects,
            views=views,
        )
        self.projectors.append(projector)
        return projector


def assemble(settings: Settings, *, clock: Clock, metadata: sa.MetaData) -> Parts:
    """The parts of a service, not yet connected to anything."""
    bus = Bus(settings)
    broker = NatsBroker(
        settings.nats_servers,
        name=f"{settings.service}-reactions",
        security=_security(settings),
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        ping_interval=5,
        logger=None,
        apply_types=False,  # handlers take the message as it is: nothing to inject or to convert
    )
    precedence = Precedence()
    return Parts(
        settings=settings,
        clock=clock,
        bus=bus,
        events=EventStore(bus, source=settings.service),
        database=Database(settings.database_url),
        broker=broker,
        precedence=precedence,
        reactions=Reactions(broker, bus, service=settings.service, precedence=precedence),
        timers=Timers(broker, bus, service=settings.service),
        metadata=metadata,
    )


def _security(settings: Settings) -> NatsUserPassword | None:
    if settings.nats_user is None or settings.nats_password is None:
        return None
    return NatsUserPassword(settings.nats_user, settings.nats_password.get_secret_value())


def create_app(parts: Parts, *, title: str, routers: Sequence[APIRouter]) -> http.Application:
    """The ASGI application of a service; its lifespan starts and stops the parts."""
    service = parts.settings.service
    prefix = f"/{service}"

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await parts.bus.connect()
        try:
            async with following(*parts.projectors):
                for start in parts.on_start:
                    await start()
                try:
                    await parts.reactions.start()
                    log.info("service.started")
                    yield
                finally:
                    close_open_streams(parts)
                    # New deliveries end first: what is under way can still be acknowledged.
                    await parts.reactions.stop()
        finally:
            for close in parts.on_stop:
                await close()
            await parts.bus.close()
            await parts.database.close()
            log.info("service.stopped")

    app = http.Application(
        precedence=parts.precedence,
        title=title,
        version=VERSION,
        lifespan=lifespan,
        openapi_url=f"{prefix}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.parts = parts
    document_scopes(app)
    http.install(app, parts.precedence)
    auth.install(app, auth.Auth.of(parts.settings, parts.clock))
    for router in routers:
        app.include_router(router)
    app.include_router(_operations(parts, prefix))
    app.mount(f"{prefix}/docs/ui", StaticFiles(directory=swagger_ui_path), name="swagger-ui")
    return app


def close_open_streams(parts: Parts) -> None:
    """Ends what clients keep open, so that a server which waits for its requests can stop."""
    for close in parts.on_closing:
        close()


def _operations(parts: Parts, prefix: str) -> APIRouter:
    """Health, metrics and documentation, for those who run and extend the service."""
    router = APIRouter(prefix=prefix, include_in_schema=False)
    documentation = AsyncAPI(
        parts.broker, title=f"redress {parts.settings.service}", version=VERSION
    )

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Alive: the process answers."""
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz() -> dict[str, object]:
        """Ready: the log is connected and every projection has caught up once."""
        if not parts.bus.connected:
            raise Unavailable("The log is not connected.")
        for projector in parts.projectors:
            if not projector.caught_up.is_set():
                raise Unavailable(f"The projection {projector.name} is catching up.")
        return {"status": "ready", "positions": {p.name: p.position for p in parts.projectors}}

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/asyncapi")
    async def asyncapi() -> Response:
        """What this service listens to, as an AsyncAPI document."""
        return JSONResponse(documentation.to_specification().to_jsonable())

    page = Path(__file__).with_name("docs.html").read_text()
    script = Path(__file__).with_name("docs.js").read_text()

    @router.get("/docs")
    async def docs(request: Request) -> HTMLResponse:
        """The HTTP API, to read and to try: Swagger UI, served from its package."""
        return HTMLResponse(page.replace("{{service}}", parts.settings.service))

    @router.get("/docs/start.js")
    async def start() -> Response:
        return Response(script, media_type="text/javascript")

    return router


async def connected(parts: Parts) -> None:
    """Connects what a one-off verb needs: the log. Raises Unavailable after ten seconds."""
    try:
        async with asyncio.timeout(10):
            await parts.bus.connect()
    except TimeoutError as error:
        raise Unavailable(f"No NATS server answers at {parts.settings.nats_url}.") from error
