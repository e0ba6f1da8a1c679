"""Something to be told outside, as its own facts tell it, and when it is tried again. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from contracts.outgoing import (
    Channel,
    OutgoingAttempted,
    OutgoingDelivered,
    OutgoingFact,
    OutgoingFailed,
    OutgoingQueued,
    OutgoingRefused,
    OutgoingRequeued,
)


class OutgoingState(StrEnum):
    """`REFUSED`: personal data in it; `DEAD`: not tried again by itself."""

    NEW = "new"
    QUEUED = "queued"
    REFUSED = "refused"
    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


TO_SEND = frozenset({OutgoingState.QUEUED, OutgoingState.WAITING})
BACK_OFF = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""As the Standard Webhooks specification recommends: about three days in all, then dead."""


@dataclass(frozen=True, slots=True)
class Item:
    state: OutgoingState = OutgoingState.NEW
    id: str = ""
    channel: Channel = "webhook"
    body: str = ""
    queued_at: datetime | None = None
    attempted: bool = False
    """It may have arrived, although nothing says so."""
    failures: int = 0

    def retry_at(self, now: datetime) -> datetime | None:
        """When it is tried again after one more failure; None: not by itself."""
        return now + BACK_OFF[self.failures] if self.failures < len(BACK_OFF) else None


NO_ITEM = Item()


def evolve(item: Item, fact: OutgoingFact) -> Item:
    """The item after `fact`."""
    match fact:
        case OutgoingQueued():
            return Item(
                state=OutgoingState.QUEUED,
                id=fact.outgoing_id,
                channel=fact.channel,
                body=fact.body,
                queued_at=fact.queued_at,
            )
        case OutgoingRefused():
            return replace(item, state=OutgoingState.REFUSED)
        case OutgoingAttempted():
            return replace(item, attempted=True)
        case OutgoingDelivered():
            return replace(item, state=OutgoingState.DELIVERED)
        case OutgoingFailed():
            waits = fact.retry_at is not None
            return replace(
                item,
                state=OutgoingState.WAITING if waits else OutgoingState.DEAD,
                failures=item.failures + 1,
            )
        case OutgoingRequeued():
            return replace(
                item, state=OutgoingState.QUEUED, body=fact.body or item.body, failures=0
            )
        case _:
            assert_never(fact)
