"""The marketplace as a far side: whose product it is, who a member is, what a buyer ordered.

Asked once for nearly every complaint, so by aiohttp: measured here, a request costs httpx seventeen
times as much.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
import stamina
from pydantic import AwareDatetime, BaseModel, ConfigDict, field_validator
from yarl import URL

from services.runtime.auth import Role, known_roles
from services.runtime.problems import Unavailable
from services.runtime.sentences import gettext as _

_TIMEOUT: Final = aiohttp.ClientTimeout(total=2.0, connect=1.0)
_ATTEMPTS: Final = 3
_KEPT_SECONDS: Final = 60.0
_KEPT_ANSWERS: Final = 10_000
_RETRIED_STATUSES: Final = frozenset({429, 500, 502, 503, 504})


class ProductInfo(BaseModel):
    """A product as the catalogue shows it. `picture_url` is absolute; `price` is as it is shown,
    e.g. `2.49 EUR`."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str
    seller_id: str
    title: str
    category: str
    picture_url: str | None = None
    price: str | None = None
    seller_name: str | None = None


class MemberInfo(BaseModel):
    """A member of the marketplace. Personal data: for mails and for moderators."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str
    name: str
    email: str
    language: str
    roles: frozenset[Role] = frozenset()

    @field_validator("roles", mode="before")
    @classmethod
    def _ours(cls, names: Any) -> Any:
        return known_roles(names) if isinstance(names, list) else names


class DisputeInfo(BaseModel):
    """A buyer's dispute about an order."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str
    state: Literal["open", "lost"]


class OrderInfo(BaseModel):
    """One order of one product. Personal data of the buyer. None is what is not known there."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str
    product_id: str
    seller_id: str
    received: bool | None = None
    delivered_at: AwareDatetime | None = None
    protection_until: AwareDatetime | None = None
    dispute: DisputeInfo | None = None

    @field_validator("dispute", mode="before")
    @classmethod
    def _open_or_lost(cls, told: Any) -> Any:
        """Disputes that ended in another way are none that anything here turns on."""
        settled = isinstance(told, dict) and told.get("state") not in ("open", "lost")
        return None if settled else told


class OrdersFound(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    orders: tuple[OrderInfo, ...]


class Catalogue(Protocol):
    async def product(self, product_id: str) -> ProductInfo | None:
        """The product, or None where the marketplace has none of this id."""


class Directory(Protocol):
    async def member(self, member_id: str) -> MemberInfo | None:
        """The member, or None where the marketplace has none of this id."""


class Orders(Protocol):
    async def orders(self, buyer_id: str, product_id: str) -> tuple[OrderInfo, ...] | None:
        """What this member ordered of this product: empty where there is nothing, None where the
        marketplace does not tell."""


class MarketplaceUnavailable(Unavailable):
    """No answer in time, a refused connection, an error over there, or an answer not understood."""

    title = _("The marketplace cannot be reached at the moment")


class _Retried(Exception):
    """An answer that asks to be tried again."""


Answer = TypeVar("Answer", bound=BaseModel)


class Marketplace:
    """Catalogue, directory and orders over HTTP: `<base_url>/marketplace/api/…`.

    Each try takes at most 2 s; after 3 tries MarketplaceUnavailable is raised. Products and members
    that were found are kept for 60 s; that something is not there is asked anew every time, and so
    are orders, which change while somebody decides what to do about them.
    """

    def __init__(self, base_url: str, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._base = f"{base_url.rstrip('/')}/marketplace/api/"
        self._session: aiohttp.ClientSession | None = None
        self._kept = _Kept(seconds)
        self._asked: dict[str, asyncio.Task[tuple[int, bytes]]] = {}

    async def product(self, product_id: str) -> ProductInfo | None:
        return await self._find("products", product_id, ProductInfo)

    async def member(self, member_id: str) -> MemberInfo | None:
        return await self._find("members", member_id, MemberInfo)

    async def orders(
        self, buyer_id: str, product_id: str | None = None
    ) -> tuple[OrderInfo, ...] | None:
        """Of one product, or of all."""
        query = urlencode({"buyer": buyer_id} | ({"product": product_id} if product_id else {}))
        found = await self._read(f"orders?{query}", OrdersFound)
        return found.orders if found else None

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _find(self, kind: str, identifier: str, model: type[Answer]) -> Answer | None:
        path = f"{kind}/{quote(identifier, safe='')}"
        kept = self._kept.get(path)
        if isinstance(kept, model):
            return kept
        answer = await self._read(path, model)
        if answer is not None:
            self._kept.put(path, answer)
        return answer

    async def _read(self, path: str, model: type[Answer]) -> Answer | None:
        """What stands at `path`, None for a 404. Raises MarketplaceUnavailable."""
        try:
            status, body = await self._ask(path)
        except (aiohttp.ClientError, TimeoutError, _Retried) as error:
            raise MarketplaceUnavailable(
                _("The marketplace does not answer at the moment. Try again in a minute.")
            ) from error
        if status == 404:
            return None
        try:
            if status != 200:
                raise ValueError("another status than was asked for")
            return model.model_validate_json(body)
        except ValueError as error:
            raise MarketplaceUnavailable(
                _("The marketplace answered %(status)s with something unexpected.")
                % {"status": status}
            ) from error

    async def _ask(self, path: str) -> tuple[int, bytes]:
        """The answer to one question; those who ask it at the same time share it."""
        asked = self._asked.get(path)
        if asked is None:
            asked = self._asked[path] = asyncio.create_task(self._get(path))
            asked.add_done_callback(lambda _: self._asked.pop(path, None))
        return await asyncio.shield(asked)

    @stamina.retry(
        on=(aiohttp.ClientError, TimeoutError, _Retried),
        attempts=_ATTEMPTS,
        timeout=None,
        wait_initial=0.1,
        wait_max=1.0,
        wait_jitter=0.1,
    )
    async def _get(self, path: str) -> tuple[int, bytes]:
        if self._session is None:  # it belongs to the loop, so it is not made before that runs
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        url = URL(self._base + path, encoded=True)
        async with self._session.get(url, allow_redirects=False) as response:
            if response.status in _RETRIED_STATUSES:
                raise _Retried(f"{response.status} from the marketplace")
            return response.status, await response.read()


class _Kept:
    """Answers by path, each for a while; the oldest go first when there are too many."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._answers: dict[str, tuple[float, BaseModel]] = {}

    def get(self, path: str) -> BaseModel | None:
        until, answer = self._answers.get(path, (0.0, None))
        return answer if self._seconds() < until else None

    def put(self, path: str, answer: BaseModel) -> None:
        self._answers.pop(path, None)
        while len(self._answers) >= _KEPT_ANSWERS:
            self._answers.pop(next(iter(self._answers)))
        self._answers[path] = (self._seconds() + _KEPT_SECONDS, answer)
