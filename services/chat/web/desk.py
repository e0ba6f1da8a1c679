"""`/desk`: the operator's offers and chats, as forms; `desk.js` keeps it up to date and alive."""

from collections.abc import Awaitable
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from contracts.ids import new_id
from services.chat.complaining import Complaining
from services.chat.desk import Desk
from services.chat.talking import MESSAGE_LIMIT
from services.chat.views import Staff
from services.chat.web.desk_views import DeskViews
from services.runtime.auth import verify_csrf
from services.runtime.problems import Refused
from services.runtime.sentences import gettext as _
from services.runtime.web import Pages

Id = Annotated[str, Form(alias="chat", pattern="^[0-9a-f]{32}$")]
Line = Annotated[str, Form(max_length=200)]
ClientId = Annotated[str, Form(pattern="^[A-Za-z0-9_-]{1,64}$")]


def router(pages: Pages, desk: Desk, complaining: Complaining, views: DeskViews) -> APIRouter:
    site = APIRouter(prefix="/desk", include_in_schema=False, dependencies=[Depends(verify_csrf)])

    async def show(
        request: Request, who: Staff, chat: str, *, refused: Refused | None = None, typed: str = ""
    ) -> HTMLResponse:
        context = await views.page(who, chat)
        return pages.render(
            request,
            "desk/desk.html",
            status=refused.status if refused else 200,
            notice=refused.detail if refused else "",
            typed=typed,
            client_id=new_id(),
            **context,
        )

    async def done(
        request: Request, who: Staff, act: Awaitable[Any], chat: str, *, then: str, typed: str = ""
    ) -> Response:
        """Back to the desk; where it was refused, the desk says why and keeps what was typed."""
        try:
            await act
        except Refused as refused:
            return await show(request, who, chat, refused=refused, typed=typed)
        return RedirectResponse(f"/desk?chat={then}" if then else "/desk", 303)

    @site.get("")
    async def overview(
        request: Request,
        who: Staff,
        chat: Annotated[str, Query(pattern="^([0-9a-f]{32})?$")] = "",
    ) -> HTMLResponse:
        # A person who opens the page reads it; a script that fetches it says so by itself.
        if chat and request.headers.get("sec-fetch-dest", "document") == "document":
            await desk.read(who, chat)
        return await show(request, who, chat)

    @site.post("/shift")
    async def shift(request: Request, who: Staff, do: Annotated[str, Form()]) -> Response:
        act = {"start": desk.start_shift, "away": desk.go_away, "end": desk.end_shift}
        chosen = act.get(do, desk.start_shift)
        return await done(request, who, chosen(who), "", then="")

    @site.post("/accept")
    async def accept(request: Request, who: Staff, chat: Id, greeting: Line = "") -> Response:
        act = desk.accept(who, chat, greeting=greeting.strip())
        return await done(request, who, act, "", then=chat)

    @site.post("/decline")
    async def decline(request: Request, who: Staff, chat: Id) -> Response:
        return await done(request, who, desk.decline(who, chat), "", then="")

    @site.post("/take")
    async def take(request: Request, who: Staff, chat: Id) -> Response:
        return await done(request, who, desk.take(who, chat), "", then=chat)

    @site.post("/say")
    async def say(
        request: Request,
        who: Staff,
        chat: Id,
        client_id: ClientId,
        text: Annotated[str, Form(max_length=MESSAGE_LIMIT)] = "",
    ) -> Response:
        """A shortcut alone (`/hello`) is sent as its canned reply."""
        said = (await views.expanded(who, chat, text)).strip()
        if not said:
            return await show(request, who, chat)
        act = desk.post(who, chat, client_id=client_id, text=said)
        return await done(request, who, act, chat, then=chat, typed=text)

    @site.post("/note")
    async def note(
        request: Request,
        who: Staff,
        chat: Id,
        text: Annotated[str, Form(max_length=MESSAGE_LIMIT)] = "",
    ) -> Response:
        if not text.strip():
            return await show(request, who, chat)
        return await done(request, who, desk.note(who, chat, text=text.strip()), chat, then=chat)

    @site.post("/transfer")
    async def transfer(
        request: Request, who: Staff, chat: Id, to: Annotated[str, Form()], reason: Line = ""
    ) -> Response:
        """`to` is `operator:<id>`, `language:<code>` or `skill:<name>`."""
        kind, _colon, name = to.partition(":")
        act = desk.transfer(
            who,
            chat,
            to_operator=name if kind == "operator" else None,
            language=name if kind == "language" else None,
            skills=(name,) if kind == "skill" else (),
            reason=reason.strip(),
        )
        return await done(request, who, act, chat, then="")

    @site.post("/complaint")
    async def complaint(
        request: Request,
        who: Staff,
        chat: Id,
        product_link: Annotated[str, Form(max_length=2000)] = "",
        consent: Annotated[str, Form()] = "",
    ) -> Response:
        """Prepared here, sent by the customer: the link goes into the chat."""

        async def prepare() -> None:
            url, _seq = await complaining.begin(
                await desk.history(chat),
                product_link=product_link.strip(),
                consent=bool(consent),
                by=who.actor,
            )
            await desk.post(who, chat, client_id=new_id(), text=views.invitation(chat, url))

        return await done(request, who, prepare(), chat, then=chat)

    @site.post("/supervise")
    async def supervise(
        request: Request, who: Staff, chat: Id, mode: Annotated[str, Form()]
    ) -> Response:
        if not who.may("supervisor"):
            return await show(request, who, chat, refused=_Supervisors())
        known = mode if mode in ("monitor", "whisper", "barge") else None
        wanted = cast(Literal["monitor", "whisper", "barge"] | None, known)
        return await done(request, who, desk.supervise(who, chat, mode=wanted), chat, then=chat)

    @site.post("/end")
    async def end(
        request: Request, who: Staff, chat: Id, reason: Annotated[str, Form()] = "done"
    ) -> Response:
        act = desk.end(who, chat, reason="blocked" if reason == "blocked" else "done")
        return await done(request, who, act, chat, then=chat)

    @site.post("/wrap-up")
    async def wrap_up(
        request: Request,
        who: Staff,
        chat: Id,
        code: Annotated[str, Form(min_length=1, max_length=200)],
        note: Annotated[str, Form(max_length=2000)] = "",
    ) -> Response:
        act = desk.wrap_up(who, chat, code=code.strip(), note=note.strip())
        return await done(request, who, act, chat, then="")

    return site


class _Supervisors(Refused):
    status = 403
    title = _("This is for supervisors")

    def __init__(self) -> None:
        super().__init__(_("Only supervisors join the chats of others."))
