"""Who is there: heartbeats, kept in memory and told to the other replicas. Never stored.

A replica that was just started has heard of nobody; it believes that everybody is there until a
whole patience has passed.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from nats.aio.msg import Msg

from contracts.streams import PULSE
from services.runtime.bus import Bus
from services.runtime.clock import Clock

OPERATOR_PATIENCE: Final = timedelta(seconds=30)
CUSTOMER_PATIENCE: Final = timedelta(seconds=60)
LOST: Final = timedelta(seconds=120)
"""Silent for so long, an operator's chats go back into the queue."""
TELL_SECONDS: Final = 5.0
SUBJECT: Final = f"{PULSE}.chat.here"
FORGET: Final = timedelta(minutes=15)


class Presence:
    """`chat:<id>` is the customer of a chat, `operator:<id>` an operator."""

    def __init__(self, bus: Bus, *, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._since = clock()
        self._heard: dict[str, datetime] = {}
        self._mine: set[str] = set()

    def beat(self, key: str) -> None:
        """Somebody connected to this replica gave a sign of life."""
        self._heard[key] = self._clock()
        self._mine.add(key)

    def silence(self, key: str) -> timedelta:
        """How long nothing was heard of somebody."""
        return self._clock() - max(self._heard.get(key, self._since), self._since)

    def is_here(self, key: str, patience: timedelta) -> bool:
        return self.silence(key) < patience

    def operator_is_here(self, operator_id: str) -> bool:
        return self.is_here(f"operator:{operator_id}", OPERATOR_PATIENCE)

    async def start(self) -> None:
        await self._bus.hear(SUBJECT, self._on_told)

    async def tell(self) -> None:
        """To the other replicas, what was heard here since the last time."""
        mine, self._mine = self._mine, set()
        for some in _parts(sorted(mine), 2000):
            await self._bus.say(SUBJECT, json.dumps(some).encode())
        old = self._clock() - FORGET
        for key in [key for key, at in self._heard.items() if at < old]:
            del self._heard[key]

    async def _on_told(self, message: Msg) -> None:
        now = self._clock()
        for key in json.loads(message.data):
            self._heard[key] = now


def _parts(keys: list[str], size: int) -> Iterable[list[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
