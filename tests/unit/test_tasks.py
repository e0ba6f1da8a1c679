"""What is to end, ends: also where a library loses the word for it."""

import asyncio

import pytest

from services.runtime.tasks import end

pytestmark = pytest.mark.anyio


async def for_ever(*, deaf: int = 0) -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if deaf == 0:
                raise
            deaf -= 1


async def test_a_task_that_loses_its_cancellation_is_asked_again() -> None:
    tasks = [asyncio.create_task(for_ever(deaf=times)) for times in (0, 1, 2)]
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await end(*tasks)
    assert all(task.cancelled() for task in tasks)


async def test_a_task_has_time_to_clean_up() -> None:
    cleaned = False

    async def work() -> None:
        nonlocal cleaned
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            cleaned = True

    working = asyncio.create_task(work())
    await asyncio.sleep(0)
    await end(working)
    assert cleaned


async def test_what_an_ended_task_raised_is_nobodys_trouble() -> None:
    async def fails() -> None:
        raise ValueError

    failing = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await end(failing)
    assert failing.done()
