"""How fast somebody may act: visible, and counted in each replica by itself."""

from math import ceil
from typing import Final, NamedTuple

from services.chat.refusals import TooFast
from services.runtime.clock import Clock
from services.runtime.sentences import gettext as _


class Pace(NamedTuple):
    """`number` at once, and then as many again in `seconds`, evenly."""

    number: int
    seconds: float


MESSAGES: Final = Pace(20, 20)
CHATS: Final = Pace(10, 3600)
MAILS: Final = Pace(3, 600)
TYPING: Final = Pace(1, 1)

REMEMBERED: Final = 10_000
ROUNDING: Final = 0.001


class Limits:
    """A message that is sent again counts once: repeating is what clients should do."""

    def __init__(self, *, clock: Clock) -> None:
        self._paces = {pace: _Paced(pace) for pace in (MESSAGES, CHATS, MAILS, TYPING)}
        self._clock = clock
        self._recent: dict[str, None] = {}

    def begin(self, whose: str) -> None:
        """Raises TooFast."""
        if seconds := self._wait(CHATS, whose):
            raise TooFast(
                _("You have begun many chats in a short time. Try again in %(n)s s.")
                % {"n": seconds},
                retry_after=seconds,
            )

    def post(self, chat_id: str, message_id: str) -> None:
        """Raises TooFast."""
        if message_id in self._recent:
            return
        if seconds := self._wait(MESSAGES, chat_id):
            raise TooFast(
                _("You are writing faster than can be read. Try again in %(n)s s.")
                % {"n": seconds},
                retry_after=seconds,
            )
        self._recent[message_id] = None
        while len(self._recent) > REMEMBERED:
            del self._recent[next(iter(self._recent))]

    def mail(self, whose: str) -> None:
        """Raises TooFast."""
        if seconds := self._wait(MAILS, whose):
            raise TooFast(
                _("Mails were sent to you a moment ago. Try again in %(n)s s.") % {"n": seconds},
                retry_after=seconds,
            )

    def may_tell_typing(self, whose: str) -> bool:
        return not self._wait(TYPING, whose)

    def _wait(self, pace: Pace, whose: str) -> int:
        """Counts one more; the whole seconds to wait where that is too many, else 0."""
        return ceil(self._paces[pace].wait(whose, self._clock().timestamp()))


class _Paced:
    """The generic cell rate algorithm: one time a key, at which all it did would be paid for.

    The package `limits`, which intake uses, starts a thread every ten milliseconds that looks at
    every key there is: with thousands of chats it had half a core.
    """

    def __init__(self, pace: Pace) -> None:
        self._each = pace.seconds / pace.number
        self._ahead = pace.seconds - self._each + ROUNDING
        self._paid: dict[str, float] = {}

    def wait(self, key: str, now: float) -> float:
        """Counts one more; seconds to wait where that is too many, else 0."""
        paid = max(now, self._paid.pop(key, now))
        early = paid - now - self._ahead
        allowed = early <= 0
        self._paid[key] = paid + self._each if allowed else paid
        # Whoever acted longest ago comes first.
        while (oldest := next(iter(self._paid))) != key and self._paid[oldest] <= now:
            del self._paid[oldest]
        return 0 if allowed else early
