"""The desk's other pages: history with search, figures and reports, the team."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from services.chat.board import Board
from services.chat.desk import Desk
from services.chat.presence import Presence
from services.chat.reports import Reports
from services.chat.schedule import Schedules
from services.chat.store import Store
from services.chat.views import Staff, hours_of, live, operator_view
from services.chat.wrapping import CODES
from services.runtime.auth import Principal, require, verify_csrf
from services.runtime.clock import Clock
from services.runtime.sentences import gettext as _
from services.runtime.web import Pages

Supervisor = Annotated[Principal, Depends(require("supervisor"))]
OperatorId = Annotated[str, Form(pattern=r"^[0-9a-z-]{1,64}$")]
PERIODS: Final = (1, 7, 30)
PAGE: Final = 30
PHASES: Final = {
    "": _("All"),
    "bot": _("with Eva"),
    "queued": _("waiting"),
    "connected": _("with an operator"),
    "wrap_up": _("being wrapped up"),
    "completed": _("completed"),
    "ended": _("ended"),
    "abandoned": _("abandoned"),
    "offline_message": _("message left"),
    "initiated": _("begun"),
    "offered": _("being offered"),
}


def router(
    pages: Pages,
    desk: Desk,
    board: Board,
    presence: Presence,
    store: Store,
    reports: Reports,
    schedules: Schedules,
    *,
    clock: Clock,
) -> APIRouter:
    site = APIRouter(prefix="/desk", include_in_schema=False, dependencies=[Depends(verify_csrf)])

    @site.get("/history")
    async def history(
        request: Request,
        who: Staff,
        q: Annotated[str, Query(max_length=100)] = "",
        phase: str = "",
        operator: str = "",
        language: str = "",
        before: Annotated[int | None, Query(ge=1)] = None,
    ) -> HTMLResponse:
        rows = await store.search(
            phase=phase or None,
            operator=operator or None,
            language=language or None,
            text=q,
            before=before,
            limit=PAGE,
        )
        asked = {"q": q, "phase": phase, "operator": operator, "language": language}
        return pages.render(
            request,
            "desk/history.html",
            rows=rows,
            asked=asked,
            phases=PHASES,
            codes=CODES,
            operators=sorted(board.operators),
            languages=schedules.languages,
            next_href=(
                str(request.url.replace_query_params(**asked, before=rows[-1]["sequence"]).query)
                if len(rows) == PAGE
                else ""
            ),
        )

    @site.get("/figures")
    async def figures(request: Request, who: Staff, days: int = 1) -> HTMLResponse:
        chosen = _period(days)
        since, until = _span(chosen, clock())
        altogether = await reports.rows(since, until)
        return pages.render(
            request,
            "desk/figures.html",
            days=chosen,
            periods=PERIODS,
            now_live=live(board, presence, now=clock()),
            total=altogether[0],
            overall=await store.figures(since, until, language=None),
            by_language=await reports.rows(since, until, by="language"),
            by_operator=await reports.rows(since, until, by="operator"),
            promises=await store.promises(clock() - timedelta(days=30)),
        )

    @site.get("/report.csv")
    async def report(who: Staff, days: int = 1) -> Response:
        chosen = _period(days)
        since, until = _span(chosen, clock())
        name = f"chats-{until:%Y-%m-%d}-{chosen}d.csv"
        return Response(
            await reports.as_csv(since, until),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @site.get("/team")
    async def team(request: Request, who: Staff) -> HTMLResponse:
        return pages.render(
            request,
            "desk/team.html",
            supervisor=who.may("supervisor"),
            people=[
                operator_view(each, here=presence.operator_is_here(each.id))
                for each in sorted(board.operators.values(), key=lambda each: each.id)
            ],
            hours=[hours_of(schedules, each, clock()) for each in schedules.languages],
        )

    @site.post("/team")
    async def profile(
        who: Supervisor,
        operator: OperatorId,
        languages: Annotated[str, Form(max_length=200)],
        skills: Annotated[str, Form(max_length=400)] = "",
        capacity: Annotated[int, Form(ge=1, le=20)] = 3,
    ) -> RedirectResponse:
        known = {each for each in _words(languages) if schedules.of(each)}
        await desk.profile(
            who,
            operator,
            name=board.operators[operator].name if operator in board.operators else "",
            languages=sorted(known) or ["en"],
            skills=sorted(_words(skills)),
            capacity=capacity,
        )
        return RedirectResponse("/desk/team", 303)

    return site


def _period(days: int) -> int:
    return days if days in PERIODS else PERIODS[0]


def _span(days: int, now: datetime) -> tuple[datetime, datetime]:
    return now - timedelta(days=days), now


def _words(text: str) -> set[str]:
    return {each.strip() for each in text.replace("،", ",").split(",") if each.strip()}
