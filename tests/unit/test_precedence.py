"""Reactions give way to requests, for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from services.runtime import precedence
from services.runtime.precedence import MEANWHILE, Precedence
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

MANY = 5 * MEANWHILE


class Reactions:
    """Many at once, each of which works until it is let go."""

    def __init__(self, order: Precedence) -> None:
        self.order = order
        self.at_work = 0
        self.let_go = asyncio.Event()

    async def react(self) -> None:
        async with self.order.giving_way():
            self.at_work += 1
            await self.let_go.wait()
            self.at_work -= 1


@pytest.fixture
async def reactions() -> AsyncIterator[Reactions]:
    made = Reactions(Precedence())
    yield made
    made.let_go.set()


async def begun(reactions: Reactions, stack: AsyncExitStack, *, at_work: int) -> None:
    """Begins many reactions, and waits until so many are at work."""
    group = await stack.enter_async_context(asyncio.TaskGroup())
    for _ in range(MANY):
        group.create_task(reactions.react())
    stack.callback(reactions.let_go.set)
    await eventually(lambda: reactions.at_work == at_work)


async def test_without_a_request_all_reactions_run_at_once(reactions: Reactions) -> None:
    async with AsyncExitStack() as stack:
        await begun(reactions, stack, at_work=MANY)


async def test_beside_a_request_a_few_run_and_then_the_others(reactions: Reactions) -> None:
    reactions.order.asked()
    async with AsyncExitStack() as stack:
        await begun(reactions, stack, at_work=MEANWHILE)
    assert reactions.at_work == 0  # every one had its turn


async def test_once_the_answer_has_begun_nobody_waits(reactions: Reactions) -> None:
    reactions.order.asked()
    reactions.order.answered()
    async with AsyncExitStack() as stack:
        await begun(reactions, stack, at_work=MANY)


async def test_a_slow_request_and_slow_reactions_hold_nothing_up_for_long(
    reactions: Reactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precedence, "PATIENCE_SECONDS", 0.1)
    reactions.order.asked()
    async with AsyncExitStack() as stack:
        await begun(reactions, stack, at_work=MANY)
