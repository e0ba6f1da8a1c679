"""Whose turn it is at the SMTP server: no domain takes every session, and one that asks for
patience is left alone while the others go on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from services.notifier.delivery import Answer, NotNow

PATIENCE_SECONDS = 5.0
"""How long a mail waits here for its turn; after that it comes again later, and others pass."""

SLOWED = tuple(timedelta(seconds=s) for s in (10, 30, 60, 300, 600))
"""How long a domain is left alone after it asked for it the first, second, … time in a row."""


class NotYourTurn(Exception):
    """Come again after `seconds`."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(why)
        self.seconds = seconds


class Pacing:
    """Turns at `sessions` sessions, of which one domain gets at most `per_domain` at a time."""

    def __init__(self, sessions: int, per_domain: int) -> None:
        self._sessions = asyncio.Semaphore(sessions)
        self._per_domain = per_domain
        self._domains: dict[str, _Domain] = {}

    @asynccontextmanager
    async def turn(self, address: str, now: datetime) -> AsyncIterator["Turn"]:
        """The block is one mail's turn. Raises NotYourTurn."""
        name = address.rpartition("@")[2].casefold()
        domain = self._domains.setdefault(name, _Domain(self._per_domain))
        if domain.until is not None and now < domain.until:
            seconds = (domain.until - now).total_seconds()
            raise NotYourTurn(seconds, f"{name} asked for patience")
        domain.users += 1
        try:
            await self._take(domain)
            try:
                yield Turn(domain)
            finally:
                self._sessions.release()
                domain.slots.release()
        finally:
            domain.users -= 1
            if not domain.users and domain.until is None:
                self._domains.pop(name, None)

    async def _take(self, domain: "_Domain") -> None:
        if not domain.slots.locked() and not self._sessions.locked():
            await domain.slots.acquire()  # neither waits
            await self._sessions.acquire()
            return
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await domain.slots.acquire()
                try:
                    await self._sessions.acquire()
                except BaseException:
                    domain.slots.release()
                    raise
        except TimeoutError as error:
            raise NotYourTurn(PATIENCE_SECONDS, "every session is taken") from error


class _Domain:
    """How one domain is treated at the moment."""

    __slots__ = ("asked", "slots", "until", "users")

    def __init__(self, slots: int) -> None:
        self.slots = asyncio.Semaphore(slots)
        self.users = 0
        self.asked = 0
        self.until: datetime | None = None


class Turn:
    """One mail's turn; `answered` tells what came of it."""

    def __init__(self, domain: _Domain) -> None:
        self._domain = domain

    def answered(self, answer: Answer, now: datetime) -> None:
        """Leaves the domain alone for a while when it says that mails come too fast."""
        domain = self._domain
        if asks_for_patience(answer):
            domain.until = now + SLOWED[min(domain.asked, len(SLOWED) - 1)]
            domain.asked += 1
        else:
            domain.asked, domain.until = 0, None


def asks_for_patience(answer: Answer) -> bool:
    """Whether the refusal is about the sender's pace or standing (RFC 3463, X.7.x and X.3.2;
    `421`), and so about the whole domain; a greylisted or full mailbox is about one reader."""
    if not isinstance(answer, NotNow):
        return False
    words = answer.reason.split()
    return words[:1] == ["421"] or (
        words[:1] in (["450"], ["451"], ["452"], ["454"])
        and any(word.startswith("4.7.28") or word == "4.3.2" for word in words[1:2])
    )
