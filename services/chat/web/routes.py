"""`/chat`: the ways in, and the chat itself. Every step is a form; `chat.js` makes it live."""

from typing import Annotated, Any, Literal, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.requests import Request

from contracts.ids import new_id
from services.chat import shown
from services.chat.complaining import Complaining
from services.chat.places import Places
from services.chat.schedule import Schedules
from services.chat.state import TALKING, Phase
from services.chat.talking import MESSAGE_LIMIT, Talking, folded
from services.chat.views import hours_of
from services.runtime.auth import Viewer, verify_csrf
from services.runtime.clock import Clock
from services.runtime.web import Pages
from services.runtime.web.text import gettext as _

Text = Annotated[str, Form(max_length=MESSAGE_LIMIT)]
Chat = Annotated[str, Form(pattern="^[0-9a-f]{32}$")]
Token = Annotated[str | None, Query()]

SAID = {
    "message", "answer", "left_message", "connected", "handed_over", "queued", "ended",
    "abandoned", "complaint", "bot_joined", "joined",
}  # fmt: skip
"""The events that a page shows as lines of the talk."""


BLANK: dict[str, Any] = {"name": "", "redacted": False, "sources": ()}


def router(
    pages: Pages,
    talking: Talking,
    places: Places,
    schedules: Schedules,
    complaining: Complaining,
    *,
    clock: Clock,
) -> APIRouter:
    site = APIRouter(prefix="/chat", include_in_schema=False, dependencies=[Depends(verify_csrf)])

    @site.get("")
    async def window(
        request: Request,
        who: Viewer,
        chat: Annotated[str, Query(pattern="^([0-9a-f]{32})?$")] = "",
        token: Token = None,
    ) -> HTMLResponse:
        """The ways in (R5), or the chat."""
        language = pages.language(request)
        if not chat:
            hours = hours_of(schedules, language, clock())
            return pages.render(request, "chat/door.html", hours=hours)
        history = await talking.history(who, chat)
        state = folded(history.messages)
        return pages.render(
            request,
            "chat/window.html",
            chat_id=chat,
            token=token or "",
            phase=str(state.phase),
            open=state.phase in TALKING,
            waiting=state.is_waiting,
            with_bot=state.phase is Phase.BOT,
            operator=state.operator_name if state.hold else "",
            to_rate=state.rating_until is not None,
            place=await places.of(state),
            hours=hours_of(schedules, state.language, clock()),
            lines=[
                {**BLANK, **each}
                for each in shown.show_all(history.messages, "customer")
                if each["type"] in SAID
            ],
            seq=history.version,
            client_id=new_id(),
            # Called by the template, because only there it is known in which language.
            words=words,
        )

    @site.post("/begin")
    async def begin(
        request: Request,
        who: Viewer,
        way: Annotated[Literal["bot", "operator"], Form()],
        name: Annotated[str, Form(max_length=200)] = "",
        email: Annotated[str, Form(max_length=254)] = "",
        page: Annotated[str, Form(max_length=500)] = "",
    ) -> RedirectResponse:
        begun = await talking.begin(
            who,
            way=way,
            language=pages.language(request),
            name=name.strip(),
            email=email.strip(),
            page=page,
            key=None,
            address=request.client.host if request.client else "",
        )
        return _to(begun.chat.id, begun.token)

    @site.post("/say")
    async def say(
        who: Viewer,
        chat: Chat,
        client_id: Annotated[str, Form(pattern="^[A-Za-z0-9_-]{1,64}$")],
        token: Token = None,
        text: Text = "",
    ) -> RedirectResponse:
        if text.strip():
            await talking.post(who, chat, client_id=client_id, text=text.strip())
        return _to(chat, token)

    @site.post("/operator")
    async def operator(who: Viewer, chat: Chat, token: Token = None) -> RedirectResponse:
        await talking.call_operator(who, chat)
        return _to(chat, token)

    @site.post("/bot")
    async def bot(who: Viewer, chat: Chat, token: Token = None) -> RedirectResponse:
        await talking.call_bot(who, chat)
        return _to(chat, token)

    @site.post("/leave-message")
    async def leave(
        who: Viewer,
        chat: Chat,
        text: Text,
        email: Annotated[str, Form(max_length=254)],
        client_id: Annotated[str, Form(pattern="^[A-Za-z0-9_-]{1,64}$")],
        token: Token = None,
    ) -> RedirectResponse:
        if text.strip() and "@" in email:
            await talking.leave_message(
                who, chat, client_id=client_id, text=text.strip(), email=email.strip()
            )
        return _to(chat, token)

    @site.post("/end")
    async def end(who: Viewer, chat: Chat, token: Token = None) -> RedirectResponse:
        await talking.end(who, chat)
        return _to(chat, token)

    @site.post("/rate")
    async def rate(
        who: Viewer,
        chat: Chat,
        score: Annotated[int, Form(ge=1, le=5)],
        comment: Annotated[str, Form(max_length=2000)] = "",
        token: Token = None,
    ) -> RedirectResponse:
        await talking.rate(
            who, chat, score=cast("Literal[1, 2, 3, 4, 5]", score), comment=comment.strip()
        )
        return _to(chat, token)

    @site.post("/complain")
    async def complain(
        who: Viewer,
        chat: Chat,
        consent: Annotated[bool, Form()] = False,
        token: Token = None,
    ) -> RedirectResponse:
        """R14: into the wizard, with what the chat knows."""
        history = await talking.history(who, chat)
        url, _seq = await complaining.begin(
            history, product_link="", consent=consent, by="customer"
        )
        return RedirectResponse(url, 303)

    return site


def words() -> dict[str, str]:
    """What the script says, in the page's language."""
    return {
        "you": _("You"),
        "eva": _("Eva, virtual agent"),
        "support": _("Support"),
        "queued": _("You are in the queue."),
        "place": _("Your place in the queue: {position}."),
        "range": _("Probably {low} to {high} minutes."),
        "connected": _("{operator} has joined."),
        "handed_over": _("You are being passed to another operator."),
        "ended": _("The chat has ended."),
        "typing": _("{name} is writing…"),
        "sending": _("Sending…"),
        "sent": _("Sent"),
        "read": _("Read"),
        "offline": _("No connection. What you write is sent as soon as it is back."),
        "refused": _("This was not sent: {reason}"),
        "removed": _("This message was removed."),
        "complaint": _("Complaint {number} was filed from this chat."),
    }


def _to(chat: str, token: str | None) -> RedirectResponse:
    query: dict[str, Any] = {"chat": chat} | ({"token": token} if token else {})
    return RedirectResponse(f"/chat?{urlencode(query)}#end", 303)
