"""`/desk`: the operator's offers and chats, as forms; `desk.js` keeps it up to date and alive."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.requests import Request

from contracts.ids import new_id
from services.chat import shown
from services.chat.board import Board
from services.chat.desk import Desk
from services.chat.presence import Presence
from services.chat.state import Phase
from services.chat.store import Store
from services.chat.talking import MESSAGE_LIMIT, folded
from services.chat.views import Staff, desk_of, live
from services.runtime.auth import verify_csrf
from services.runtime.clock import Clock
from services.runtime.web import Pages

Id = Annotated[str, Form(alias="chat", pattern="^[0-9a-f]{32}$")]
BLANK = {"name": "", "text": "", "redacted": False, "sources": (), "role": "", "whisper": False}
SHOWN = {"message", "answer", "left_message", "note", "connected", "ended", "abandoned", "handoff"}


def router(
    pages: Pages, desk: Desk, board: Board, presence: Presence, store: Store, *, clock: Clock
) -> APIRouter:
    site = APIRouter(prefix="/desk", include_in_schema=False, dependencies=[Depends(verify_csrf)])

    @site.get("")
    async def overview(
        request: Request,
        who: Staff,
        chat: Annotated[str, Query(pattern="^([0-9a-f]{32})?$")] = "",
    ) -> HTMLResponse:
        state, lines = None, []
        if chat:
            history = await desk.history(chat)
            state = folded(history.messages)
            lines = [
                {**BLANK, **each}
                for each in shown.show_all(history.messages, "staff")
                if each["type"] in SHOWN
            ]
        return pages.render(
            request,
            "chat/desk.html",
            **await desk_of(desk, board, who.id),
            queue=live(board, presence, now=clock()),
            left=await store.left_messages(),
            chat=state,
            mine=state is not None and state.operator_id == who.id,
            connected=state is not None and state.phase is Phase.CONNECTED,
            wrapping=state is not None and state.phase is Phase.WRAP_UP,
            lines=lines,
            client_id=new_id(),
        )

    @site.post("/shift")
    async def shift(who: Staff, do: Annotated[str, Form()]) -> RedirectResponse:
        act = {"start": desk.start_shift, "away": desk.go_away, "end": desk.end_shift}
        if do in act:
            await act[do](who)
        return _to("")

    @site.post("/accept")
    async def accept(
        who: Staff, chat: Id, greeting: Annotated[str, Form(max_length=200)] = ""
    ) -> RedirectResponse:
        await desk.accept(who, chat, greeting=greeting.strip())
        return _to(chat)

    @site.post("/decline")
    async def decline(who: Staff, chat: Id) -> RedirectResponse:
        await desk.decline(who, chat)
        return _to("")

    @site.post("/take")
    async def take(who: Staff, chat: Id) -> RedirectResponse:
        await desk.take(who, chat)
        return _to(chat)

    @site.post("/say")
    async def say(
        who: Staff,
        chat: Id,
        client_id: Annotated[str, Form(pattern="^[A-Za-z0-9_-]{1,64}$")],
        text: Annotated[str, Form(max_length=MESSAGE_LIMIT)] = "",
    ) -> RedirectResponse:
        if text.strip():
            await desk.post(who, chat, client_id=client_id, text=text.strip())
        return _to(chat)

    @site.post("/end")
    async def end(who: Staff, chat: Id) -> RedirectResponse:
        await desk.end(who, chat)
        return _to(chat)

    @site.post("/wrap-up")
    async def wrap_up(
        who: Staff,
        chat: Id,
        code: Annotated[str, Form(min_length=1, max_length=200)],
        note: Annotated[str, Form(max_length=2000)] = "",
    ) -> RedirectResponse:
        await desk.wrap_up(who, chat, code=code.strip(), note=note.strip())
        return _to("")

    return site


def _to(chat: str) -> RedirectResponse:
    return RedirectResponse(f"/desk?chat={chat}#end" if chat else "/desk", 303)
