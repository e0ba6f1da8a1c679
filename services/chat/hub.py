"""Fan-out: what is stored in a chat reaches every socket that looks at it, by core NATS subjects.

A room is one chat as this replica's sockets see it: one subscription to the stream's republished
messages, however many listen. Each of them tells its own sequence and the one before it on the
same chat, so a gap is seen at once and filled from the log; a message that was lost without a
follower is found by the listener's next ping. A listener that does not read is let go: it comes
back with the last sequence it saw.
"""

import asyncio
import json
from collections.abc import Iterable
from typing import Any, Final

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

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

Frame = dict[str, Any]


class Listener:
    """One socket's, or event stream's, end of the hub. Frames come out as JSON text."""

    def __init__(self, audience: Audience) -> None:
        self.audience: Audience = audience
        self.overrun = asyncio.Event()
        self._frames: asyncio.Queue[tuple[str, int]] = asyncio.Queue(WAITING_FRAMES)

    def put(self, text: str, sequence: int = 0) -> None:
        """`sequence` is where a frame of the log stands, 0 for one that is of the moment."""
        try:
            self._frames.put_nowait((text, sequence))
        except asyncio.QueueFull:
            self.overrun.set()

    def say(self, frame: Frame, sequence: int = 0) -> None:
        self.put(dumped(frame), sequence)

    async def next(self) -> tuple[str, int]:
        """The next frame, and its sequence."""
        return await self._frames.get()


class _Room:
    def __init__(self, chat_id: str) -> None:
        self.chat_id = chat_id
        self.listeners: set[Listener] = set()
        self.last = 0
        self.subscriptions: list[Subscription] = []
        self.turn = asyncio.Lock()


class Hub:
    """The rooms of this replica."""

    def __init__(self, bus: Bus, events: EventStore) -> None:
        self._bus = bus
        self._events = events
        self._rooms: dict[str, _Room] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        bus.on_reconnect.add(self._on_reconnect)

    @property
    def listeners(self) -> int:
        return sum(len(room.listeners) for room in self._rooms.values())

    def watched(self) -> list[str]:
        """The chats that a socket of this replica looks at."""
        return [room.chat_id for room in self._rooms.values() if room.listeners]

    def listening(self, chat_id: str) -> Iterable[Listener]:
        room = self._rooms.get(chat_id)
        return tuple(room.listeners) if room else ()

    async def join(self, chat_id: str, listener: Listener, *, after: int) -> None:
        """From now on the listener gets everything after sequence `after`, in order, once.

        Raises Unavailable.
        """
        room = self._rooms.get(chat_id)
        if room is None:
            room = self._rooms[chat_id] = _Room(chat_id)
        async with room.turn:
            if not room.subscriptions:
                # Before the history is read: what is stored in between is then known twice.
                await self._subscribe(room)
            history = await self._events.read(chat_aggregate(chat_id))
            self._send(room, history.messages)
            self._catch_up(room, listener, history.messages, after)
            room.listeners.add(listener)

    async def leave(self, chat_id: str, listener: Listener) -> None:
        room = self._rooms.get(chat_id)
        if room is None:
            return
        room.listeners.discard(listener)
        async with room.turn:
            if not room.listeners and self._rooms.get(chat_id) is room:
                del self._rooms[chat_id]
                for subscription in room.subscriptions:
                    await subscription.unsubscribe()

    async def type(self, chat_id: str, *, role: str, name: str) -> None:
        """Somebody is typing: told to whoever looks, and forgotten."""
        frame = {"t": "typing", "chat": chat_id, "role": role, "name": name}
        await self._bus.say(f"{PULSE}.chat.typing.{chat_id}", json.dumps(frame).encode())

    async def check(self, chat_id: str, sequence: int) -> None:
        """The log is known to be at `sequence` in this chat: have the listeners seen it?"""
        room = self._rooms.get(chat_id)
        if room is not None and room.last < sequence:
            await self._resync(room)

    async def _subscribe(self, room: _Room) -> None:
        async def stored(raw: Msg) -> None:
            await self._on_stored(room, raw)

        async def typing(raw: Msg) -> None:
            text = raw.data.decode()
            for listener in tuple(room.listeners):
                listener.put(text)

        subject = chat_aggregate(room.chat_id).subject
        room.subscriptions = [
            await self._bus.hear(f"{LIVE}.{subject}", stored),
            await self._bus.hear(f"{PULSE}.chat.typing.{room.chat_id}", typing),
        ]

    async def _on_stored(self, room: _Room, raw: Msg) -> None:
        headers = raw.headers or {}
        sequence, before = int(headers["Nats-Sequence"]), int(headers["Nats-Last-Sequence"])
        async with room.turn:
            if sequence <= room.last:
                return
            if before > room.last:
                await self._fill(room)
                return
            try:
                self._send(room, [decode(raw.data, sequence=sequence)])
            except Undecodable as error:
                log.error("hub.undecodable", chat=room.chat_id, why=str(error))
                room.last = sequence

    async def _resync(self, room: _Room) -> None:
        async with room.turn:
            await self._fill(room)

    async def _fill(self, room: _Room) -> None:
        try:
            history = await self._events.read(chat_aggregate(room.chat_id))
        except Unavailable:
            return  # the next message, ping or reconnection tries again
        self._send(room, history.messages)

    def _send(self, room: _Room, messages: Iterable[Message]) -> None:
        """To every listener, what comes after the last message that they were sent."""
        for message in messages:
            if message.sequence <= room.last:
                continue
            room.last = message.sequence
            texts: dict[Audience, str | None] = {}
            for listener in tuple(room.listeners):
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

    def _on_reconnect(self) -> None:
        """What was said while the connection was away was not heard."""
        for room in self._rooms.values():
            task = asyncio.create_task(self._resync(room))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


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
