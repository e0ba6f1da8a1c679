"""The marketplace as pages ask it: briefly, and what goes wrong there is a fact unknown here."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import structlog

from services.intake.advice import Dispute, Order
from services.runtime.auth import Principal
from services.runtime.marketplace import Catalogue, Directory, OrderInfo, Orders
from services.runtime.pictures import Pictures
from services.runtime.problems import Unavailable

log = structlog.get_logger(__name__)

PATIENCE_SECONDS: Final = 1.5
"""How long a page waits for a fact that it can do without."""
REST_SECONDS: Final = 5.0
"""How long the marketplace is not asked again after it did not answer."""

T = TypeVar("T")


class Asked(Catalogue, Directory, Orders, Protocol):
    """What the marketplace is asked for."""


@dataclass(frozen=True, slots=True)
class ProductCard:
    """A product as the wizard shows it."""

    title: str
    category: str
    seller: str
    picture: str | None


class FarSide:
    """Facts from the marketplace, each None where it is not known."""

    def __init__(
        self,
        marketplace: Asked,
        *,
        pictures: Pictures,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._marketplace = marketplace
        self._pictures = pictures
        self._seconds = seconds
        self._resting_until = 0.0

    async def card(self, product_id: str | None) -> ProductCard | None:
        """Title, seller and picture of a product."""
        if product_id is None:
            return None
        product = await self._ask(self._marketplace.product(product_id))
        if product is None:
            return None
        seller = await self._ask(self._marketplace.member(product.seller_id))
        return ProductCard(
            title=product.title,
            category=product.category,
            seller=seller.name if seller else product.seller_id,
            picture=self._pictures.shown(product.picture_url),
        )

    async def orders(
        self, who: Principal | None, product_id: str | None
    ) -> tuple[Order, ...] | None:
        """What whoever is signed in has ordered of a product; empty where there is nothing."""
        if who is None or who.kind not in ("member", "staff") or product_id is None:
            return None
        found = await self._ask(self._marketplace.orders(who.id, product_id))
        return None if found is None else tuple(_order(each) for each in found)

    async def _ask(self, question: Awaitable[T | None]) -> T | None:
        """The answer; None when it does not come in time, nor for a while after that."""
        if self._seconds() < self._resting_until:
            if asyncio.iscoroutine(question):
                question.close()
            return None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await question
        except (Unavailable, TimeoutError):
            self._resting_until = self._seconds() + REST_SECONDS
            log.warning("marketplace.away")
            return None


def _order(info: OrderInfo) -> Order:
    return Order(
        id=info.id,
        received=True if info.delivered_at is not None else info.received,
        protected_until=info.protection_until,
        dispute=Dispute(info.dispute.id, info.dispute.state) if info.dispute else None,
    )
