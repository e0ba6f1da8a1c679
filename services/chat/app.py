"""The composition root of the chat: everything is made and wired here, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI

from contracts.streams import CHATS
from services.chat import projection
from services.chat.about import Customers
from services.chat.api import customers, sockets
from services.chat.api import desk as desk_api
from services.chat.board import Board
from services.chat.commands import Commands
from services.chat.complaining import Complaining
from services.chat.content import Content
from services.chat.desk import Desk
from services.chat.embedding import Embedding
from services.chat.eva.agent import Eva
from services.chat.eva.rephrasing import Endpoint
from services.chat.eva.sources import Sources
from services.chat.handlers import Handlers
from services.chat.hub import Hub
from services.chat.limits import Limits
from services.chat.places import Places
from services.chat.presence import Presence
from services.chat.replies import Replies
from services.chat.reports import Reports
from services.chat.router import Router
from services.chat.schedule import Schedules
from services.chat.settings import Settings
from services.chat.state import Chat
from services.chat.store import Store
from services.chat.tables import metadata
from services.chat.talking import Talking
from services.chat.translating import Translating
from services.chat.web import desk as desk_web
from services.chat.web import desk_pages, routes
from services.chat.web.desk_views import DeskViews
from services.runtime.app import assemble, create_app
from services.runtime.auth import Auth
from services.runtime.auth.codes import code_key
from services.runtime.clock import Clock, utcnow
from services.runtime.evidence import EvidenceStore
from services.runtime.marketplace import Marketplace
from services.runtime.memory import Memory
from services.runtime.tasks import end
from services.runtime.translator import translator_of
from services.runtime.web import Pages

PROJECTION = "chats"
WEB = Path(__file__).parent / "web"


def build(settings: Settings, *, clock: Clock = utcnow) -> FastAPI:
    """The chat, not yet connected to anything."""
    parts = assemble(settings, clock=clock, metadata=metadata)
    projector = parts.project(PROJECTION, CHATS, projection.VIEWS)
    auth = Auth.of(settings, clock)
    store = Store(parts.database, projector)
    schedules = Schedules.load(settings.schedules)
    evidence = EvidenceStore(parts.bus)
    remembered: Memory[Chat] = Memory()
    board = Board(parts.bus, parts.events, store, projection=PROJECTION, remembered=remembered)
    commands = Commands(
        parts.events, parts.timers, clock=clock, seen=board.version, remembered=remembered
    )
    presence = Presence(parts.bus, clock=clock)
    hub = Hub(parts.bus, parts.events)
    router = Router(board, commands, presence)
    limits = Limits(clock=clock)
    places = Places(
        board=board,
        store=store,
        presence=presence,
        hub=hub,
        commands=commands,
        schedules=schedules,
    )
    talking = Talking(
        commands=commands,
        events=parts.events,
        evidence=evidence,
        board=board,
        store=store,
        places=places,
        presence=presence,
        schedules=schedules,
        limits=limits,
        auth=auth,
        secret=code_key(settings.secret_key.get_secret_value()),
    )
    desk = Desk(commands, parts.events, board, store, presence, talking)
    sources = Sources(intake=settings.intake_url, moderation=settings.moderation_url, auth=auth)
    parts.on_stop.append(sources.close)
    marketplace = Marketplace(settings.marketplace_url)
    parts.on_stop.append(marketplace.aclose)
    reports = Reports(parts.database)
    views = DeskViews(
        desk=desk,
        board=board,
        presence=presence,
        store=store,
        customers=Customers(sources, marketplace, clock=clock),
        replies=Replies.load(),
        content=Content.load(own=settings.public_url),
        clock=clock,
        public_url=settings.public_url,
    )
    rephrasing = None
    if settings.assistant_url:
        key = settings.assistant_key
        rephrasing = Endpoint(
            settings.assistant_url,
            model=settings.assistant_model,
            key=key.get_secret_value() if key else None,
        )
        parts.on_stop.append(rephrasing.close)
    complaining = Complaining(commands, evidence, sources)
    embedding = Embedding(settings, clock=clock)
    eva = Eva(
        commands=commands,
        events=parts.events,
        board=board,
        talking=talking,
        sources=sources,
        schedules=schedules,
        rephrasing=rephrasing,
    )
    translating = None
    if settings.translator_url:
        key = settings.translator_key
        translator = translator_of(settings.translator_url, key.get_secret_value() if key else None)
        parts.on_stop.append(translator.aclose)
        translating = Translating(commands, parts.events, board, translator)
    Handlers(commands, eva, translating).register(parts.reactions, parts.timers)

    pages = Pages(
        WEB / "templates",
        static=WEB / "static",
        service="chat",
        clock=clock,
        translations=WEB.parent / "translations",
        framing=embedding.frame,
    )

    @asynccontextmanager
    async def at_work(_app: FastAPI) -> AsyncIterator[None]:
        await presence.start()
        await hub.start()
        work = (board.run(), router.run(), router.watch(), places.run())
        tasks = [asyncio.create_task(each) for each in work]
        try:
            yield
        finally:
            await end(*tasks)

    app = create_app(
        parts,
        title="Redress: chat",
        routers=[
            # Sockets first: `/desk` is no chat's id.
            sockets.router(
                talking=talking,
                desk=desk,
                hub=hub,
                board=board,
                presence=presence,
                routing=router,
                limits=limits,
                clock=clock,
            ),
            desk_api.router(
                desk,
                board,
                presence,
                store,
                evidence,
                complaining,
                reports,
                views.customers,
                views.replies,
                clock=clock,
            ),
            customers.router(
                talking, places, store, schedules, evidence, complaining, embedding, clock=clock
            ),
            routes.router(
                pages, talking, places, schedules, complaining, store, embedding, clock=clock
            ),
            desk_pages.router(pages, desk, board, presence, store, reports, schedules, clock=clock),
            desk_web.router(pages, desk, complaining, views),
            APIRouter(lifespan=at_work),
        ],
    )
    app.state.wake = router.wake
    pages.install(app)
    return app
