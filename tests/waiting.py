"""Waiting for something to come true, instead of sleeping and hoping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.02


async def eventually(condition: Callable[[], T | Awaitable[T]], timeout: float = 10.0) -> T:
    """The first true value of `condition()`, plain or awaited.

    Fails the test when none has come after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        value = await found if inspect.isawaitable(found) else found
        if value:
            return value
        assert time.monotonic() < deadline, f"not true within {timeout:g} s: last {value!r}"
        await asyncio.sleep(POLL_SECONDS)
