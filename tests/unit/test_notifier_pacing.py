"""A slow or impatient domain delays nobody else's mail."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from services.notifier import pacing
from services.notifier.delivery import Accepted, Answer, Never, NotNow
from services.notifier.pacing import SLOWED, NotYourTurn, Pacing, asks_for_patience
from tests.telling import NOON

pytestmark = pytest.mark.anyio


async def test_one_domain_leaves_sessions_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "PATIENCE_SECONDS", 0.05)
    turns = Pacing(3, 2)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(turns.turn("a@slow.example", NOON))
        with pytest.raises(NotYourTurn):
            await stack.enter_async_context(turns.turn("b@SLOW.example", NOON))
        await stack.enter_async_context(turns.turn("a@quick.example", NOON))
        with pytest.raises(NotYourTurn):
            await stack.enter_async_context(turns.turn("b@quick.example", NOON))
    async with turns.turn("b@slow.example", NOON):
        pass


async def test_who_waits_gets_the_turn_that_is_given_back() -> None:
    turns = Pacing(1, 1)
    order = []

    async def one(name: str) -> None:
        async with turns.turn("a@example.org", NOON):
            order.append(name)
            await asyncio.sleep(0)

    async with asyncio.timeout(2):
        await asyncio.gather(one("first"), one("second"), one("third"))
    assert order == ["first", "second", "third"]


async def test_a_domain_that_asks_for_patience_is_left_alone_longer_and_longer() -> None:
    turns, now = Pacing(2, 2), NOON
    for pause in SLOWED:
        async with turns.turn("a@busy.example", now) as turn:
            turn.answered(NotNow("421 4.7.28 too many messages"), now)
        with pytest.raises(NotYourTurn) as refused:
            async with turns.turn("b@busy.example", now):
                pass
        assert refused.value.seconds == pause.total_seconds()
        async with turns.turn("c@other.example", now):
            pass
        now += pause
    async with turns.turn("a@busy.example", now) as turn:
        turn.answered(Accepted("250 OK"), now)
    async with turns.turn("a@busy.example", now + timedelta(seconds=1)):
        pass


@pytest.mark.parametrize(
    ("answer", "patience"),
    [
        (NotNow("421 try later"), True),
        (NotNow("450 4.7.28 unusual rate"), True),
        (NotNow("452 4.3.2 system not accepting"), True),
        (NotNow("450 4.2.0 greylisted"), False),
        (NotNow("452 4.2.2 mailbox full"), False),
        (NotNow("The connection broke off: x"), False),
        (Never("550 5.7.1 no"), False),
        (Accepted("250 OK"), False),
    ],
)
def test_a_refusal_of_one_reader_says_nothing_about_the_domain(
    answer: Answer, patience: bool
) -> None:
    assert asks_for_patience(answer) is patience
