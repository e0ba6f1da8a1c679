"""`/center`: the Complaint Center of both sides. Each sees a model of its own (`party_models`)."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from services.moderation.center import Center, topics_of
from services.moderation.party_models import AccusedCasePage
from services.runtime.auth import Principal, Viewer
from services.runtime.live import Live
from services.runtime.web import Pages

ROWS = 20


def router(pages: Pages, center: Center, live: Live) -> APIRouter:
    site = APIRouter(prefix="/center")

    def page(request: Request, viewer: Principal, name: str, **shown: Any) -> HTMLResponse:
        return pages.render(
            request,
            f"center/{name}.html",
            with_token=_with_token(request),
            by_link=not viewer.proven,
            **shown,
        )

    def door(request: Request, status: int) -> HTMLResponse:
        """Ways in for somebody whom we do not know."""
        return pages.render(request, "center/door.html", status=status)

    @site.get("")
    async def overview(
        request: Request,
        viewer: Viewer,
        complaints: str | None = None,
        cases: str | None = None,
    ) -> HTMLResponse:
        if viewer is None or not viewer.proven:
            return door(request, 200)
        address = live.address(request)
        filed = await center.complaints(viewer, cursor=complaints, limit=ROWS)
        against = AccusedCasePage(items=(), next=None)
        if viewer.signed_in:
            against = await center.cases(viewer, cursor=cases, limit=ROWS)
        return page(
            request,
            viewer,
            "overview",
            live_address=address,
            complaints=filed,
            cases=against,
            standing=await center.standing(viewer),
            # Paging through one list hides the other.
            shows_complaints=cases is None,
            shows_cases=complaints is None and bool(against.items),
            complaints_paged=complaints is not None,
            cases_paged=cases is not None,
        )

    @site.get("/standing")
    async def standing(request: Request, viewer: Viewer, after: int | None = None) -> HTMLResponse:
        if viewer is None or not viewer.proven:
            return door(request, 401)
        address = live.address(request)
        shown = await center.standing(viewer, after=after)
        return page(request, viewer, "standing", live_address=address, standing=shown)

    @site.get("/live")
    @site.get("/standing/live")
    async def own_live(request: Request, viewer: Viewer) -> Response:
        await center.complaints(viewer, limit=1)  # refuses whoever is not known
        assert viewer is not None
        return live.stream(request, topics_of(viewer), reader=viewer.party)

    @site.get("/complaints/{complaint_id}")
    async def complaint(
        request: Request, viewer: Viewer, complaint_id: str, after: int | None = None
    ) -> HTMLResponse:
        if viewer is None:
            return door(request, 401)
        address = live.address(request)
        shown = await center.complaint(viewer, complaint_id, after=after)
        return page(request, viewer, "complaint", live_address=address, complaint=shown)

    @site.get("/complaints/{complaint_id}/live")
    async def complaint_live(request: Request, viewer: Viewer, complaint_id: str) -> Response:
        await center.complaint(viewer, complaint_id)
        assert viewer is not None
        return live.stream(request, [f"complaint:{complaint_id}"], reader=viewer.party)

    @site.get("/cases/{case_id}")
    async def case(
        request: Request, viewer: Viewer, case_id: str, after: int | None = None
    ) -> HTMLResponse:
        if viewer is None or not (viewer.signed_in or viewer.holds("case", case_id)):
            return door(request, 401)
        address = live.address(request)
        shown = await center.case(viewer, case_id, after=after)
        return page(request, viewer, "case", live_address=address, case=shown)

    @site.get("/cases/{case_id}/live")
    async def case_live(request: Request, viewer: Viewer, case_id: str) -> Response:
        await center.case(viewer, case_id)
        assert viewer is not None
        return live.stream(request, [f"case:{case_id}", f"response:{case_id}"], reader=viewer.party)

    return site


def _with_token(request: Request) -> Any:
    """Adds to an address the token that the page itself was opened with: what somebody who came by
    a signed link needs on every link that goes on from here."""
    token = request.query_params.get("token")

    def added(url: str) -> str:
        if not token:
            return url
        return f"{url}{'&' if '?' in url else '?'}token={quote(token, safe='')}"

    return added
