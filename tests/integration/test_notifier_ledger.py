"""The ledger in SQL, on every database that the notifier runs on."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from contracts.envelope import Aggregate, Meta
from contracts.mail import MailBounced, MailDeferred, MailFact, MailQueued, MailSent
from contracts.streams import MAIL
from services.notifier.projection import LEDGER, State
from services.notifier.so_far import CaseSoFar
from services.notifier.store import Ledger, queued
from services.notifier.tables import metadata
from services.runtime import migrations
from services.runtime.bus import Bus
from services.runtime.database import Database, Row
from services.runtime.events import EventStore
from services.runtime.projection import Projector
from tests.telling import NOON, filed, mails

pytestmark = pytest.mark.anyio

ANSWERS: dict[str, MailFact] = {
    "sent": MailSent(at=NOON, attempt=1, message_id="<m@here>", reply="250 OK"),
    "deferred": MailDeferred(
        at=NOON, attempt=1, reason="451 later", retry_at=NOON + timedelta(hours=1)
    ),
    "bounced": MailBounced(at=NOON, attempt=1, reason="550 no such user"),
}


class Books(NamedTuple):
    """A ledger with what keeps it."""

    store: EventStore
    database: Database
    projector: Projector
    ledger: Ledger

    async def mail(self, name: str, *answers: str, **changed: str) -> MailQueued:
        """Queues a mail, with the answers that the server gave."""
        (mail,) = mails(filed(), CaseSoFar(), filed())
        mail = MailQueued.model_validate(mail.model_dump() | {"mail_id": name} | changed)
        aggregate = Aggregate(kind="mail", id=name)
        version = 0
        for place, fact in enumerate([mail, *(ANSWERS[answer] for answer in answers)]):
            meta = Meta(id=f"{name}-{place}", time=NOON, actor="service:notifier", correlation="t")
            version = await self.store.append(aggregate, [fact], expected=version, meta=meta)
        return mail

    async def fold(self) -> None:
        await self.projector.rebuild()


@pytest.fixture
async def books(bus: Bus, database_url: str) -> AsyncIterator[Books]:
    database = Database(database_url)
    await migrations.upgrade("notifier", database)
    projector = Projector(
        "ledger",
        bus=bus,
        database=database,
        metadata=metadata,
        stream=MAIL,
        subjects=MAIL.subjects,
        views=[LEDGER],
    )
    yield Books(EventStore(bus, source="notifier"), database, projector, Ledger(database))
    await database.close()


def ids(rows: Sequence[Row]) -> list[str]:
    return [row["mail_id"] for row in rows]


async def test_the_migrations_make_the_tables_that_the_code_names(books: Books) -> None:
    def found(connection: sa.Connection) -> dict[str, dict[str, tuple[bool, str]]]:
        inspector = sa.inspect(connection)
        return {
            name: {
                column["name"]: (column["nullable"], column["type"].compile(connection.dialect))
                for column in inspector.get_columns(name)
            }
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }

    async with books.database.engine.connect() as connection:
        dialect = books.database.engine.dialect
        assert await connection.run_sync(found) == {
            table.name: {
                column.name: (bool(column.nullable), column.type.compile(dialect))
                for column in table.columns
            }
            for table in metadata.sorted_tables
        }


async def test_lists_are_newest_first_and_go_on_where_they_stopped(books: Books) -> None:
    for name in "abcde":
        await books.mail(name, "sent")
    await books.fold()
    first = await books.ledger.search("", state=None, before=None, limit=3)
    rest = await books.ledger.search("", state=None, before=first[-1]["sequence"], limit=3)
    assert [ids(first), ids(rest)] == [["e", "d", "c"], ["b", "a"]]


async def test_mails_are_found_by_address_number_and_state(books: Books) -> None:
    await books.mail("a", "sent", to_address="Ivan@Example.org")
    await books.mail("b", "bounced", to_address="ivan@example.org.evil.example")
    await books.mail("c", "deferred", to_address="50%_off@example.org")
    await books.mail("d", to_address="layla@example.net")
    await books.fold()

    async def found(text: str, state: State | None = None) -> list[str]:
        return ids(await books.ledger.search(text, state=state, before=None, limit=9))

    assert await found("IVAN@") == ["b", "a"]
    assert await found("ivan@", State.BOUNCED) == ["b"]
    assert await found("50%_") == ["c"]
    assert await found("%") == []
    assert await found("c-c2bzw-f6648") == ["d", "c", "b", "a"]
    exactly = await books.ledger.of_address(" ivan@example.ORG ", state=None, before=None, limit=9)
    assert ids(exactly) == ["a"]


async def test_the_states_are_counted(books: Books) -> None:
    await books.mail("a", "sent")
    await books.mail("b", "deferred", "sent")
    await books.mail("c")
    await books.fold()
    assert await books.ledger.counts() == {
        State.QUEUED: 1,
        State.DEFERRED: 0,
        State.SENT: 2,
        State.BOUNCED: 0,
        State.SUPPRESSED: 0,
    }


async def test_a_row_read_back_is_the_mail_that_was_queued(books: Books) -> None:
    mail = await books.mail("a", "sent", to_name="Иван “Ваня” \u200fלילה")
    await books.fold()
    row = await books.ledger.one("a")
    assert row is not None
    assert queued(row) == mail
    assert row["sent_at"] == NOON
    assert await books.ledger.one("b") is None


async def test_built_anew_the_ledger_has_the_same_rows(books: Books) -> None:
    await books.mail("a", "sent")
    await books.mail("b", "deferred", "bounced")
    await books.fold()
    before = await books.ledger.search("", state=None, before=None, limit=9)
    await books.fold()
    assert await books.ledger.search("", state=None, before=None, limit=9) == before
