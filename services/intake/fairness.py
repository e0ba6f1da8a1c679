"""Fair use of filing: how many complaints one guest, member or network may file, and what becomes
of the same complaint sent again and again.

Counted in this process: replicas count apart. What is refused here is only asked to come later,
and what is repeated is one complaint with one receipt.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import HTTPConnection

from contracts.complaint import ComplaintFiled
from contracts.ids import derived_id
from services.runtime.clock import Clock
from services.runtime.problems import Refused
from services.runtime.sentences import gettext as _
from services.runtime.sentences import ngettext

REMEMBERED: Final = 50_000
"""Complaints whose repetition is noticed: the oldest are forgotten first."""


class TooMany(Refused):
    """`retry_after` seconds from now it is possible again."""

    status = 429
    title = _("That is too many complaints in a short time")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.extra["retry_after"])}


def network_of(request: HTTPConnection) -> str | None:
    """The address that a request came from, as the gateway saw it."""
    client = request.scope.get("client")
    return client[0] if client else None


@dataclass(frozen=True, slots=True)
class Rules:
    """Each as `limits` writes them, e.g. `10 per hour; 30 per day`; an empty one is no limit."""

    guest: str = ""
    member: str = ""
    network: str = ""
    repeated_within: timedelta = timedelta(0)


class First(NamedTuple):
    """A complaint that was filed lately."""

    complaint_id: str
    number: str
    sequence: int
    filed_at: datetime


class FairUse:
    def __init__(self, rules: Rules, *, clock: Clock) -> None:
        self._limits = {
            "guest": _parsed(rules.guest),
            "member": _parsed(rules.member),
            "network": _parsed(rules.network),
        }
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._within = rules.repeated_within
        self._clock = clock
        self._lately: OrderedDict[str, First] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def admit(self, filed: ComplaintFiled, network: str | None) -> None:
        """Counts a complaint that is about to be filed. Raises TooMany, with everything in place to
        send it again later."""
        person = filed.complainant
        await self._count(person.kind, person.id)
        if network:
            await self._count("network", network_block(network))

    @asynccontextmanager
    async def alone(self, mark: str) -> AsyncIterator[First | None]:
        """While inside, nobody else files the complaint with this mark; yields the one that was
        filed with it a short while ago."""
        if not mark:
            yield None
            return
        async with self._locks.setdefault(mark, asyncio.Lock()):
            first = self._lately.get(mark)
            fresh = first is not None and self._clock() - first.filed_at < self._within
            yield first if fresh else None

    def mark(self, filed: ComplaintFiled) -> str:
        """The same for the same words of the same person about the same product and reason; empty
        where repetition is not looked for."""
        if not self._within:
            return ""
        return derived_id(
            filed.complainant.actor,
            filed.product.product_id or filed.product.link,
            filed.reason,
            " ".join(filed.description.split()).casefold(),
            *sorted(each.sha256 for each in filed.evidence),
        )

    def remember(self, mark: str, filed: ComplaintFiled, sequence: int) -> None:
        if not mark:
            return
        self._lately[mark] = First(filed.complaint_id, filed.number, sequence, filed.filed_at)
        self._lately.move_to_end(mark)
        while len(self._lately) > REMEMBERED:
            self._lately.popitem(last=False)

    async def _count(self, kind: str, who: str) -> None:
        for limit in self._limits[kind]:
            if await self._limiter.hit(limit, kind, who):
                continue
            resets_at, _left = await self._limiter.get_window_stats(limit, kind, who)
            raise _too_many(kind, limit, max(1, round(resets_at - self._clock().timestamp())))


def _parsed(rule: str) -> list[RateLimitItem]:
    return parse_many(rule) if rule else []


def network_block(address: str) -> str:
    """What one household or company has: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return parsed.exploded[:19]
    return address


def _too_many(kind: str, limit: RateLimitItem, seconds: int) -> TooMany:
    whose = {
        "guest": _("from one e-mail address"),
        "member": _("from one account"),
        "network": _("from one network"),
    }[kind]
    minutes = max(1, -(-seconds // 60))
    wait = ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    return TooMany(
        _(
            "At most %(amount)s complaints %(whose)s are taken in %(hours)s h. "
            "Nothing of what you entered is lost: submit it again in %(wait)s."
        )
        % {
            "amount": limit.amount,
            "whose": whose,
            "hours": round(limit.get_expiry() / 3600, 2),
            "wait": wait,
        },
        retry_after=seconds,
    )
