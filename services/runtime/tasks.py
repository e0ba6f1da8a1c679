"""Tasks, ended for certain."""

import asyncio
from typing import Any

PATIENCE_SECONDS = 0.5
"""What a task has for its own clean-up, until it is asked again."""


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancels the tasks, as often as it takes, and returns when all have ended.

    Once may not be enough: `asyncio.wait_for` of Python 3.11, in which nats-py waits for answers,
    loses a cancellation that comes together with the answer (python/cpython#86296).
    """
    while going_on := [task for task in tasks if not task.done()]:
        for task in going_on:
            task.cancel()
        await asyncio.wait(going_on, timeout=PATIENCE_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)  # else what they raised would be logged
