"""The log in tests: small facts to append, what stands there afterwards, and an installation's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from pydantic import SecretStr

from contracts.case import CaseReleased
from contracts.codec import Fact, decode
from contracts.envelope import Aggregate, Meta
from contracts.streams import COMPLAINTS, Stream
from deploy.broker import ADMIN
from deploy.topology import Topology
from services.runtime.bus import Bus
from services.runtime.feed import Feed
from tests.contract.examples import day
from tests.servers import SettingsOfTest

EVERYTHING = [">"]


def case(identifier: str | int) -> Aggregate:
    return Aggregate(kind="case", id=str(identifier))


def said(words: str | int) -> CaseReleased:
    """The smallest fact there is, with some words in it to tell it from others."""
    return CaseReleased(by=str(words), at=day(3))


def words_of(facts: tuple[Fact, ...]) -> list[str]:
    return [fact.by for fact in facts if isinstance(fact, CaseReleased)]


def command(identifier: str | int) -> Meta:
    return Meta(str(identifier), day(3), "moderator:mia", "correlation")


class Stored(NamedTuple):
    sequence: int
    subject: str
    command: str
    words: tuple[str, ...]


async def stored(bus: Bus, stream: Stream = COMPLAINTS) -> list[Stored]:
    """Every message of a stream, in order."""
    found: list[Stored] = []
    async with Feed(bus, stream.name, EVERYTHING, after=0, batch=1000) as feed:
        while feed.pending != 0:
            for sequence, subject, data in await feed.next():
                message = decode(data, sequence=sequence)
                words = tuple(words_of(message.facts))
                found.append(Stored(sequence, subject, message.meta.id, words))
    return found


async def last_sequence(bus: Bus, stream: Stream = COMPLAINTS) -> int:
    info = await bus.api(f"STREAM.INFO.{stream.name}", {})
    return int(info["state"]["last_seq"])


@asynccontextmanager
async def log_of(topology: Topology) -> AsyncIterator[Bus]:
    """The log of an installation that runs, with all rights."""
    bus = Bus(
        SettingsOfTest(
            port=0,
            nats_url=topology.env("streams")["REDRESS_NATS_URL"],
            nats_user=ADMIN,
            nats_password=SecretStr(topology.site.secrets.nats[ADMIN]),
            database_url="",
            secret_key=SecretStr("of no use here" * 4),
        )
    )
    await bus.connect()
    try:
        yield bus
    finally:
        await bus.close()
