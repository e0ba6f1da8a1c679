"""What an operator should know about a customer: complaints and orders, asked of the far sides."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeVar

from contracts.chat import Visitor
from services.chat.eva.sources import OwnComplaint, SourceAway, Sources
from services.runtime.clock import Clock
from services.runtime.marketplace import Marketplace, OrderInfo
from services.runtime.problems import Unavailable

KEPT: Final = timedelta(seconds=30)
MOST: Final = 1000
ORDERS: Final = 5
PATIENCE_SECONDS: Final = 1.5
"""No conversation waits for a far side longer than that."""


class About(NamedTuple):
    """None where a far side does not answer, empty where there is nothing."""

    complaints: Sequence[OwnComplaint] | None
    orders: Sequence[OrderInfo] | None


Fact = TypeVar("Fact")

NOTHING: Final = About((), ())


class Customers:
    """Facts about customers, each kept for half a minute: a desk asks with every message."""

    def __init__(self, sources: Sources, marketplace: Marketplace, *, clock: Clock) -> None:
        self._sources = sources
        self._marketplace = marketplace
        self._clock = clock
        self._kept: dict[str, tuple[datetime, About]] = {}

    async def about(self, customer: Visitor) -> About:
        """Somebody of whom only a name is known has no facts here."""
        if customer.kind == "anonymous":
            return NOTHING
        now = self._clock()
        until, about = self._kept.get(customer.actor, (now, NOTHING))
        if now < until:
            return about
        about = About(
            *await asyncio.gather(
                _in_time(self._complaints(customer)), _in_time(self._orders(customer))
            )
        )
        self._kept.pop(customer.actor, None)
        while len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[customer.actor] = (now + KEPT, about)
        return about

    async def _complaints(self, customer: Visitor) -> Sequence[OwnComplaint] | None:
        try:
            return await self._sources.complaints(customer)
        except SourceAway:
            return None

    async def _orders(self, customer: Visitor) -> Sequence[OrderInfo] | None:
        if customer.kind != "member":
            return ()
        try:
            found = await self._marketplace.orders(customer.id)
        except Unavailable:
            return None
        return found[:ORDERS] if found is not None else None


async def _in_time(asked: Awaitable[Fact | None]) -> Fact | None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await asked
    except TimeoutError:
        return None
