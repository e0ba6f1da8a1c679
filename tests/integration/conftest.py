"""What several files share: an event store, a database with the tables of a projection, a chat."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.runtime.bus import Bus
from services.runtime.database import Database
from services.runtime.events import EventStore
from tests.chat_house import House, house
from tests.projecting import metadata
from tests.servers import NatsServer


@pytest.fixture
def store(bus: Bus) -> EventStore:
    return EventStore(bus, source="tests")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    async with database.write() as connection:
        await connection.run_sync(metadata.create_all)
    yield database
    await database.close()


@pytest.fixture
async def home(nats: NatsServer, tmp_path: Path) -> AsyncIterator[House]:
    """Where replicas of the chat can be started."""
    async with house(nats, tmp_path) as made:
        yield made
