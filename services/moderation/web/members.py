"""`/moderation/members/…` and `/measures/proposed`: records, and what is proposed for them."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from services.moderation.desk import READERS
from services.moderation.members import MEASURE_COMMANDS, Members, actor_named
from services.moderation.staff_desk import StaffDesk
from services.moderation.standing.commands import OnMeasure, StaffMemberCommand
from services.runtime.auth import Principal, require, verify_csrf
from services.runtime.live import Live
from services.runtime.problems import Invalid, NotFound, Refused, sentence
from services.runtime.sentences import gettext as _
from services.runtime.web import Form, Pages

Reader = Annotated[Principal, Depends(require(*READERS))]

PROPOSED = "/moderation/measures/proposed"


def router(pages: Pages, members: Members, staff: StaffDesk, live: Live) -> APIRouter:
    site = APIRouter(prefix="/moderation", dependencies=[Depends(verify_csrf)])

    async def proposals(
        request: Request,
        who: Principal,
        *,
        cursor: str | None = None,
        after: int | None = None,
        status: int = 200,
        **typed: Any,
    ) -> HTMLResponse:
        live_address = live.address(request, f"{PROPOSED}/live")
        page = await members.proposed(who, cursor=cursor, limit=50, after=after)
        return pages.render(
            request,
            "console/proposed.html",
            status=status,
            page=page,
            next_href=f"{PROPOSED}?{urlencode({'cursor': page.next})}" if page.next else None,
            first_href=PROPOSED if cursor else None,
            live_address=None if cursor else live_address,
            **{"form": Form(), "acting": ("", ""), "done": "", **typed},
        )

    async def record(
        request: Request, who: Principal, member: str, *, status: int = 200, **typed: Any
    ) -> HTMLResponse:
        shown = await members.read(who, member)
        await staff.viewed(who, "member", detail=shown.member)
        return pages.render(
            request,
            "console/member.html",
            status=status,
            member=shown,
            **{"form": Form(), "acting": ("", ""), "done": "", **typed},
        )

    @site.get("/measures/proposed")
    async def proposed_page(
        request: Request,
        who: Reader,
        cursor: str | None = None,
        after: int | None = None,
        done: str = "",
    ) -> HTMLResponse:
        return await proposals(request, who, cursor=cursor, after=after, done=done)

    @site.get("/measures/proposed/live")
    async def proposed_live(request: Request, who: Reader) -> Response:
        return live.stream(request, ["member"], reader=who.actor)

    @site.get("/members/{member}")
    async def member_page(
        request: Request, who: Reader, member: str, done: str = ""
    ) -> HTMLResponse:
        return await record(request, who, member, done=done)

    @site.post("/members/{member}/measures/{measure_id}/{command}")
    async def on_measure(
        request: Request, who: Reader, member: str, measure_id: str, command: str
    ) -> Response:
        form = await request.form()
        listed = form.get("from") == "proposed"
        try:
            asked = OnMeasure(measure_id, _command(command, form))
            acted = await members.act(who, member, asked)
        except NotFound:
            raise
        except Refused as refusal:
            acting, typed = (measure_id, command), Form.refused(form, refusal)
            if listed:
                return await proposals(
                    request, who, status=refusal.status, acting=acting, form=typed
                )
            return await record(
                request, who, member, status=refusal.status, acting=acting, form=typed
            )
        if listed:
            place = urlencode({"after": acted.sequence, "done": command})
            return RedirectResponse(f"{PROPOSED}?{place}", 303)
        address = f"/moderation/members/{quote(actor_named(member))}"
        return RedirectResponse(f"{address}?{urlencode({'done': command})}", 303)

    return site


def _command(name: str, form: FormData) -> StaffMemberCommand:
    """What a form asks of a measure. Raises Invalid beside its field, NotFound for no command."""
    kind = MEASURE_COMMANDS.get(name)
    if kind is None:
        raise NotFound(_("There is no such command."))
    given = {part: str(form.get(part, "")).strip() for part in kind.model_fields}
    try:
        return kind.model_validate({part: text for part, text in given.items() if text})
    except ValidationError as error:
        raise Invalid(
            [
                {
                    "field": str(each["loc"][0]),
                    "message": _("Say why.") if each["type"] == "missing" else sentence(each),
                }
                for each in error.errors()
            ]
        ) from None
