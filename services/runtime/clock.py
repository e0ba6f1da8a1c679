"""The one place that asks the machine for the time. Everything else is given a clock."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utcnow() -> datetime:
    """Now, in UTC, aware."""
    return datetime.now(UTC)
