"""Fan-out: what is stored in a chat reaches every socket that looks at it, by core NATS subjects.

A replica has one subscription to the stream's republished messages, however many chats and sockets
there are; a room is one chat as this replica's sockets see it. Each message tells its own sequence
and the one before it on the same chat, so a gap is seen at once and filled from the log; a message
that was lost without a follower is found by the listener's next ping. A listener that does not read
is let go: it comes back with the last sequence it saw.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from nats.aio.msg import Msg

from contracts.codec import Message, Undecodable, decode
from contracts.streams import LIVE, PULSE
from services.chat.board import chat_aggregate
from services.chat.shown import Audience, show, show_all
from services.runtime.bus import Bus
from services.runtime.events import EventStore
from services.runtime.problems import Unavailable

log = structlog.get_logger(__name__)

WAITING_FRAMES: Final = 256
"""Frames that a listener may be behind before it is let go."""
TYPING: Final = f"{PULSE}.chat.typing"

Frame = dict[str, Any]


class Listener:
    """One socket's, or event stream's, end of the hub. Frames come out as JSON text.

    There are thousands: no queues and events of asyncio, which take two kilobytes each.
    """

    __slots__ = ("_frames", "audience", "on_frame", "overrun")

    def __init__(self, audience: Audience) -> None:
        self.audience: Audience = audience
        self.overrun = False
        """It did not read, and has missed frames."""
        self.on_frame: Callable[[], None] = nobody
        """Called when there is something to take, or the listener is overrun."""
        self._frames: list[tuple[str, int]] = []

    def put(self, text: str, sequence: int = 0) -> None:
        """`sequence` is where a frame of the log stands, 0 for one that is of the moment."""
        if len(self._frames) < WAITING_FRAMES:
            self._frames.append((text, sequence))
        else:
            self.overrun = True
        self.on_frame()

    def say(self, frame: Frame, sequence: int = 0) -> None:
        self.put(dumped(frame), sequence)

    def take(self) -> list[tuple[str, int]]:
        """The frames that came since the last time, each with its sequence."""
        taken, self._frames = self._frames, []
        return taken


def nobody() -> None:
    pass


class _Room:
    """`busy` counts who reads the log for it, or waits to."""

    __slots__ = ("busy", "chat_id", "last", "listeners", "turn")

    def __init__(self, chat_id: str) -> None:
        self.chat_id = chat_id
        self.listeners: tuple[Listener, ...] = ()
        self.last = 0
        self.busy = 0
        self.turn = asyncio.Lock()


class Hub:
    """The rooms of this replica."""

    def __init__(self, bus: Bus, events: EventStore) -> None:
        self._bus = bus
        self._events = events
        self._rooms: dict[str, _Room] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        bus.on_reconnect.add(self._on_reconnect)

    async def start(self) -> None:
        await self._bus.hear(f"{LIVE}.chat.>", self._on_stored)
        await self._bus.hear(f"{TYPING}.*", self._on_typing)

    def watched(self) -> list[str]:
        """The chats that a socket of this replica looks at."""
        return [room.chat_id for room in self._rooms.values() if room.listeners]

    def listening(self, chat_id: str) -> tuple[Listener, ...]:
        room = self._rooms.get(chat_id)
        return room.listeners if room else ()

    async def join(self, chat_id: str, listener: Listener, *, after: int) -> None:
        """From now on the listener gets everything after sequence `after`, in order, once.

        Raises Unavailable.
        """
        # The room is there before the history is read: what is stored meanwhile is read after it.
        room = self._rooms.get(chat_id)
        if room is None:
            room = self._rooms[chat_id] = _Room(chat_id)
        async with self._turn(room):
            history = await self._events.read(chat_aggregate(chat_id))
            self._send(room, history.messages)
            self._catch_up(room, listener, history.messages, after)
            if listener not in room.listeners:
                room.listeners = (*room.listeners, listener)

    def leave(self, chat_id: str, listener: Listener) -> None:
        room = self._rooms.get(chat_id)
        if room is not None:
            room.listeners = tuple(each for each in room.listeners if each is not listener)
            self._close_if_empty(room)

    async def type(self, chat_id: str, *, role: str, name: str) -> None:
        """Somebody is typing: told to whoever looks, and forgotten."""
        frame = {"t": "typing", "chat": chat_id, "role": role, "name": name}
        await self._bus.say(f"{TYPING}.{chat_id}", json.dumps(frame).encode())

    async def check(self, chat_id: str, sequence: int) -> None:
        """The log is known to be at `sequence` in this chat: have the listeners seen it?"""
        room = self._rooms.get(chat_id)
        if room is not None and room.last < sequence:
            await self._catch_up_to(room, sequence)

    async def _on_typing(self, raw: Msg) -> None:
        text = raw.data.decode()
        for listener in self.listening(_chat_of(raw)):
            listener.put(text)

    async def _on_stored(self, raw: Msg) -> None:
        """Never waits: this is the one way of all rooms."""
        room = self._rooms.get(_chat_of(raw))
        if room is None:
            return
        headers = raw.headers or {}
        sequence, before = int(headers["Nats-Sequence"]), int(headers["Nats-Last-Sequence"])
        if sequence <= room.last:
            return
        if room.busy or before > room.last:
            self._soon(room, sequence)
            return
        try:
            self._send(room, [decode(raw.data, sequence=sequence)])
        except Undecodable as error:
            log.error("hub.undecodable", chat=room.chat_id, why=str(error))
            room.last = sequence

    def _on_reconnect(self) -> None:
        """What was said while the connection was away was not heard."""
        for room in self._rooms.values():
            self._soon(room, room.last + 1)

    def _soon(self, room: _Room, sequence: int) -> None:
        task = asyncio.create_task(self._catch_up_to(room, sequence))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _catch_up_to(self, room: _Room, sequence: int) -> None:
        async with self._turn(room):
            if room.last >= sequence:
                return
            try:
                history = await self._events.read(chat_aggregate(room.chat_id), after=room.last)
            except Unavailable:
                return  # the next message, ping or reconnection tries again
            self._send(room, history.messages)

    @asynccontextmanager
    async def _turn(self, room: _Room) -> AsyncIterator[None]:
        room.busy += 1
        try:
            async with room.turn:
                yield
        finally:
            room.busy -= 1
            self._close_if_empty(room)

    def _close_if_empty(self, room: _Room) -> None:
        if not room.listeners and not room.busy:
            self._rooms.pop(room.chat_id, None)

    def _send(self, room: _Room, messages: Iterable[Message]) -> None:
        """To every listener, what comes after the last message that they were sent."""
        for message in messages:
            if message.sequence <= room.last:
                continue
            room.last = message.sequence
            texts: dict[Audience, str | None] = {}
            for listener in room.listeners:
                audience = listener.audience
                if audience not in texts:
                    texts[audience] = _frame(room.chat_id, message, audience)
                if (text := texts[audience]) is not None:
                    listener.put(text, message.sequence)

    def _catch_up(
        self, room: _Room, listener: Listener, messages: Iterable[Message], after: int
    ) -> None:
        missed = show_all(messages, listener.audience)
        listener.say(
            {
                "t": "history",
                "chat": room.chat_id,
                "seq": room.last,
                "events": [event for event in missed if event["seq"] > after],
            },
            room.last,
        )


def _chat_of(raw: Msg) -> str:
    return raw.subject.rsplit(".", 1)[1]


def _frame(chat_id: str, message: Message, audience: Audience) -> str | None:
    events = show(message, audience)
    if not events:
        return None
    frame = {
        "t": "events",
        "chat": chat_id,
        "seq": message.sequence,
        "at": message.meta.time.isoformat(),
        "events": events,
    }
    return dumped(frame)


def dumped(frame: Frame) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
