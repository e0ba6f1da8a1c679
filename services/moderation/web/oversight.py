"""`/moderation/figures`, `/audit`, `/quality`: the work itself, looked at."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from services.moderation.desk import READERS, Desk
from services.moderation.figures import AGES, Figures
from services.moderation.staff_desk import StaffDesk
from services.runtime.auth import Principal, require, verify_csrf
from services.runtime.problems import NotFound
from services.runtime.sentences import gettext as _
from services.runtime.web import Pages

Reader = Annotated[Principal, Depends(require(*READERS))]
Overseer = Annotated[Principal, Depends(require("senior_moderator", "supervisor"))]
Days = Annotated[int, Query(ge=1, le=366)]

PERIODS = (7, 30, 90, 366)
SAMPLE = 10


def router(pages: Pages, desk: Desk, staff: StaffDesk, figures: Figures) -> APIRouter:
    site = APIRouter(prefix="/moderation", dependencies=[Depends(verify_csrf)])

    @site.get("/figures")
    async def figures_page(request: Request, who: Reader, days: Days = 30) -> HTMLResponse:
        shown = await figures.read(who, days=days)
        return pages.render(
            request, "console/figures.html", shown=shown, days=days, periods=PERIODS, ages=AGES
        )

    @site.get("/audit")
    async def audit(
        request: Request,
        who: Overseer,
        case: str | None = None,
        by: str | None = None,
        cursor: str | None = None,
    ) -> HTMLResponse:
        await staff.viewed(who, "audit", case_id=case or None, detail=by or "")
        page = await staff.audit(who, case_id=case or None, by=by or None, cursor=cursor)
        chosen: dict[str, Any] = {k: v for k, v in {"case": case, "by": by}.items() if v}
        return pages.render(
            request,
            "console/audit.html",
            page=page,
            case=case or "",
            by=by or "",
            export=urlencode(chosen),
            next_href=f"/moderation/audit?{urlencode(chosen | {'cursor': page.next})}"
            if page.next
            else None,
            first_href=f"/moderation/audit?{urlencode(chosen)}" if cursor else None,
        )

    @site.get("/quality")
    async def quality(
        request: Request, who: Overseer, seed: str = "", done: bool = False
    ) -> HTMLResponse:
        seed = seed[:64] or f"{who.id}-{request.state.correlation}"
        return pages.render(
            request,
            "console/quality.html",
            items=await desk.sample(who, seed=seed, limit=SAMPLE),
            seed=seed,
            done=done,
        )

    @site.post("/quality/{case_id}")
    async def judge(
        who: Overseer,
        case_id: str,
        verdict: Annotated[Literal["agree", "differ"], Form()],
        note: Annotated[str, Form()] = "",
        seed: Annotated[str, Form()] = "",
    ) -> Response:
        decision = (await desk.case(who, case_id)).decision
        if decision is None:
            raise NotFound(_("This case is not decided."))
        await staff.read_again(
            who, case_id=case_id, decision_id=decision.id, verdict=verdict, note=note
        )
        return RedirectResponse(
            f"/moderation/quality?{urlencode({'seed': seed, 'done': True})}", 303
        )

    return site
