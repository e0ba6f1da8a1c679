"""`/chat`: the ways in, and the chat itself. Every step is a form; `chat.js` makes it live."""

from typing import Annotated, Literal, NamedTuple, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from contracts.ids import new_id, number
from services.chat.complaining import Complaining
from services.chat.embedding import Embedding
from services.chat.places import Places
from services.chat.schedule import Schedules
from services.chat.store import Store
from services.chat.talking import EMAIL, MESSAGE_LIMIT, Talking, folded
from services.chat.views import hours_of
from services.chat.web import window
from services.runtime import web
from services.runtime.auth import Principal, Viewer, csrf_token, require, verify_csrf
from services.runtime.clock import Clock
from services.runtime.problems import Refused
from services.runtime.sentences import gettext as _
from services.runtime.web import Pages

Text = Annotated[str, Form(max_length=MESSAGE_LIMIT)]
Address = Annotated[str, Form(max_length=254)]
Chat = Annotated[str, Form(pattern="^[0-9a-f]{32}$")]
ClientId = Annotated[str, Form(pattern="^[A-Za-z0-9_-]{1,64}$")]
AT_ONCE = 20


class Kept(NamedTuple):
    """What every address of a window carries along: the token of a guest's chat, and for one in a
    frame on another site, where no cookie is kept, that it is one and its language."""

    token: str
    embed: bool
    lang: str

    def query(self, **more: str) -> str:
        told = more | ({"token": self.token} if self.token else {})
        if self.embed:
            told |= {"embed": "1"} | ({"lang": self.lang} if self.lang else {})
        return f"?{urlencode(told)}" if told else ""


def _kept(
    token: str = "",
    embed: bool = False,
    lang: Annotated[str, Query(pattern="^[A-Za-z-]{0,20}$")] = "",
) -> Kept:
    return Kept(token, embed, lang)


Carried = Annotated[Kept, Depends(_kept)]


def router(
    pages: Pages,
    talking: Talking,
    places: Places,
    schedules: Schedules,
    complaining: Complaining,
    store: Store,
    embedding: Embedding,
    *,
    clock: Clock,
) -> APIRouter:
    site = APIRouter(prefix="/chat", include_in_schema=False, dependencies=[Depends(verify_csrf)])

    async def door(
        request: Request, who: Principal | None, kept: Kept, *, vouched: bool
    ) -> HTMLResponse:
        signed_in = who is not None and who.signed_in
        begun = await store.live_of_customer(f"member:{who.id}") if who and signed_in else None
        return pages.render(
            request,
            "chat/door.html",
            hours=hours_of(schedules, pages.language(request), clock()),
            embed=kept.embed,
            query=kept.query(),
            known=signed_in or (kept.embed and vouched),
            begun=begun["id"] if begun else "",
            page="",
            form=web.Form(),
        )

    async def shown(
        request: Request,
        who: Principal | None,
        chat: str,
        kept: Kept,
        *,
        form: web.Form | None = None,
        said: str = "",
    ) -> HTMLResponse:
        """The chat; with `form`, as it was typed, what was refused."""
        history = await talking.history(who, chat)
        state = folded(history.messages)
        place = await places.of(state)
        return pages.render(
            request,
            "chat/window.html",
            status=422 if form and (form.errors or form.message) else 200,
            **window.view(history, state, who),
            token=kept.token,
            embed=kept.embed,
            csrf=csrf_token(request),
            query=kept.query(),
            query_bare=Kept("", kept.embed, kept.lang).query(),
            chat_query=kept.query(chat=chat),
            token_query=Kept(kept.token, False, "").query(),
            place=place.shown() if place else None,
            hours=hours_of(schedules, state.language, clock()),
            code_step=window.code_step(state, clock()),
            client_id=new_id(),
            form=form or web.Form(),
            said=said,
            # Called by the template, because only there it is known in which language.
            words=window.words,
            ticks=window.ticks,
            wait=window.wait,
        )

    @site.get("")
    async def at(
        request: Request,
        who: Viewer,
        kept: Carried,
        chat: Annotated[str, Query(pattern="^([0-9a-f]{32})?$")] = "",
        vouched: bool = False,
    ) -> HTMLResponse:
        """The ways in (R5), or the chat. `vouched`: the page around it says who this is."""
        if chat:
            return await shown(request, who, chat, kept)
        return await door(request, who, kept, vouched=vouched)

    @site.get("/history")
    async def earlier(
        request: Request,
        who: Annotated[Principal, Depends(require())],
        before: Annotated[int | None, Query(ge=1)] = None,
    ) -> HTMLResponse:
        """A member's chats, newest first (R11)."""
        rows = await store.of_customer(f"member:{who.id}", before=before, limit=AT_ONCE)
        older = rows[-1]["sequence"] if len(rows) == AT_ONCE else None
        return pages.render(request, "chat/history.html", chats=rows, older=older)

    @site.get("/transcript")
    async def copy(
        request: Request,
        who: Viewer,
        kept: Carried,
        chat: Annotated[str, Query(pattern="^[0-9a-f]{32}$")],
    ) -> HTMLResponse:
        """To print (R11)."""
        history = await talking.history(who, chat)
        lines = list(window.copied(history.messages))
        return pages.render(request, "chat/transcript.html", lines=lines, number=number("S", chat))

    @site.get("/embed.js")
    async def loader() -> Response:
        """The one-line script for other pages."""
        return embedding.loader(pages)

    @site.post("/begin")
    async def begin(
        request: Request,
        who: Viewer,
        kept: Carried,
        way: Annotated[Literal["bot", "operator"], Form()],
        name: Annotated[str, Form(max_length=200)] = "",
        email: Address = "",
        page: Annotated[str, Form(max_length=500)] = "",
    ) -> RedirectResponse:
        begun = await talking.begin(
            who,
            way=way,
            language=pages.language(request),
            name=name.strip(),
            email=email.strip() if EMAIL.fullmatch(email.strip()) else "",
            page=page,
            key=None,
            address=request.client.host if request.client else "",
        )
        return _to(begun.chat.id, kept._replace(token=begun.token or ""))

    @site.post("/say")
    async def say(
        request: Request, who: Viewer, kept: Carried, chat: Chat, client_id: ClientId,
        text: Text = "",
    ) -> Response:  # fmt: skip
        if not text.strip():
            return _to(chat, kept)
        try:
            await talking.post(who, chat, client_id=client_id, text=text.strip())
        except Refused as refused:
            return await _again(request, who, chat, kept, {"text": text}, refused)
        return _to(chat, kept)

    @site.post("/operator")
    async def operator(who: Viewer, kept: Carried, chat: Chat) -> RedirectResponse:
        await talking.call_operator(who, chat)
        return _to(chat, kept)

    @site.post("/bot")
    async def bot(who: Viewer, kept: Carried, chat: Chat) -> RedirectResponse:
        await talking.call_bot(who, chat)
        return _to(chat, kept)

    @site.post("/leave-message")
    async def leave(
        request: Request, who: Viewer, kept: Carried, chat: Chat, client_id: ClientId,
        text: Text = "", email: Address = "",
    ) -> Response:  # fmt: skip
        typed = {"text": text, "email": email}
        errors = {} if text.strip() else {"text": _("Write your message.")}
        if not EMAIL.fullmatch(email.strip()):
            errors["email"] = _("Give the address that the answer is to be mailed to.")
        if errors:
            form = web.Form.of(typed, errors=errors)
            return await shown(request, who, chat, kept, form=form)
        try:
            await talking.leave_message(
                who, chat, client_id=client_id, text=text.strip(), email=email.strip()
            )
        except Refused as refused:
            return await _again(request, who, chat, kept, typed, refused)
        return _to(chat, kept)

    @site.post("/end")
    async def end(who: Viewer, kept: Carried, chat: Chat) -> RedirectResponse:
        await talking.end(who, chat)
        return _to(chat, kept)

    @site.post("/rate")
    async def rate(
        request: Request, who: Viewer, kept: Carried, chat: Chat,
        score: Annotated[int, Form(ge=1, le=5)],
        comment: Annotated[str, Form(max_length=2000)] = "",
    ) -> Response:  # fmt: skip
        stars = cast("Literal[1, 2, 3, 4, 5]", score)
        await talking.rate(who, chat, score=stars, comment=comment.strip())
        return await shown(request, who, chat, kept, said=_("Thank you for your rating."))

    @site.post("/mail")
    async def mail(
        request: Request, who: Viewer, kept: Carried, chat: Chat, to: Address = ""
    ) -> Response:
        """A copy by mail (R11)."""
        try:
            await talking.mail_transcript(
                who, chat, to_address=to.strip(), language=pages.language(request)
            )
        except Refused as refused:
            return await _again(request, who, chat, kept, {"to": to}, refused)
        return await shown(request, who, chat, kept, said=_("The copy is on its way."))

    @site.post("/code")
    async def code(
        request: Request, who: Viewer, kept: Carried, chat: Chat, address: Address = ""
    ) -> Response:
        """A guest proves an address: six digits are mailed."""
        typed = {"address": address}
        if not EMAIL.fullmatch(address.strip()):
            errors = {"address": _("This is not an e-mail address.")}
            form = web.Form.of(typed, errors=errors)
            return await shown(request, who, chat, kept, form=form)
        try:
            await talking.request_code(who, chat, email=address.strip())
        except Refused as refused:
            return await _again(request, who, chat, kept, typed, refused)
        return _to(chat, kept)

    @site.post("/code/try")
    async def try_code(
        request: Request, who: Viewer, kept: Carried, chat: Chat,
        code: Annotated[str, Form(max_length=20)] = "",
    ) -> Response:  # fmt: skip
        digits = "".join(str(int(each)) for each in code if each.isdigit())
        try:
            await talking.try_code(who, chat, digits=digits)
        except Refused as refused:
            form = web.Form.of({"code": code}, errors={"code": refused.detail})
            return await shown(request, who, chat, kept, form=form)
        return await shown(request, who, chat, kept, said=_("Thank you: it is your address."))

    @site.post("/identify")
    async def identify(
        who: Annotated[Principal, Depends(require())], kept: Carried, chat: Chat
    ) -> RedirectResponse:
        """Somebody who began as a guest has signed in: the chat becomes theirs."""
        await talking.identify(who, chat, token=kept.token)
        return _to(chat, kept)

    @site.post("/complain")
    async def complain(
        who: Viewer,
        chat: Chat,
        consent: Annotated[bool, Form()] = False,
        product_link: Annotated[str, Form(max_length=2000)] = "",
    ) -> RedirectResponse:
        """R14: into the wizard, with what the chat knows."""
        history = await talking.history(who, chat)
        url, _seq = await complaining.begin(
            history, product_link=product_link.strip(), consent=consent, by="customer"
        )
        return RedirectResponse(url, 303)

    async def _again(
        request: Request,
        who: Principal | None,
        chat: str,
        kept: Kept,
        typed: dict[str, str],
        refused: Refused,
    ) -> Response:
        """The chat with what was typed, and why it was refused."""
        return await shown(request, who, chat, kept, form=web.Form.refused(typed, refused))

    return site


def _to(chat: str, kept: Kept) -> RedirectResponse:
    return RedirectResponse(f"/chat{kept.query(chat=chat)}#end", 303)
