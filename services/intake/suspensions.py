"""Whose complaining is suspended: what they file is kept, and answered with a sentence about it."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.intake.store import Store
from services.runtime.sentences import gettext as _

log = structlog.get_logger(__name__)

FRESH_SECONDS: Final = 5.0


class Suspensions:
    """Looked up anew every few seconds, so that filing costs no query of its own."""

    def __init__(self, store: Store, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._seconds = seconds
        self._known: dict[str, datetime | None] = {}
        self._fresh_until = 0.0

    def forget(self) -> None:
        """The next look-up is a fresh one."""
        self._fresh_until = 0.0

    async def sentence(self, actor: str, *, now: datetime) -> str | None:
        """What somebody is told whose complaining is suspended at `now`; None for all others."""
        if self._seconds() >= self._fresh_until:
            self._fresh_until = self._seconds() + FRESH_SECONDS
            try:
                self._known = await self._store.suspended(now)
            except (SQLAlchemyError, OSError):  # filing stands on the log, and not on any table
                log.warning("suspensions.unknown", exc_info=True)
        if actor not in self._known:
            return None
        until = self._known[actor]
        if until is None:
            return _(
                "Your right to complain is suspended. This complaint is kept all the same, and "
                "you will be told what becomes of it."
            )
        if until <= now:
            return None
        return _(
            "Your right to complain is suspended until %(until)s, because of complaints that were "
            "manifestly unfounded. This complaint is kept all the same, and you will be told what "
            "becomes of it."
        ) % {"until": until}
