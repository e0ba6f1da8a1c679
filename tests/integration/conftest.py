"""What tests of the log share: an event store, and a database with the tables of a projection."""

from collections.abc import AsyncIterator

import pytest

from services.runtime.bus import Bus
from services.runtime.database import Database
from services.runtime.events import EventStore
from tests.projecting import metadata


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
