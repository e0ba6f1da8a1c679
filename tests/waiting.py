"""Waiting for something to come true, instead of sleeping and hoping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

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


async def found(look: Callable[[], Awaitable[T | None]], timeout: float = 10.0) -> T:
    """The first thing that `look()` comes back with.

    Fails the test when there is nothing after `timeout` seconds.
    """
    things: list[T] = []

    async def looked() -> bool:
        thing = await look()
        things.extend([] if thing is None else [thing])
        return thing is not None

    await eventually(looked, timeout)
    return things[0]
