"""Waiting for something to come true, instead of sleeping and hoping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

POLL_SECONDS = 0.02


async def eventually(
    condition: Callable[[], object | Awaitable[object]], timeout: float = 10.0
) -> None:
    """Returns when `condition()`, plain or awaited, is true.

    Fails the test when it has not come true after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        value = await found if inspect.isawaitable(found) else found
        if value:
            return
        assert time.monotonic() < deadline, f"not true within {timeout:g} s: last {value!r}"
        await asyncio.sleep(POLL_SECONDS)
