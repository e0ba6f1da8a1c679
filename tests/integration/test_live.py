"""Open pages hear of changes: over a real log, a real database and a real HTTP server."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager

import httpx2 as httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from services.runtime import http
from services.runtime.bus import Bus
from services.runtime.database import Database
from services.runtime.events import EventStore
from services.runtime.live import Change, Live
from services.runtime.precedence import Precedence
from services.runtime.projection import Projector, following
from tests.log import case, command, said
from tests.projecting import projector
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


class Page:
    """An open page: what it was told, as it comes."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self, seconds: float = 10) -> dict[str, str]:
        """The next event, or the next comment as `{"": …}`."""
        event: dict[str, str] = {}
        async with asyncio.timeout(seconds):
            async for line in self._lines:
                if not line:
                    if event and "retry" not in event:
                        return event
                    event = {}
                else:
                    name, _, value = line.partition(":")
                    event[name] = value.strip()
        raise EOFError("the stream ended")


class Site:
    """A service with one page, and browsers that open it."""

    def __init__(self, live: Live, words: Projector, url: str) -> None:
        self.live = live
        self.words = words
        self.url = url

    @asynccontextmanager
    async def opened(
        self, *topics: str, after: int | str | None = None, last: int | str | None = None
    ) -> AsyncIterator[Page]:
        headers = {} if last is None else {"last-event-id": str(last)}
        since = self.words.position if after is None else after
        async with (
            httpx.AsyncClient(base_url=self.url, timeout=20) as client,
            client.stream(
                "GET",
                "/live",
                params=[*(("topic", topic) for topic in topics), ("after", since)],
                headers=headers,
            ) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield Page(answer.aiter_lines())


async def audiences(changes: Collection[Change], _wanted: Collection[str]) -> Iterable[str]:
    """Everything with an even number belongs to Eve."""
    return ["of:eve"] if any(int(change.id) % 2 == 0 for change in changes) else []


@asynccontextmanager
async def serving(words: Projector, *more: Projector, **options: float) -> AsyncIterator[Site]:
    live = Live(words, *more, audiences=audiences, every=0.01, **options)  # type: ignore[arg-type]
    app = FastAPI()
    http.install(app, Precedence())

    @app.get("/live")
    async def stream(request: Request) -> Response:
        return live.stream(request, request.query_params.getlist("topic"), reader="somebody")

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    running = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Site(live, words, f"http://127.0.0.1:{port}")
    finally:
        live.close()
        server.should_exit = True
        async with asyncio.timeout(5):  # no stream keeps the server from stopping
            await running


@pytest.fixture
async def site(bus: Bus, database: Database) -> AsyncIterator[Site]:
    words = projector(bus, database)
    async with following(words), serving(words) as running:
        await eventually(words.caught_up.is_set)
        yield running


async def say(store: EventStore, number: int, *, expected: int = 0) -> int:
    return await store.append(
        case(number), [said("news")], expected=expected, meta=command(f"{number}-{expected}")
    )


async def test_a_page_hears_of_its_case_and_of_no_other(site: Site, store: EventStore) -> None:
    async with site.opened("case:1") as page:
        await say(store, 2)
        last = await say(store, 1)
        assert await page.next() == {"event": "changed", "id": str(last), "data": str(last)}
        with pytest.raises(TimeoutError):
            await page.next(0.3)


async def test_a_list_hears_of_every_case_and_of_whatever_is_its_readers(
    site: Site, store: EventStore
) -> None:
    async with site.opened("case") as everything, site.opened("of:eve") as eves:
        last = await say(store, 4)
        assert (await everything.next())["id"] == str(last)
        assert (await eves.next())["id"] == str(last)
        last = await say(store, 5)
        assert (await everything.next())["id"] == str(last)
        with pytest.raises(TimeoutError):
            await eves.next(0.3)


async def test_what_changed_between_loading_and_listening_is_not_missed(
    site: Site, store: EventStore
) -> None:
    before = site.words.position
    last = await say(store, 6)
    await site.words.wait_for(last)
    async with site.opened("case:6", after=before) as page:
        assert (await page.next())["id"] == str(last)
    # A browser that comes back says what it heard last; that counts, and not when it was loaded.
    async with site.opened("case:6", after=before, last=last) as page:
        with pytest.raises(TimeoutError):
            await page.next(0.3)
    async with site.opened("of:eve", last=before) as page:
        assert (await page.next())["event"] == "changed"


async def test_a_page_from_before_the_service_was_started_looks_anew(
    bus: Bus, database: Database, store: EventStore
) -> None:
    first = await say(store, 7)
    await say(store, 8)
    earlier = projector(bus, database)
    async with following(earlier):
        await earlier.wait_for(first + 1)
    words = projector(bus, database)
    async with following(words), serving(words) as site:
        await eventually(words.caught_up.is_set)
        async with site.opened("case:7", after=first) as page:
            assert (await page.next())["event"] == "changed"


async def test_a_page_hears_of_what_any_of_its_projections_took_in(
    bus: Bus, database: Database, store: EventStore
) -> None:
    first, second = projector(bus, database), projector(bus, database, name="others")
    async with following(first), serving(first, second) as site:
        await eventually(first.caught_up.is_set)
        before = site.live.place
        last = await say(store, 9)
        await first.wait_for(last)
        async with following(second):
            await second.wait_for(last)
            # The page of before the news listens late, and hears of both; then of nothing more.
            async with site.opened("case:9", after=before) as page:
                assert (await page.next())["id"] == f"{last}.{last}"
            async with site.opened("case:9", last=f"{last}.{before.partition('.')[2]}") as page:
                assert (await page.next())["id"] == f"{last}.{last}"
            async with site.opened("case:9", last=f"{last}.{last}") as page:
                with pytest.raises(TimeoutError):
                    await page.next(0.3)


async def test_a_silent_stream_is_kept_alive(bus: Bus, database: Database) -> None:
    words = projector(bus, database)
    async with (
        following(words),
        serving(words, heartbeat=0.05) as site,
        site.opened("case:1") as page,
    ):
        assert await page.next() == {"": "still here"}


async def test_nobody_takes_all_places(bus: Bus, database: Database) -> None:
    words = projector(bus, database)
    async with following(words), serving(words, most_pages_of_one=1) as site:
        async with site.opened("case:1"):
            await eventually(lambda: len(site.live._pages) == 1)
            answer = await asyncio.to_thread(httpx.get, f"{site.url}/live")
            assert answer.status_code == 503
            assert "Retry-After" in answer.headers
        await eventually(lambda: not site.live._pages)
        async with site.opened("case:1"):
            await eventually(lambda: len(site.live._pages) == 1)


async def test_closing_ends_every_stream(site: Site) -> None:
    async with site.opened("case:1") as page:
        await eventually(lambda: len(site.live._pages) == 1)
        site.live.close()
        with pytest.raises(EOFError):
            await page.next()
