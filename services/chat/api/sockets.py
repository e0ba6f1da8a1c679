"""What is live: WebSockets, and event streams with POST where sockets are blocked.

`GET /api/v1/chats/{chat_id}/socket?after=<seq>[&token=<token>][&lang=<code>]` (customer) and
`GET /api/v1/chats/desk/socket` (staff) are WebSockets. Every frame is a JSON object with `t`.

From the server:

- `{"t":"history","chat","seq","events":[…]}` first, and after each join: what came after `after`.
- `{"t":"events","chat","seq","at","events":[…]}` one message of the log, in order, each once.
- `{"t":"ack","id":<client_id>,"seq","message"}` a message is in the log: the sender's tick.
- `{"t":"refused","id","problem":{…}}` it was turned down; `problem` is RFC 9457, with
  `retry_after` (seconds) for `too-fast`.
- `{"t":"place","chat","position","low","high","beyond_closing"}` on every change while waiting.
- `{"t":"typing","chat","role","name"}`: shown for five seconds, never stored.
- `{"t":"desk",…}` (staff) as `GET /api/v1/chats/desk`: shift, offers, chats at hand.
- `{"t":"queue",…}` (staff) as `GET /api/v1/chats/desk/queue`.
- `{"t":"pong"}`

From the client:

- `{"t":"post","id":<client_id>,"text","attachments":[…][,"chat"]}`; resend until acknowledged.
- `{"t":"read","seq"[,"chat"]}`, `{"t":"delivered","seq"[,"chat"]}`, `{"t":"typing"[,"chat"]}`
- `{"t":"ping"}` at least every 15 seconds: the heartbeat. 60 seconds of silence cost a customer
  the place in the queue (which is kept for five minutes more), 30 an operator their new offers.
- `{"t":"watch","chat"[,"after"]}`, `{"t":"unwatch","chat"}` (staff): follow any chat; those at
  hand are followed by themselves.

`chat` is needed on staff's socket only. The server closes with 1013 when the client reads too
slowly: come back with the last `seq`. 4401 and 4403: not signed in, or not yours.

Where sockets are blocked: `GET /api/v1/chats/{chat_id}/events` and `/api/v1/chats/desk/events` are
event streams of the same frames (`Last-Event-ID` or `after` is the sequence to go on from), and
everything that is sent has a POST in `api.customers` and `api.desk`.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Header, Query, WebSocket
from fastapi.responses import StreamingResponse
from prometheus_client import Gauge
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from contracts.codec import Message
from contracts.envelope import aggregate_of
from services.chat.api import bodies
from services.chat.board import Board, chat_aggregate
from services.chat.desk import Desk
from services.chat.hub import Hub, Listener, dumped, nobody
from services.chat.limits import Limits
from services.chat.presence import Presence
from services.chat.router import Router
from services.chat.talking import Talking
from services.chat.views import Staff, desk_of, live
from services.runtime.auth import Principal, Viewer, auth_of, current
from services.runtime.auth.refusals import SignInRequired
from services.runtime.clock import Clock
from services.runtime.locales import LANGUAGES
from services.runtime.problems import Refused, Unauthenticated, invalid, problem
from services.runtime.sentences import gettext as _
from services.runtime.sentences import localised
from services.runtime.tasks import end
from services.runtime.web import languages_wanted, translations_of
from services.runtime.web.text import negotiate

log = structlog.get_logger(__name__)

LONGEST_FRAME: Final = 32_000
SILENCE_SECONDS: Final = 75.0
"""A socket that says nothing for so long is dead: clients ping every 15 seconds."""
KEEP_ALIVE_SECONDS: Final = 15.0
TOGETHER_SECONDS: Final = 0.2
SLOW, NOT_SIGNED_IN, NOT_YOURS, GONE = 1013, 4401, 4403, 4404

SOCKETS = Gauge("redress_chat_sockets", "Open sockets and event streams", ["side"])

Answer = Callable[[dict[str, Any]], Awaitable[None]]


def router(
    *,
    talking: Talking,
    desk: Desk,
    hub: Hub,
    board: Board,
    presence: Presence,
    routing: Router,
    limits: Limits,
    clock: Clock,
) -> APIRouter:
    api = APIRouter(prefix="/api/v1/chats")
    queue = QueueFrame(board, presence, clock=clock)

    @api.websocket("/desk/socket")
    async def desk_socket(socket: WebSocket) -> None:
        who = await _admitted_staff(socket)
        if who is None:
            return
        listener = Listener("staff")
        desk_side = DeskSide(who, listener, desk=desk, hub=hub, board=board, queue=queue)

        async def on_frame(frame: dict[str, Any]) -> None:
            await routing.heard_operator(who.id)
            await desk_side.on_frame(frame, limits)

        await socket.accept()
        with SOCKETS.labels("staff").track_inprogress():
            await routing.heard_operator(who.id)
            async with desk_side.following():
                await Line(socket, listener).serve(on_frame)

    @api.websocket("/{chat_id}/socket")
    async def socket(socket: WebSocket, chat_id: str, after: int = 0) -> None:
        try:
            who = _who(socket)
            chat = await talking.admitted(who, chat_id)
        except Refused as refused:
            await _turn_away(socket, refused)
            return
        assert chat.customer is not None
        customer = chat.customer
        listener = Listener("customer")

        async def on_frame(frame: dict[str, Any]) -> None:
            await routing.heard_customer(chat_id)
            match frame.get("t"):
                case "post":
                    body = _body(frame)
                    posted = await talking.post(
                        who,
                        chat_id,
                        client_id=body.client_id,
                        text=body.text,
                        attachments=body.attachments,
                    )
                    _acknowledge(listener, body.client_id, posted.sequence, posted.message_id)
                case "read" | "delivered" as kind:
                    mark = bodies.Mark(kind=kind, seq=frame.get("seq", 0))
                    await talking.mark(who, chat_id, kind=mark.kind, sequence=mark.seq)
                case "typing":
                    if limits.may_tell_typing(chat_id):
                        await hub.type(chat_id, role="customer", name=customer.name)
                case "ping":
                    listener.say({"t": "pong"})
                    await hub.check(chat_id, board.version(chat_aggregate(chat_id)))

        await socket.accept()
        with SOCKETS.labels("customer").track_inprogress():
            try:
                await routing.heard_customer(chat_id)
                await hub.join(chat_id, listener, after=after)
                await Line(socket, listener).serve(on_frame)
            finally:
                hub.leave(chat_id, listener)

    @api.get("/desk/events", tags=["desk"])
    async def desk_events(who: Staff) -> StreamingResponse:
        """Staff's frames as an event stream; see the sockets' description."""
        listener = Listener("staff")
        desk_side = DeskSide(who, listener, desk=desk, hub=hub, board=board, queue=queue)

        async def frames() -> AsyncIterator[str]:
            with SOCKETS.labels("staff").track_inprogress():
                async with desk_side.following():
                    async for text in _stream(listener, lambda: routing.heard_operator(who.id)):
                        yield text

        return _event_stream(frames())

    @api.post("/desk/heartbeat", status_code=204, tags=["desk"])
    async def heartbeat(who: Staff) -> None:
        """For staff without a socket or an event stream."""
        await routing.heard_operator(who.id)

    @api.get("/{chat_id}/events", tags=["chats"])
    async def events(
        chat_id: str,
        viewer: Viewer,
        after: Annotated[int, Query(ge=0)] = 0,
        last_event_id: Annotated[int | None, Header()] = None,
    ) -> StreamingResponse:
        """The customer's frames as an event stream; see the sockets' description. While it is
        open, the customer counts as present."""
        await talking.admitted(viewer, chat_id)
        listener = Listener("customer")

        async def frames() -> AsyncIterator[str]:
            with SOCKETS.labels("customer").track_inprogress():
                try:
                    await hub.join(chat_id, listener, after=last_event_id or after)
                    async for text in _stream(listener, lambda: routing.heard_customer(chat_id)):
                        yield text
                finally:
                    hub.leave(chat_id, listener)

        return _event_stream(frames())

    @api.post("/{chat_id}/typing", status_code=204, tags=["chats"])
    async def typing(chat_id: str, viewer: Viewer) -> None:
        """For those without a socket; told to whoever looks, and forgotten."""
        chat = await talking.admitted(viewer, chat_id)
        await routing.heard_customer(chat_id)
        if limits.may_tell_typing(chat_id) and chat.customer:
            await hub.type(chat_id, role="customer", name=chat.customer.name)

    return api


class QueueFrame:
    """The queue and the live figures, made for all desks together: on a change, and each second."""

    def __init__(self, board: Board, presence: Presence, *, clock: Clock) -> None:
        self._board = board
        self._presence = presence
        self._clock = clock
        self._made: tuple[int, int] = (-1, -1)
        self._text = ""

    def text(self) -> str:
        now = self._clock()
        made = (self._board.changes, int(now.timestamp()))
        if made != self._made:
            self._made = made
            self._text = dumped({"t": "queue", **live(self._board, self._presence, now=now)})
        return self._text


class DeskSide:
    """One member of staff's end: their own desk, the queue, and the chats that they follow."""

    def __init__(
        self,
        who: Principal,
        listener: Listener,
        *,
        desk: Desk,
        hub: Hub,
        board: Board,
        queue: QueueFrame,
    ) -> None:
        self._who = who
        self._listener = listener
        self._desk = desk
        self._hub = hub
        self._board = board
        self._queue = queue
        self._said: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._mine_changed = True
        self._watched: set[str] = set()
        self._joined: set[str] = set()

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Keeps the listener up to date for as long as the block lasts."""
        self._board.on_change.add(self._on_change)
        self._changed.set()
        task = asyncio.create_task(self._follow(), name=f"desk {self._who.id}")
        try:
            yield
        finally:
            self._board.on_change.remove(self._on_change)
            await end(task)
            for chat_id in list(self._joined):
                self._hub.leave(chat_id, self._listener)

    def _on_change(self, message: Message) -> None:
        """Everybody sees the queue; one's own desk is made anew only for what is on it."""
        changed = aggregate_of(message.subject).id
        self._mine_changed |= changed == self._who.id or changed in self._joined
        self._changed.set()

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._tell()
            except Refused as refused:
                log.info("desk.refused", why=refused.detail)
            # Changes that follow one another are told as one.
            await asyncio.sleep(TOGETHER_SECONDS)

    async def _tell(self) -> None:
        if self._mine_changed:
            self._mine_changed = False
            try:
                await self._tell_mine()
            except Refused:
                self._mine_changed = True
                raise
        self._say(self._queue.text())

    async def _tell_mine(self) -> None:
        mine = await desk_of(self._desk, self._board, self._who.id)
        at_hand = {each["chat_id"] for each in (*mine["offers"], *mine["chats"])}
        new = (at_hand | self._watched) - self._joined
        self._joined |= new  # before the log is asked: what becomes of them meanwhile is ours
        try:
            for chat_id in new:
                await self._hub.join(chat_id, self._listener, after=0)
        except Refused:
            self._joined -= new
            raise
        for chat_id in self._joined - at_hand - self._watched:
            self._joined.discard(chat_id)
            self._hub.leave(chat_id, self._listener)
        self._say(dumped({"t": "desk", **mine}))

    def _say(self, text: str) -> None:
        """What was said last is not said again: a desk reads itself anew for every frame."""
        kind = text[: text.index(",")]
        if self._said.get(kind) != text:
            self._said[kind] = text
            self._listener.put(text)

    async def on_frame(self, frame: dict[str, Any], limits: Limits) -> None:
        chat_id = str(frame.get("chat", ""))
        match frame.get("t"):
            case "post":
                body = _body(frame)
                posted = await self._desk.post(
                    self._who,
                    chat_id,
                    client_id=body.client_id,
                    text=body.text,
                    attachments=body.attachments,
                )
                _acknowledge(self._listener, body.client_id, posted.sequence, posted.message_id)
            case "read" | "delivered" as kind:
                mark = bodies.Mark(kind=kind, seq=frame.get("seq", 0))
                await self._desk.mark(self._who, chat_id, kind=mark.kind, sequence=mark.seq)
            case "typing":
                if chat_id in self._joined and limits.may_tell_typing(f"{self._who.id}/{chat_id}"):
                    await self._hub.type(chat_id, role="operator", name=self._who.name)
            case "watch":
                await self._desk.history(chat_id)
                self._watched.add(chat_id)
                if chat_id not in self._joined:
                    self._joined.add(chat_id)
                    await self._hub.join(chat_id, self._listener, after=int(frame.get("after", 0)))
            case "unwatch":
                self._watched.discard(chat_id)
                self._mine_changed = True
                self._changed.set()
            case "ping":
                self._listener.say({"t": "pong"})
                for each in tuple(self._joined):
                    await self._hub.check(each, self._board.version(chat_aggregate(each)))


def _who(socket: WebSocket) -> Principal | None:
    """Who opened the socket. A browser sends cookies with a socket to whomever asks, so one with a
    session must come from our own pages; the chat's token is proof enough by itself."""
    origin = socket.headers.get("origin")
    auth = auth_of(socket)
    if "token" not in socket.query_params and origin and origin != auth.public_url:
        raise SignInRequired(_("Sockets are opened by our own pages only."))
    return current(socket)


async def _admitted_staff(socket: WebSocket) -> Principal | None:
    try:
        who = _who(socket)
    except Refused as refused:
        await _turn_away(socket, refused)
        return None
    if who is None or not who.signed_in:
        await _turn_away(socket, SignInRequired(_("Sign in to go on.")))
        return None
    if not who.may("operator", "supervisor"):
        await socket.accept()
        await socket.close(NOT_YOURS, "This needs the role operator.")
        return None
    return who


async def _turn_away(socket: WebSocket, refused: Refused) -> None:
    """Accepted first, so that a browser's script learns the reason."""
    code = {401: NOT_SIGNED_IN, 403: NOT_YOURS, 404: GONE}.get(refused.status, SLOW)
    if isinstance(refused, Unauthenticated):
        code = NOT_SIGNED_IN
    await socket.accept()
    await socket.close(code, refused.detail[:120])


class Line:
    """Both directions of one socket, until either side goes.

    It reads in the task that the server made for it, and writes in another one only while there is
    something to write: idle sockets are nearly all there are.
    """

    def __init__(self, socket: WebSocket, listener: Listener) -> None:
        self._socket = socket
        self._listener = listener
        self._patience = asyncio.timeout(SILENCE_SECONDS)
        self._writing: asyncio.Task[None] | None = None

    async def serve(self, on_frame: Answer) -> None:
        try:
            async with self._patience:
                self._listener.on_frame = self._write_soon
                self._write_soon()
                while True:
                    text = await self._socket.receive_text()
                    self._patience.reschedule(_from_now(SILENCE_SECONDS))
                    await self._answer(text, on_frame)
        except (TimeoutError, WebSocketDisconnect):
            pass
        except Exception as error:
            log.info("socket.failed", why=repr(error))
        finally:
            self._listener.on_frame = nobody
            if self._writing is not None:
                await end(self._writing)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(SLOW if self._listener.overrun else 1000)

    def _end(self) -> None:
        """Whatever `serve` waits for."""
        self._listener.on_frame = nobody
        if not self._patience.expired():
            self._patience.reschedule(_from_now(0))

    def _write_soon(self) -> None:
        if self._listener.overrun:
            self._end()
        elif self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            while frames := self._listener.take():
                for text, _ in frames:
                    await self._socket.send_text(text)
            self._writing = None
        except (RuntimeError, WebSocketDisconnect):
            self._end()

    async def _answer(self, text: str, on_frame: Answer) -> None:
        frame: dict[str, Any] = {}
        try:
            frame = _parsed(text)
            await on_frame(frame)
        except Refused as refused:
            told = _told(self._socket, refused)
            self._listener.say({"t": "refused", "id": frame.get("id"), "problem": told})
        except ValidationError as error:
            told = _told(self._socket, invalid(error.errors(include_url=False)))
            self._listener.say({"t": "refused", "id": frame.get("id"), "problem": told})


def _from_now(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def _told(socket: WebSocket, refused: Refused) -> dict[str, Any]:
    """The refusal in the language of the page that the socket belongs to."""
    language = negotiate(languages_wanted(socket, _who(socket)), tuple(LANGUAGES))
    document = problem(refused, instance="socket")
    told: dict[str, Any] = localised(document, translations_of(socket.app)[language], language)
    return told


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_FRAME:
        raise ProtocolRefused(_("A frame is too long."))
    try:
        frame = json.loads(text)
    except ValueError:
        frame = None
    if not isinstance(frame, dict):
        raise ProtocolRefused(_("A frame is a JSON object with `t`."))
    return frame


class ProtocolRefused(Refused):
    status = 400
    title = _("This frame is not understood")


def _body(frame: dict[str, Any]) -> bodies.Post:
    body = bodies.Post.model_validate(
        {
            "client_id": frame.get("id"),
            "text": frame.get("text", ""),
            "attachments": frame.get("attachments", ()),
        }
    )
    if not body.text and not body.attachments:
        raise ProtocolRefused(_("Write something, or attach a file."))
    return body


def _acknowledge(listener: Listener, client_id: str, sequence: int, message_id: str) -> None:
    listener.say({"t": "ack", "id": client_id, "seq": sequence, "message": message_id})


async def _stream(listener: Listener, heard: Callable[[], Awaitable[None]]) -> AsyncIterator[str]:
    """Frames as server-sent events. An open stream is a heartbeat, for as long as it can be
    written to; the event's id is the sequence to go on from."""
    come = asyncio.Event()
    listener.on_frame = come.set
    while not listener.overrun:
        await heard()
        for text, sequence in listener.take():
            yield (f"id: {sequence}\n" if sequence else "") + f"data: {text}\n\n"
        try:
            async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                await come.wait()
        except TimeoutError:
            yield ": still here\n\n"
        come.clear()


def _event_stream(frames: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(
        frames,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


__all__ = ["router"]
