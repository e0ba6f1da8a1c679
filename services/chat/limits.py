"""How fast somebody may act: visible, and counted in each replica by itself."""

from typing import Final

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from services.chat.refusals import TooFast
from services.runtime.clock import Clock

MESSAGES: Final = parse("20 per 20 second")
CHATS: Final = parse("10 per hour")
MAILS: Final = parse("3 per 10 minute")
TYPING: Final = parse("1 per second")


class Limits:
    """A message that is sent again counts once: repeating is what clients should do."""

    def __init__(self, *, clock: Clock) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._clock = clock
        self._recent: dict[str, None] = {}

    def begin(self, whose: str) -> None:
        """Raises TooFast."""
        self._hit(CHATS, "chats", whose, "You have begun many chats in a short time.")

    def post(self, chat_id: str, message_id: str) -> None:
        """Raises TooFast."""
        if message_id in self._recent:
            return
        self._hit(MESSAGES, "messages", chat_id, "You are writing faster than can be read.")
        self._recent[message_id] = None
        while len(self._recent) > 10_000:
            del self._recent[next(iter(self._recent))]

    def mail(self, whose: str) -> None:
        """Raises TooFast."""
        self._hit(MAILS, "mails", whose, "Mails were sent to you a moment ago.")

    def may_tell_typing(self, whose: str) -> bool:
        return self._window.hit(TYPING, "typing", whose)

    def _hit(self, limit: RateLimitItem, *words: str) -> None:
        *identifiers, sentence = words
        if self._window.hit(limit, *identifiers):
            return
        reset, _ = self._window.get_window_stats(limit, *identifiers)
        seconds = max(1, round(reset - self._clock().timestamp()))
        raise TooFast(f"{sentence} Try again in {seconds} s.", retry_after=seconds)
