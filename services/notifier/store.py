"""Queries on the ledger."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from contracts.mail import MailQueued, address_key, reader_key
from services.notifier.projection import State
from services.notifier.tables import ledger, readers
from services.runtime.database import Database, Row, rows_of


class Ledger:
    """What was told to whom, newest first. Pages go on `before` the last row's `sequence`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_address(
        self, address: str | None, *, state: State | None, before: int | None, limit: int
    ) -> Sequence[Row]:
        """Mails to exactly this address, in any case; all mails for None."""
        query = sa.select(ledger)
        if address is not None:
            query = query.where(ledger.c.to_key == address.strip().casefold())
        return await self._page(query, state, before, limit)

    async def search(
        self, text: str, *, state: State | None, before: int | None, limit: int
    ) -> Sequence[Row]:
        """Mails whose address begins with `text`, or that are about the number `text`."""
        query = sa.select(ledger)
        if wanted := text.strip():
            query = query.where(
                sa.or_(
                    ledger.c.to_key.startswith(wanted.casefold(), autoescape=True),
                    ledger.c.number == wanted.upper(),
                )
            )
        return await self._page(query, state, before, limit)

    async def one(self, mail_id: str, *, patient: bool = False) -> Row | None:
        """The mail's row. `patient`: it was queued just now, and may take a moment to be here."""
        for pause in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6) if patient else ():
            if rows := await self._one(mail_id):
                return rows[0]
            await asyncio.sleep(pause)
        rows = await self._one(mail_id)
        return rows[0] if rows else None

    async def _one(self, mail_id: str) -> Sequence[Row]:
        return await self._rows(sa.select(ledger).where(ledger.c.mail_id == mail_id))

    async def address(self, address: str) -> Row | None:
        """What is known of an address: whether mail to it comes back, and why."""
        rows = await self._rows(sa.select(readers).where(readers.c.id == address_key(address)))
        return rows[0] if rows else None

    async def notices(
        self, reader: str, *, before: int | None, limit: int
    ) -> tuple[Sequence[Row], datetime | None]:
        """What the reader was told, newest first, and until when they have seen it."""
        query = sa.select(ledger).where(*_notices_of(reader))
        if before is not None:
            query = query.where(ledger.c.sequence < before)
        rows = await self._rows(query.order_by(ledger.c.sequence.desc()).limit(limit))
        return rows, await self._read_until(reader)

    async def unread(self, reader: str) -> int:
        """How many notices the reader has not seen; a hundred stands for more."""
        wanted = _notices_of(reader)
        if until := await self._read_until(reader):
            wanted = (*wanted, ledger.c.queued_at > until)
        some = sa.select(ledger.c.mail_id).where(*wanted).limit(100).subquery()
        async with self._database.read() as connection:
            found = await connection.execute(sa.select(sa.func.count()).select_from(some))
            return int(found.scalar_one())

    async def told_by(self, mail_ids: Collection[str]) -> set[str]:
        """The readers of these mails."""
        query = sa.select(ledger.c.reader).where(ledger.c.mail_id.in_(mail_ids))
        return {row["reader"] for row in await self._rows(query) if row["reader"]}

    async def _read_until(self, reader: str) -> datetime | None:
        query = sa.select(readers.c.read_until).where(readers.c.id == reader_key(reader))
        rows = await self._rows(query)
        return rows[0]["read_until"] if rows else None

    async def counts(self) -> dict[State, int]:
        """How many mails are in each state."""
        query = sa.select(ledger.c.state, sa.func.count().label("mails")).group_by(ledger.c.state)
        async with self._database.read() as connection:
            found = {row.state: row.mails for row in await connection.execute(query)}
        return {state: found.get(state, 0) for state in State}

    async def _page(
        self,
        query: sa.Select[tuple[object, ...]],
        state: State | None,
        before: int | None,
        limit: int,
    ) -> Sequence[Row]:
        if state is not None:
            query = query.where(ledger.c.state == state)
        if before is not None:
            query = query.where(ledger.c.sequence < before)
        return await self._rows(query.order_by(ledger.c.sequence.desc()).limit(limit))

    async def _rows(self, query: sa.Select[Any]) -> Sequence[Row]:
        async with self._database.read() as connection:
            return await rows_of(connection, query)


def _notices_of(reader: str) -> tuple[sa.ColumnElement[bool], ...]:
    """All that was told to them, also what they did not want mailed; a digest repeats it."""
    replayed = sa.and_(ledger.c.state == State.SUPPRESSED, ledger.c.last_reply == "replay")
    return (ledger.c.reader == reader, ledger.c.template != "digest", sa.not_(replayed))


def queued(row: Row) -> MailQueued:
    """The fact that a row began with, so that the mail can be rendered again."""
    return MailQueued.model_validate({name: row[name] for name in _QUEUED})


# Of what it tells, nothing in the mail itself speaks.
_QUEUED = MailQueued.model_fields.keys() - {"type", "version", "cause"}
