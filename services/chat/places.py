"""What the waiting are told: position and range, pushed on every change, and promises recorded."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import structlog

from contracts.ids import derived_id
from services.chat import decider, routing
from services.chat.board import Board
from services.chat.commands import Commands
from services.chat.estimate import Range, Rates, estimate, is_before
from services.chat.hub import Hub
from services.chat.presence import Presence
from services.chat.schedule import Schedules
from services.chat.state import Chat, Phase
from services.chat.store import Store
from services.runtime.problems import Refused

log = structlog.get_logger(__name__)

TOGETHER_SECONDS: Final = 0.25
"""Changes that follow one another this fast are told as one."""
RATES_KEPT: Final = timedelta(seconds=15)


class Place(NamedTuple):
    """`range` is None while too little is known for an honest number. `beyond_closing`: the
    operators will probably have gone by then."""

    position: int
    range: Range | None
    beyond_closing: bool

    def shown(self) -> dict[str, Any]:
        return {
            "position": self.position,
            "low": self.range.low if self.range and not self.beyond_closing else None,
            "high": self.range.high if self.range and not self.beyond_closing else None,
            "beyond_closing": self.beyond_closing,
        }


class Places:
    """One in each replica, for the chats that its sockets look at."""

    def __init__(
        self,
        *,
        board: Board,
        store: Store,
        presence: Presence,
        hub: Hub,
        commands: Commands,
        schedules: Schedules,
    ) -> None:
        self._board = board
        self._store = store
        self._presence = presence
        self._hub = hub
        self._commands = commands
        self._schedules = schedules
        self._changed = asyncio.Event()
        self._rates: dict[str, tuple[datetime, Rates]] = {}
        self._told: dict[str, Place] = {}
        board.on_change.add(lambda _: self._changed.set())

    async def run(self) -> None:
        await self._board.ready.wait()
        while True:
            await self._changed.wait()
            await asyncio.sleep(TOGETHER_SECONDS)
            self._changed.clear()
            try:
                await self._tell()
            except Refused as refused:
                log.info("places.refused", why=refused.detail)
            except Exception:
                log.exception("places.failed")

    async def of(self, chat: Chat) -> Place | None:
        """The place of a waiting chat; None for one that does not wait."""
        standing = self._standings().get(chat.id)
        return None if standing is None else await self._place(chat, standing)

    async def announce(self, chat: Chat) -> Place | None:
        """The place of somebody who queues now. A range that is told is a promise, and recorded."""
        place = await self.of(chat)
        if place is None or place.range is None or place.beyond_closing:
            return place
        told, now = place.range, self._commands.clock()
        await self._commands.chat(
            chat.id,
            lambda each: decider.announce_wait(
                each, position=place.position, low=told.low, high=told.high, now=now
            ),
            by="service:chat",
            command=derived_id("promise", chat.id),
        )
        return place

    async def _tell(self) -> None:
        standings = self._standings()
        for chat_id in self._hub.watched():
            chat, standing = self._board.chats.get(chat_id), standings.get(chat_id)
            if chat is None or standing is None:
                self._told.pop(chat_id, None)
                continue
            place = await self._place(chat, standing)
            if self._told.get(chat_id) == place:
                continue
            self._told[chat_id] = place
            for listener in self._hub.listening(chat_id):
                listener.say({"t": "place", "chat": chat_id, **place.shown()})
            if chat.promised < 0 and chat.phase is Phase.QUEUED:
                await self.announce(chat)

    def _standings(self) -> dict[str, routing.Standing]:
        return routing.standings(
            self._board.chats.values(),
            self._board.operators.values(),
            present=self._presence.operator_is_here,
        )

    async def _place(self, chat: Chat, standing: routing.Standing) -> Place:
        now = self._commands.clock()
        rates = await self._rates_of(chat.language, now)
        told = self._told.get(chat.id)
        position = min(standing.position, told.position) if told else standing.position
        found = estimate(standing.position, slots=standing.slots, free=standing.free, rates=rates)
        hours = self._schedules.of(chat.language)
        closing = hours.closes_at(now) if hours else None
        late = closing is None or (found is not None and not is_before(closing, now, found.high))
        return Place(position, found, late)

    async def _rates_of(self, language: str, now: datetime) -> Rates:
        known = self._rates.get(language)
        if known is None or now - known[0] > RATES_KEPT:
            known = self._rates[language] = (now, await self._store.rates(language, now=now))
        return known[1]
