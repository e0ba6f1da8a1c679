"""Whose complaining is paused (Art. 23): what they file meanwhile is kept until it ends."""

from collections.abc import Sequence

import sqlalchemy as sa

from contracts.codec import Message
from contracts.complaint import ComplaintFiled
from contracts.member import MeasureImposed
from services.moderation.standing.record import MeasureState, Record
from services.moderation.standing.records import Records
from services.moderation.tables import complaints, measures
from services.runtime.database import Database
from services.runtime.projection import Projector, Read

PAUSE = "complaining_suspended"


def holds_back(record: Record, fact: ComplaintFiled) -> bool:
    """Whether a pause that has not ended yet was in force when the complaint was filed."""
    return any(
        each.kind == PAUSE
        and each.state is MeasureState.ACTIVE
        and each.starts_at is not None
        and each.starts_at <= fact.filed_at
        and (each.ends_at is None or fact.filed_at < each.ends_at)
        for each in record.measures.values()
    )


class Pauses:
    """Few were ever paused, and are known by name: only their records are read before a complaint
    joins. What is filed in the milliseconds until a pause is in the tables is a complaint like any
    other."""

    def __init__(self, *, records: Records, database: Database, projector: Projector) -> None:
        self._records = records
        self._database = database
        self._projector = projector
        self._names: set[str] = set()
        self._complete = False
        projector.listeners.append(self._folded)

    async def hold_back(self, fact: ComplaintFiled) -> bool:
        """Whether the complaint waits for the end of a pause: decided on the log."""
        who = fact.complainant.actor
        if await self._never_paused(who):
            return False
        return holds_back((await self._records.read(who)).state, fact)

    async def kept(self, member: str, *, as_of: int) -> Sequence[str]:
        """The complaints of `member` that joined no case yet, the oldest first, as the log was at
        the sequence `as_of` or later."""
        if await self._never_paused(member):
            return ()
        await self._projector.wait_for(as_of)
        c = complaints.c
        waiting = (c.complainant == member, c.case_id.is_(None), c.withdrawn_at.is_(None))
        query = sa.select(c.id).where(*waiting).order_by(c.filed_at, c.id)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def _never_paused(self, who: str) -> bool:
        if who in self._names or not self._projector.caught_up.is_set():
            return False
        if not self._complete:
            query = sa.select(measures.c.member).where(measures.c.kind == PAUSE).distinct()
            async with self._database.read() as connection:
                self._names.update((await connection.execute(query)).scalars())
            self._complete = True
        return who not in self._names

    def _folded(self, batch: Sequence[Read]) -> None:
        for each in batch:
            if each.subject.startswith("member.") and isinstance(each.message, Message):
                self._names.update(
                    fact.member
                    for fact in each.message.facts
                    if isinstance(fact, MeasureImposed) and fact.kind == PAUSE
                )
