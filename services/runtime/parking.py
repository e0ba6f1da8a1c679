"""Messages that a projection cannot take: put aside with the reason, so that all others go on."""

from collections.abc import Sequence
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


class Stand(NamedTuple):
    """How many messages are parked, and the sum of their sequences: never the same again once
    anything was parked or released, as what is parked later has a higher sequence than all."""

    number: int
    total: int

    def after(self, parked: Sequence[Parked]) -> "Stand":
        """When these have been parked, too."""
        return Stand(self.number + len(parked), self.total + sum(each.sequence for each in parked))


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

    async def stand(self, connection: AsyncConnection) -> Stand:
        """Asked anew in every transaction, since a twin may park and an operator may redrive."""
        sequence = self._table.c.sequence
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sequence), 0))
        number, total = (await connection.execute(query.where(self._mine))).one()
        return Stand(number, int(total))

    async def subjects(self, connection: AsyncConnection) -> frozenset[str]:
        """The aggregates whose messages are to be put aside, as earlier ones are there already."""
        query = sa.select(self._table.c.subject).where(self._mine).distinct()
        return frozenset((await connection.execute(query)).scalars())

    async def park(self, connection: AsyncConnection, messages: Sequence[Parked]) -> None:
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
