"""A projection for tests: three views of the words said, one of them a row that everybody touches.

As a process (`python -m tests.projecting NATS_URL USER PASSWORD DATABASE_URL`) it follows the log
until it is killed.
"""

import asyncio
import sys
from typing import Any

import sqlalchemy as sa

from contracts.case import CaseReleased
from contracts.codec import Fact, Message
from contracts.streams import COMPLAINTS
from services.runtime.bus import Bus
from services.runtime.database import Database, Json, Row, UtcTime
from services.runtime.events import EventStore
from services.runtime.projection import Key, Projector, View, bookkeeping
from tests.log import case, command, said, stored
from tests.servers import SettingsOfTest

metadata = sa.MetaData()
checkpoints, parked = bookkeeping(metadata)

speakers = sa.Table(
    "speakers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("said", sa.BigInteger, nullable=False),
    sa.Column("last", sa.Text, nullable=False),
    sa.Column("commands", Json, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)
entries = sa.Table(
    "entries",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("place", sa.BigInteger, primary_key=True),
    sa.Column("words", sa.Text, nullable=False),
)
totals = sa.Table(
    "totals",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("said", sa.BigInteger, nullable=False),
    sa.Column("letters", sa.BigInteger, nullable=False),
)
VIEW_TABLES = (speakers, entries, totals)

POISON = "poison"
"""Words that the fold cannot take, until `cured`."""
UNSAYABLE = "unsayable"
"""Words about which not even the row can be told."""


class Folds:
    """The folds, with a defect that can be mended."""

    def __init__(self) -> None:
        self.cured = False

    def speaker(self, row: Row | None, fact: CaseReleased, message: Message) -> Row:
        if POISON in fact.by and not self.cured:
            raise LookupError("a defect in the fold")
        before = row or {"said": 0, "commands": []}
        return {
            "id": message.subject,
            "said": before["said"] + 1,
            "last": fact.by,
            "commands": [*before["commands"], message.meta.id],
            "at": fact.at,
        }

    def entry(self, _: Row | None, fact: CaseReleased, message: Message) -> Row:
        place = message.facts.index(fact)
        return {"sequence": message.sequence, "place": place, "words": fact.by}

    def total(self, row: Row | None, fact: CaseReleased, _: Message) -> Row:
        before = row or {"said": 0, "letters": 0}
        return {
            "name": "all",
            "said": before["said"] + 1,
            "letters": before["letters"] + len(fact.by),
        }

    def speaker_key(self, fact: Fact, message: Message) -> Key | None:
        if isinstance(fact, CaseReleased) and fact.by == UNSAYABLE and not self.cured:
            raise LookupError("a defect in the key")
        return (message.subject,) if isinstance(fact, CaseReleased) else None

    @property
    def views(self) -> list[View]:
        def entry_key(fact: Fact, message: Message) -> Key | None:
            return (message.sequence, id(fact)) if isinstance(fact, CaseReleased) else None

        def total_key(fact: Fact, _: Message) -> Key | None:
            return ("all",) if isinstance(fact, CaseReleased) else None

        return [
            View(speakers, self.speaker_key, self.speaker),
            View(entries, entry_key, self.entry, append_only=True),
            View(totals, total_key, self.total),
        ]


def projector(
    bus: Bus, database: Database, folds: Folds | None = None, *, name: str = "words"
) -> Projector:
    return Projector(
        name,
        bus=bus,
        database=database,
        metadata=metadata,
        stream=COMPLAINTS,
        subjects=["case.*.*"],
        views=(folds or Folds()).views,
    )


async def rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All rows of the views, in the order of their keys."""
    found = {}
    async with database.read() as connection:
        for table in VIEW_TABLES:
            query = sa.select(table).order_by(*table.primary_key.columns)
            found[table.name] = [dict(row._mapping) for row in await connection.execute(query)]
    return found


async def checkpoint(database: Database) -> int:
    async with database.read() as connection:
        found = await connection.execute(sa.select(checkpoints.c.sequence))
        return found.scalar() or 0


async def parked_sequences(database: Database) -> list[int]:
    async with database.read() as connection:
        query = sa.select(parked.c.sequence).order_by(parked.c.sequence)
        return list((await connection.execute(query)).scalars())


async def say(store: EventStore, count: int, *, speakers: int = 10, start: int = 0) -> int:
    """`count` messages by several speakers; the last one's sequence."""

    async def speak(speaker: int) -> int:
        version = (await store.read(case(speaker))).version
        for number in range(start + speaker, start + count, speakers):
            version = await store.append(
                case(speaker), [said(number)], expected=version, meta=command(number)
            )
        return version

    return max(await asyncio.gather(*(speak(n) for n in range(speakers))))


async def expected(bus: Bus) -> dict[str, list[dict[str, object]]]:
    """The rows that follow from the log, by the shortest way to count them."""
    log = await stored(bus)
    spoken: dict[str, list[tuple[str, str]]] = {}
    for message in log:
        spoken.setdefault(message.subject, []).extend(
            (message.command, words) for words in message.words
        )
    every = [words for each in spoken.values() for _, words in each]
    return {
        "speakers": [
            {
                "id": subject,
                "said": len(each),
                "last": each[-1][1],
                "commands": [name for name, _ in each],
                "at": said("").at,
            }
            for subject, each in sorted(spoken.items())
        ],
        "entries": [
            {"sequence": message.sequence, "place": place, "words": words}
            for message in log
            for place, words in enumerate(message.words)
        ],
        "totals": [{"name": "all", "said": len(every), "letters": sum(map(len, every))}],
    }


async def said_in_turn(store: EventStore, speaker: str, *spoken: str) -> int:
    version = 0
    for words in spoken:
        version = await store.append(
            case(speaker), [said(words)], expected=version, meta=command(words)
        )
    return version


async def _follow(nats_url: str, user: str, password: str, database_url: str) -> None:
    settings = SettingsOfTest(
        port=0,
        nats_url=nats_url,
        nats_user=user,
        nats_password=password,
        database_url=database_url,
        secret_key="k" * 40,
    )
    bus = Bus(settings)
    await bus.connect()
    await projector(bus, Database(database_url)).run()


if __name__ == "__main__":
    asyncio.run(_follow(*sys.argv[1:]))
