"""Who comes first in a process: somebody who waits for an answer, then what facts lead to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MEANWHILE = 2
"""Reactions at a time while a request waits for its answer."""
PATIENCE_SECONDS = 3.0
"""Longer than this no reaction gives way: a slow request, or a slow reaction, holds up nothing."""


class Precedence:
    """Reactions give way to requests: without a request all run at once, beside one only a few.

    A command's own reactions would otherwise take the processor from the commands after it.
    """

    def __init__(self) -> None:
        self._requests = 0
        self._few = asyncio.Semaphore(MEANWHILE)

    def asked(self) -> None:
        """Somebody waits for an answer."""
        self._requests += 1

    def answered(self) -> None:
        """The answer has begun."""
        self._requests -= 1

    @asynccontextmanager
    async def giving_way(self) -> AsyncIterator[None]:
        """The block is one reaction."""
        if not await self._took_turn():
            yield
            return
        try:
            yield
        finally:
            self._few.release()

    async def _took_turn(self) -> bool:
        """Waits for a place among the few. False where none is needed, or none came free."""
        if not self._requests:
            return False
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._few.acquire()
        except TimeoutError:
            return False
