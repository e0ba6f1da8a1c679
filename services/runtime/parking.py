"""Messages that a projection cannot take: put aside with the reason, so that all others go on."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import prometheus_client
import sqlalchemy as sa
import structlog
from nats.errors import Error as NatsError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.clock import utcnow
from services.runtime.database import upsert
from services.runtime.feed import FeedBroken
from services.runtime.problems import Refused

log = structlog.get_logger(__name__)

PARKED = prometheus_client.Counter(
    "redress_messages_parked", "Messages that could not be folded", ["projection"]
)
FOLLOWS = "after a parked message of the same aggregate"


class Parked(NamedTuple):
    sequence: int
    subject: str
    reason: str


class Parking:
    """What one projection has put aside, in the table `parked`."""

    def __init__(self, projection: str, table: sa.Table) -> None:
        self._projection = projection
        self._table = table
        self._mine = table.c.projection == projection

    async def all(self, connection: AsyncConnection) -> list[Parked]:
        """Everything parked, the oldest first."""
        columns = self._table.c
        query = sa.select(columns.sequence, columns.subject, columns.reason)
        found = await connection.execute(query.where(self._mine).order_by(columns.sequence))
        return [Parked(*row) for row in found]

    async def subjects(self, connection: AsyncConnection) -> Counter[str]:
        """The aggregates whose messages are to be put aside, as earlier ones are there already,
        and how many.

        Asked anew in every transaction, since a twin may park and an operator may redrive.
        """
        subject = self._table.c.subject
        query = (
            sa.select(subject, sa.func.count().label("messages"))
            .where(self._mine)
            .group_by(subject)
        )
        return Counter({row.subject: row.messages for row in await connection.execute(query)})

    async def park(self, connection: AsyncConnection, messages: Iterable[Parked]) -> None:
        now = utcnow()
        rows = [
            {"projection": self._projection, "parked_at": now, **each._asdict()}
            for each in messages
        ]
        await upsert(connection, self._table, rows)
        for row in rows:
            PARKED.labels(self._projection).inc()
            log.error("projection.parked", **row)

    async def release(self, connection: AsyncConnection, sequence: int) -> bool:
        """Takes one out; False when it was not there (any more)."""
        here = self._mine & (self._table.c.sequence == sequence)
        return (await connection.execute(sa.delete(self._table).where(here))).rowcount == 1

    async def clear(self, connection: AsyncConnection) -> None:
        await connection.execute(sa.delete(self._table).where(self._mine))


def is_poison(error: Exception) -> bool:
    """Whether what was folded is to blame, rather than the database or the way to it."""
    if isinstance(error, sa.exc.DBAPIError):
        if error.connection_invalidated:
            return False
        # 22 is "data exception", 23 "integrity constraint violation".
        refused = (getattr(error.orig, "sqlstate", None) or "")[:2] in ("22", "23")
        kinds = (sa.exc.DataError, sa.exc.IntegrityError, sa.exc.InterfaceError)
        return refused or isinstance(error, kinds)
    return not isinstance(error, (FeedBroken, Refused, NatsError, OSError, sa.exc.TimeoutError))


def reason_of(error: Exception) -> str:
    """The error in one line that every database can store."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return " ".join(repr(cause).replace("\0", "").split())[:1000]
