"""`/moderation/outgoing`: webhooks and Transparency Database records, and their failures."""

import json
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from services.moderation.desk import READERS
from services.moderation.outgoing.desk import (
    FAILURES,
    RESENDERS,
    ChannelName,
    OutgoingDesk,
    OutgoingItem,
    Resend,
)
from services.moderation.outgoing.item import OutgoingState
from services.runtime.auth import Principal, require, verify_csrf
from services.runtime.live import Live
from services.runtime.problems import NotFound, Refused, invalid
from services.runtime.web import Form, Pages

Reader = Annotated[Principal, Depends(require(*READERS))]
Show = Literal["failures", "queued", "delivered", "all"]

STATES: dict[Show, tuple[OutgoingState, ...]] = {
    "failures": FAILURES,
    "queued": (OutgoingState.QUEUED,),
    "delivered": (OutgoingState.DELIVERED,),
    "all": (),
}
ROWS = 50


def router(pages: Pages, outgoing: OutgoingDesk, live: Live) -> APIRouter:
    site = APIRouter(prefix="/moderation/outgoing", dependencies=[Depends(verify_csrf)])

    @site.get("")
    async def index(
        request: Request,
        who: Reader,
        show: Show = "failures",
        channel: Annotated[ChannelName | Literal[""], Query()] = "",
        cursor: str | None = None,
    ) -> HTMLResponse:
        live_address = live.address(request, "/moderation/outgoing/live")
        page = await outgoing.page(
            who, channel=channel or None, states=STATES[show], cursor=cursor, limit=ROWS
        )
        return pages.render(
            request,
            "console/outgoing.html",
            page=page,
            show=show,
            shows=tuple(STATES),
            channel=channel,
            address=_address,
            next_href=_address(show, channel, page.next) if page.next else None,
            first_href=_address(show, channel) if cursor else None,
            live_address=None if cursor else live_address,
        )

    @site.get("/live")
    async def index_live(request: Request, who: Reader) -> Response:
        return live.stream(request, ["outgoing"], reader=who.actor)

    async def shown(
        request: Request,
        who: Principal,
        outgoing_id: str,
        *,
        after: int | None = None,
        form: Form | None = None,
        done: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        live_address = live.address(request, f"/moderation/outgoing/{outgoing_id}/live")
        item = await outgoing.one(who, outgoing_id, after=after)
        return pages.render(
            request,
            "console/outgoing-one.html",
            status=status,
            item=item,
            document=json.dumps(item.document, ensure_ascii=False, indent=2),
            may_resend=who.may(*RESENDERS),
            form=form or Form(errors=_wrong_facts(item)),
            refused=form is not None,
            done=done,
            live_address=live_address,
        )

    @site.get("/{outgoing_id}")
    async def one(
        request: Request, who: Reader, outgoing_id: str, after: int | None = None, done: str = ""
    ) -> HTMLResponse:
        return await shown(request, who, outgoing_id, after=after, done=done)

    @site.get("/{outgoing_id}/live")
    async def one_live(request: Request, who: Reader, outgoing_id: str) -> Response:
        return live.stream(request, [f"outgoing:{outgoing_id}"], reader=who.actor)

    @site.post("/{outgoing_id}/resend")
    async def resend(request: Request, who: Reader, outgoing_id: str) -> Response:
        form = await request.form()
        try:
            wanted = _wanted(form, await outgoing.one(who, outgoing_id))
            resent = await outgoing.resend(who, outgoing_id, wanted)
        except NotFound:
            raise
        except Refused as refusal:
            typed = Form.refused(form, refusal)
            return await shown(request, who, outgoing_id, form=typed, status=refusal.status)
        place = urlencode({"after": resent.sequence, "done": "resend"})
        return RedirectResponse(f"/moderation/outgoing/{outgoing_id}?{place}", 303)

    return site


def _address(show: str, channel: str, cursor: str | None = None) -> str:
    chosen: dict[str, Any] = {"channel": channel, "cursor": cursor}
    if show != "failures":
        chosen["show"] = show
    query = urlencode({name: value for name, value in chosen.items() if value})
    return f"/moderation/outgoing?{query}" if query else "/moderation/outgoing"


def _wanted(form: FormData, item: OutgoingItem) -> Resend:
    """The facts go along where they were worded anew, or have to be. Raises Invalid."""
    facts = str(form.get("facts", "")).replace("\r\n", "\n").strip()
    same = facts == item.document.get("decision_facts", "")
    if "facts" not in form or (same and item.state is not OutgoingState.REFUSED):
        return Resend()
    try:
        return Resend(facts=facts)
    except ValidationError as error:
        raise invalid(error.errors()) from None


def _wrong_facts(item: OutgoingItem) -> dict[str, str]:
    """What is wrong with the facts, to stand beside the field in which they are worded anew."""
    messages = [each.message for each in item.errors if each.field == "decision_facts"]
    return {"facts": " ".join(messages)} if messages else {}
