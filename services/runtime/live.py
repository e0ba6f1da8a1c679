"""Open pages hear at once when something that they show has changed: server-sent events.

A service makes one `Live` for its projector; there is one subscription a process (the projector's
own), however many pages are open. A page is told only *that* it is out of date: it then fetches
itself again, with the reader's own rights, so nothing is ever shown through this door.

How a page uses it:

1. In the composition root: `live = Live(projector, audiences=store.audiences)` and
   `parts.on_closing.append(live.close)`.
2. A route beside the page, which asks the same question of the reader as the page does:

       @site.get("/cases/{case_id}/live")
       async def case_live(request: Request, viewer: Viewer, case_id: str) -> Response:
           await center.case(viewer, case_id)   # refuses whoever may not see the case
           return live.stream(request, [f"case:{case_id}"], reader=viewer.actor)

3. The page's route reads `live.address(request)` *before* its queries and hands it to the template,
   which says `{{ ui.live(live_address) }}` once and marks what may change: each such element has an
   `id` and the attribute `data-live-part`. `js/live.js` does the rest. An element in which the
   reader has typed something is left alone, and the reader is told that the page has changed.

Without JavaScript the page is complete whenever it is loaded.

Topics are `<kind>:<id>` of whatever aggregate changed (`case:5f…`, `mail:81…`), and the kind alone
(`case`) for lists of everything. Others, such as "the cases against this member", are named by the
service's `audiences`: given what changed and the topics that open pages listen to, it answers
which of those topics are concerned. It is asked once for all pages, and only while any is open.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import structlog
from prometheus_client import Gauge
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.runtime.problems import Unavailable
from services.runtime.projection import Projector, Read
from services.runtime.sentences import gettext as _

log = structlog.get_logger(__name__)

PAGES = Gauge("redress_live_pages", "Open pages that hear of changes")

MOST_PAGES = 5_000
MOST_PAGES_OF_ONE = 30
HEARTBEAT_SECONDS = 15.0
"""Well below the minute after which proxies give a silent connection up."""
REMEMBERED = 4_096
"""Changes that a page which was away can still be told about; beyond, it is told to look anew."""

_RECONNECT_MS = 2_000
_HEADERS = {
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # for nginx; Caddy lets event streams through by itself
    "x-content-type-options": "nosniff",
}


class Change(NamedTuple):
    """An aggregate of which something new stands in the tables."""

    kind: str
    id: str


Audiences = Callable[[Collection[Change], Collection[str]], Awaitable[Iterable[str]]]
"""Which of the topics are concerned by the changes; the changes' own are known without asking."""


@dataclass(eq=False, slots=True)
class _Page:
    topics: frozenset[str]
    reader: str
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class _Followed:
    """One projector, and what it worked in of late: (sequence, subject), oldest first."""

    def __init__(self, projector: Projector) -> None:
        self.projector = projector
        self.recent: deque[tuple[int, str]] = deque(maxlen=REMEMBERED)

    def since(self, after: int) -> Iterable[str] | None:
        """The subjects of what came after `after`; None: longer ago than is remembered."""
        if self.recent and after < self.recent[0][0] - 1:
            return None
        if not self.recent and after < self.projector.position:
            return None
        return [subject for sequence, subject in self.recent if sequence > after]


class Live:
    """Tells open pages that what they show has changed, in the tables of any of `projectors`.
    `every` is the least time, in seconds, between two words to one page."""

    def __init__(
        self,
        *projectors: Projector,
        audiences: Audiences | None = None,
        every: float = 0.5,
        heartbeat: float = HEARTBEAT_SECONDS,
        most_pages: int = MOST_PAGES,
        most_pages_of_one: int = MOST_PAGES_OF_ONE,
    ) -> None:
        self._followed = [_Followed(each) for each in projectors]
        self._audiences = audiences
        self._every = every
        self._heartbeat = heartbeat
        self._most_pages = most_pages
        self._most_pages_of_one = most_pages_of_one
        self._pages: set[_Page] = set()
        self._readers: Counter[str] = Counter()
        self._fresh: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        for followed in self._followed:
            followed.projector.listeners.append(partial(self._folded, followed))

    @property
    def place(self) -> str:
        """How far the tables are: the position of each projector, e.g. `86` or `86.12`."""
        return ".".join(str(each.projector.position) for each in self._followed)

    def address(self, request: Request, path: str | None = None) -> str:
        """Where the page that answers `request` listens: `<its path>/live`, from now on.

        To be read before the page's own queries. A guest's token goes along.
        """
        url = request.url.replace(path=path or f"{request.url.path.rstrip('/')}/live", query="")
        url = url.include_query_params(after=self.place)
        if token := request.query_params.get("token"):
            url = url.include_query_params(token=token)
        return f"{url.path}?{url.query}"

    def stream(self, request: Request, topics: Iterable[str], *, reader: str) -> Response:
        """The events of one open page. Raises Unavailable when too many are open already.

        `reader` names who is counted: nobody may take all places.
        """
        if self._closing.is_set():
            raise Unavailable(_("The service is being started again."))
        if len(self._pages) >= self._most_pages or self._readers[reader] >= self._most_pages_of_one:
            raise Unavailable(
                _(
                    "Too many pages listen already. This one is brought up to date when it is "
                    "loaded again."
                )
            )
        page = _Page(frozenset(topics), reader)
        events = self._events(page, _after(request))
        return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)

    def close(self) -> None:
        """Ends every stream, so that the server can stop; browsers come back by themselves."""
        self._closing.set()
        self._wake.set()
        for page in self._pages:
            page.woken.set()

    async def _events(self, page: _Page, after: Sequence[int]) -> AsyncIterator[str]:
        with self._listening(page):
            yield f"retry: {_RECONNECT_MS}\n\n"
            if after and await self._missed(page, after):
                page.woken.set()
            while not self._closing.is_set():
                try:
                    async with asyncio.timeout(self._heartbeat):
                        await page.woken.wait()
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                page.woken.clear()
                if self._closing.is_set():
                    return
                place = self.place
                yield f"id: {place}\nevent: changed\ndata: {place}\n\n"
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._every):
                        await self._closing.wait()

    @contextlib.contextmanager
    def _listening(self, page: _Page) -> Iterator[None]:
        self._pages.add(page)
        self._readers[page.reader] += 1
        PAGES.inc()
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._tell(), name="live pages")
        try:
            yield
        finally:
            PAGES.dec()
            self._pages.discard(page)
            self._readers[page.reader] -= 1
            if not self._readers[page.reader]:
                del self._readers[page.reader]
            self._wake.set()

    def _folded(self, followed: _Followed, batch: Sequence[Read]) -> None:
        """A projector has worked the batch in. Called for every batch: as little as possible."""
        followed.recent.extend((each.sequence, each.subject) for each in batch)
        if self._pages:
            self._fresh.update((each.subject, None) for each in batch)
            self._wake.set()

    async def _tell(self) -> None:
        """Wakes the pages that a change concerns, for as long as there are pages."""
        while self._pages and not self._closing.is_set():
            await self._wake.wait()
            self._wake.clear()
            subjects, self._fresh = self._fresh, {}
            if not subjects:
                continue
            wanted = frozenset[str]().union(*(page.topics for page in self._pages))
            concerned = await self._concerned(subjects, wanted)
            for page in self._pages:
                if not page.topics.isdisjoint(concerned):
                    page.woken.set()

    async def _missed(self, page: _Page, after: Sequence[int]) -> bool:
        """Whether something may have changed for the page since it stood at the place `after`.

        A place that names fewer projectors comes from a page of another release: it says nothing
        of the others.
        """
        subjects: dict[str, None] = {}
        for followed, position in zip(self._followed, after, strict=False):
            since = followed.since(position)
            if since is None:
                return True
            subjects.update(dict.fromkeys(since))
        concerned = await self._concerned(subjects, page.topics) if subjects else ()
        return not page.topics.isdisjoint(concerned)

    async def _concerned(self, subjects: Iterable[str], wanted: frozenset[str]) -> Collection[str]:
        changes = [_change(subject) for subject in subjects]
        concerned = {change.kind for change in changes}
        concerned.update(f"{change.kind}:{change.id}" for change in changes)
        if self._audiences is not None:
            try:
                concerned.update(await self._audiences(changes, wanted))
            except Exception:
                # Whom it concerns is not known: that everybody looks anew is right in any case.
                log.exception("live.audiences_failed")
                return wanted
        return concerned


def _change(subject: str) -> Change:
    kind, _, rest = subject.partition(".")
    return Change(kind, rest.rpartition(".")[2])


def _after(request: Request) -> Sequence[int]:
    """Where the page stood: what it heard last, else when it was made. Empty: it does not say."""
    given = request.headers.get("last-event-id") or request.query_params.get("after") or ""
    parts = given.split(".")
    known = all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts)
    return [int(part) for part in parts] if known else []
