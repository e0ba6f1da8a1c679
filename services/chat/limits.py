"""How fast somebody may act: visible, and counted in each replica by itself."""

from typing import Final

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from services.chat.refusals import TooFast
from services.runtime.clock import Clock
from services.runtime.sentences import gettext as _

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
        if seconds := self._wait(CHATS, "chats", whose):
            raise TooFast(
                _("You have begun many chats in a short time. Try again in %(n)s s.")
                % {"n": seconds},
                retry_after=seconds,
            )

    def post(self, chat_id: str, message_id: str) -> None:
        """Raises TooFast."""
        if message_id in self._recent:
            return
        if seconds := self._wait(MESSAGES, "messages", chat_id):
            raise TooFast(
                _("You are writing faster than can be read. Try again in %(n)s s.")
                % {"n": seconds},
                retry_after=seconds,
            )
        self._recent[message_id] = None
        while len(self._recent) > 10_000:
            del self._recent[next(iter(self._recent))]

    def mail(self, whose: str) -> None:
        """Raises TooFast."""
        if seconds := self._wait(MAILS, "mails", whose):
            raise TooFast(
                _("Mails were sent to you a moment ago. Try again in %(n)s s.") % {"n": seconds},
                retry_after=seconds,
            )

    def may_tell_typing(self, whose: str) -> bool:
        return self._window.hit(TYPING, "typing", whose)

    def _wait(self, limit: RateLimitItem, *identifiers: str) -> int:
        """Counts one more; the seconds to wait where that is too many, else 0."""
        if self._window.hit(limit, *identifiers):
            return 0
        reset, _count = self._window.get_window_stats(limit, *identifiers)
        return max(1, round(reset - self._clock().timestamp()))
