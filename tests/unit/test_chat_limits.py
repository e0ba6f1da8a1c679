"""How fast somebody may write: so many at once, and then evenly."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.chat.limits import CHATS, MAILS, MESSAGES, Limits, Pace
from services.chat.refusals import TooFast


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(clock=clock)


def test_twenty_messages_go_at_once_and_then_one_a_second(clock: Clock, limits: Limits) -> None:
    for number in range(MESSAGES.number):
        limits.post("chat", f"m-{number}")
    with pytest.raises(TooFast) as refused:
        limits.post("chat", "one more")
    assert refused.value.extra["retry_after"] == 1
    limits.post("another chat", "m-1")
    for number in range(5):
        clock.move(1)
        limits.post("chat", f"later-{number}")
        with pytest.raises(TooFast):
            limits.post("chat", f"too-much-{number}")


def test_who_does_as_told_is_let_in(clock: Clock, limits: Limits) -> None:
    for _ in range(MAILS.number):
        limits.mail("a@example.com")
    with pytest.raises(TooFast) as refused:
        limits.mail("a@example.com")
    clock.move(refused.value.extra["retry_after"])
    limits.mail("a@example.com")


@pytest.mark.parametrize("pace", [MESSAGES, CHATS, MAILS])
def test_all_is_allowed_again_after_the_whole_time(
    clock: Clock, limits: Limits, pace: Pace
) -> None:
    act: Callable[[int], None] = {
        MESSAGES: lambda n: limits.post("x", f"{clock.now}-{n}"),
        CHATS: lambda _n: limits.begin("x"),
        MAILS: lambda _n: limits.mail("x"),
    }[pace]
    for _again in range(3):
        for number in range(pace.number):
            act(number)
        with pytest.raises(TooFast):
            act(pace.number)
        clock.move(pace.seconds)


def test_a_message_that_is_sent_again_counts_once(limits: Limits) -> None:
    for _ in range(3 * MESSAGES.number):
        limits.post("chat", "the same")


def test_typing_is_told_once_a_second(clock: Clock, limits: Limits) -> None:
    assert limits.may_tell_typing("chat")
    assert not limits.may_tell_typing("chat")
    clock.move(1)
    assert limits.may_tell_typing("chat")
