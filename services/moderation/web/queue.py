"""`/moderation`: the queues. Each list is a query of the API, and its address says which."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from contracts.taxonomy import taxonomy
from services.moderation.desk import READERS, Desk
from services.moderation.list_query import NARROWING, ListQuery
from services.moderation.queues import QUEUES
from services.moderation.staff_desk import StaffDesk
from services.moderation.state import Status
from services.runtime.auth import Principal, require, verify_csrf
from services.runtime.live import Live
from services.runtime.problems import NotFound
from services.runtime.web import Pages

ROWS = 50

Reader = Annotated[Principal, Depends(require(*READERS))]


def router(pages: Pages, desk: Desk, staff: StaffDesk, live: Live) -> APIRouter:
    site = APIRouter(prefix="/moderation", dependencies=[Depends(verify_csrf)])

    @site.get("")
    async def queue(request: Request, who: Reader, cursor: str | None = None) -> HTMLResponse:
        asked = ListQuery.of(request.query_params.multi_items())
        live_address = live.address(request, "/moderation/live")
        page = await desk.queue(who, asked.filters(), cursor=cursor, limit=ROWS)
        return pages.render(
            request,
            "console/queue.html",
            page=page,
            counts=await desk.counts(who),
            queues=tuple(QUEUES),
            saved=await staff.queues(who),
            asked=asked,
            chosen=asked.narrowing(),
            types=taxonomy().types,
            states=[each for each in Status if each is not Status.NEW],
            address=address,
            here=str(asked),
            next_href=address(asked, cursor=page.next) if page.next else None,
            first_href=address(asked) if cursor else None,
            live_address=None if cursor else live_address,
            none_left="none_left" in request.query_params,
        )

    @site.get("/live")
    async def queue_live(request: Request, who: Reader) -> Response:
        return live.stream(request, ["case"], reader=who.actor)

    @site.post("/next")
    async def claim_next(who: Reader, query: Annotated[str, Form()] = "") -> Response:
        asked = ListQuery.read(query)
        try:
            acted = await desk.next_case(who, asked.filters())
        except NotFound:
            return RedirectResponse(address(asked, none_left="yes"), 303)
        place = urlencode({"after": acted.sequence, "done": "claim", "in": str(asked)})
        return RedirectResponse(f"/moderation/cases/{acted.id}?{place}", 303)

    @site.post("/queues")
    async def save(
        who: Reader, name: Annotated[str, Form()] = "", query: Annotated[str, Form()] = ""
    ) -> Response:
        asked = ListQuery.read(query)
        await staff.save_queue(who, name, asked)
        return RedirectResponse(address(asked), 303)

    @site.post("/queues/{queue_id}/forget")
    async def forget(who: Reader, queue_id: str) -> Response:
        await staff.forget_queue(who, queue_id)
        return RedirectResponse("/moderation", 303)

    return site


def address(asked: ListQuery, *, without: str = "", **changes: Any) -> str:
    """The address of a list like `asked`: with `changes`, `without` one of its filters. Another
    queue keeps the filters."""
    place = {str(name): changes.pop(name) for name in ("cursor", "none_left") if name in changes}
    values = {name: getattr(asked, name) for name in (*NARROWING, "queue", "order")}
    values |= changes
    if without:
        values[without] = ListQuery.model_fields[without].get_default()
    query = str(ListQuery(**values))
    query = "&".join(part for part in (query, urlencode(place)) if part)
    return f"/moderation?{query}" if query else "/moderation"
