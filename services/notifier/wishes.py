"""What readers wish, and which addresses take no mail: asked for each mail that is queued.

Nearly nobody wishes anything, so those who do are kept in memory: read from the table once, and
heard from the projector afterwards.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import sqlalchemy as sa

from contracts.codec import Message
from contracts.mail import (
    AddressRestored,
    AddressSuppressed,
    Duty,
    PreferencesSet,
    address_key,
    reader_key,
)
from services.notifier.tables import readers
from services.runtime.database import Database
from services.runtime.projection import Read


class Wish(NamedTuple):
    """How a reader wants to be told; `suppressed` is about the address."""

    reminders: bool = True
    news: Literal["each", "digest", "pages"] = "each"
    language: str | None = None


def why_not(
    duty: Duty, wish: Wish, *, suppressed: bool
) -> Literal["address", "preference", "digest"] | None:
    """Why a mail is not sent at once; None when it is. What is obligatory is always tried, unless
    its address is known to take nothing."""
    if suppressed:
        return "address"
    match duty:
        case "reminder" if not wish.reminders:
            return "preference"
        case "news" if wish.news == "pages":
            return "preference"
        case "news" if wish.news == "digest":
            return "digest"
        case _:
            return None


class Wishes:
    """The wishes of this moment."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loaded: dict[str, Wish | bool] | None = None
        self._heard: dict[str, Wish | bool] = {}

    async def of(self, reader: str, address: str) -> tuple[Wish, bool]:
        """The reader's wish, and whether mail to the address comes back for good."""
        if self._loaded is None:
            self._loaded = await self._load()
        wish = self._find(reader_key(reader))
        suppressed = self._find(address_key(address))
        return wish if isinstance(wish, Wish) else Wish(), suppressed is True

    def hear(self, batch: Sequence[Read]) -> None:
        """What the projector has just folded. It is newer than what was loaded."""
        for read in batch:
            if isinstance(read.message, Message):
                for fact in read.message.facts:
                    match fact:
                        case PreferencesSet():
                            wish = Wish(fact.reminders, fact.news, fact.language)
                            self._heard[reader_key(fact.reader)] = wish
                        case AddressSuppressed():
                            self._heard[address_key(fact.address)] = True
                        case AddressRestored():
                            self._heard[address_key(fact.address)] = False
                        case _:
                            pass

    def _find(self, key: str) -> Wish | bool | None:
        assert self._loaded is not None
        return self._heard[key] if key in self._heard else self._loaded.get(key)

    async def _load(self) -> dict[str, Wish | bool]:
        columns = readers.c
        query = sa.select(
            columns.id, columns.suppressed, columns.reminders, columns.news, columns.language
        ).where(sa.or_(columns.suppressed, columns.news.is_not(None)))
        async with self._database.read() as connection:
            return {
                row.id: True
                if row.suppressed
                else Wish(bool(row.reminders), row.news, row.language)
                for row in await connection.execute(query)
            }
