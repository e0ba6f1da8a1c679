"""`/center`: the Complaint Center of both sides. Each sees a model of its own (`read_models`)."""

from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request

from services.moderation.center import Center
from services.moderation.read_models import AccusedCasePage
from services.runtime.auth import Viewer
from services.runtime.web import Pages

ROWS = 20


def router(pages: Pages, center: Center) -> APIRouter:
    site = APIRouter(prefix="/center")

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
        filed = await center.complaints(viewer, cursor=complaints, limit=ROWS)
        against = AccusedCasePage(items=(), next=None)
        if viewer.signed_in:
            against = await center.cases(viewer, cursor=cases, limit=ROWS)
        return pages.render(
            request,
            "center/overview.html",
            complaints=filed,
            cases=against,
            # Paging through one list hides the other.
            shows_complaints=cases is None,
            shows_cases=complaints is None and bool(against.items),
            complaints_paged=complaints is not None,
            cases_paged=cases is not None,
        )

    @site.get("/complaints/{complaint_id}")
    async def complaint(
        request: Request, viewer: Viewer, complaint_id: str, after: int | None = None
    ) -> HTMLResponse:
        if viewer is None:
            return door(request, 401)
        return pages.render(
            request,
            "center/complaint.html",
            complaint=await center.complaint(viewer, complaint_id, after=after),
            token_query=_token_query(request),
            by_link=not viewer.proven,
        )

    @site.get("/cases/{case_id}")
    async def case(
        request: Request, viewer: Viewer, case_id: str, after: int | None = None
    ) -> HTMLResponse:
        if viewer is None or not (viewer.signed_in or viewer.holds("case", case_id)):
            return door(request, 401)
        return pages.render(
            request, "center/case.html", case=await center.case(viewer, case_id, after=after)
        )

    return site


def _token_query(request: Request) -> str:
    """What a guest's links to files need: the token that the page itself was opened with."""
    token = request.query_params.get("token")
    return "?" + urlencode({"token": token}) if token else ""
