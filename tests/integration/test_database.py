"""Rows come back from SQLite and PostgreSQL as they were given, whatever is in them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.parties import Product
from services.runtime.database import Database, Json, UtcTime, fetch, upsert

pytestmark = pytest.mark.anyio

metadata = sa.MetaData()
things = sa.Table(
    "things",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("words", sa.Text),
    sa.Column("small", sa.SmallInteger),
    sa.Column("large", sa.BigInteger),
    sa.Column("share", sa.Float),
    sa.Column("yes", sa.Boolean),
    sa.Column("at", UtcTime),
    sa.Column("document", Json),
    sa.Column("order", sa.Text),  # a reserved word
)
REST = ("words", "small", "large", "share", "yes", "document", "order")
tags = sa.Table("tags", metadata, sa.Column("tag", sa.Text, primary_key=True))

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS | st.just("a\0b"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
TIMES = st.datetimes(
    datetime(1, 1, 3),  # noqa: DTZ001  # `timezones` makes them aware
    datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
ROWS = st.fixed_dictionaries(
    {
        "kind": TEXTS | st.sampled_from(["Категория", "فئة", "🧴", "'; --", "%s"]),
        "number": st.integers(-(2**63), 2**63 - 1),
        "words": st.none() | TEXTS,
        "small": st.none() | st.integers(-(2**15), 2**15 - 1),
        "large": st.none() | st.integers(-(2**63), 2**63 - 1),
        "share": st.none() | st.floats(allow_nan=False),
        "yes": st.none() | st.booleans(),
        "at": st.none() | TIMES,
        "document": DOCUMENTS,
        "order": st.none() | TEXTS,
    }
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    async with database.write() as connection:
        await connection.run_sync(metadata.create_all)
    yield database
    await database.close()


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["kind"], row["number"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(ROWS, max_size=8, unique_by=key),
    st.lists(ROWS, max_size=8, unique_by=key),
    st.lists(st.booleans(), max_size=8),
)
async def test_what_is_written_in_bulk_is_read_back_equal_and_replaced_by_key(
    database: Database,
    first: list[dict[str, Any]],
    second: list[dict[str, Any]],
    of_the_same_key: list[bool],
) -> None:
    for old, new, same in zip(first, second, of_the_same_key, strict=False):
        if same and key(old) not in map(key, second):
            new.update(kind=old["kind"], number=old["number"])
    async with database.write() as connection:
        await connection.execute(sa.delete(things))
        await upsert(connection, things, first)
        await upsert(connection, things, second)
        wanted = {key(row): row for row in [*first, *second]}
        assert dict(await fetch(connection, things, wanted)) == wanted
        count = await connection.execute(sa.select(sa.func.count()).select_from(things))
        assert count.scalar() == len(wanted)
        await connection.rollback()


async def test_times_are_compared_and_sorted_as_moments(database: Database) -> None:
    moscow = timezone(timedelta(hours=3))
    noon = datetime(2026, 3, 2, 12, 0, 0, 1, tzinfo=UTC)
    rows = [
        {"kind": "t", "number": n, "at": at, **dict.fromkeys(REST)}
        for n, at in enumerate(
            [noon, (noon - timedelta(microseconds=1)).astimezone(moscow), noon + timedelta(days=1)]
        )
    ]
    async with database.write() as connection:
        await upsert(connection, things, rows)
        query = sa.select(things.c.number, things.c.at).order_by(things.c.at)
        before = query.where(things.c.at <= noon.astimezone(moscow))
        found = (await connection.execute(before)).all()
    assert [number for number, _ in found] == [1, 0]
    assert all(at.tzinfo is UTC for _, at in found)


async def test_a_contract_can_be_kept_as_a_document(database: Database) -> None:
    product = Product(link="https://example.com/1", product_id=None)
    row = {"kind": "c", "number": 1, **dict.fromkeys(REST), "at": None, "document": [product]}
    async with database.write() as connection:
        await upsert(connection, things, [row])
        (found,) = (await fetch(connection, things, [("c", 1)])).values()
    assert found["document"] == [product.model_dump()]


async def test_a_table_of_keys_only_is_written_twice_without_harm(database: Database) -> None:
    async with database.write() as connection:
        for _ in range(2):
            await upsert(connection, tags, [{"tag": "a"}, {"tag": "b"}])
        assert set(await fetch(connection, tags, [("a",), ("c",)])) == {("a",)}


async def test_many_keys_are_fetched_at_once(database: Database) -> None:
    rows = [{"kind": "m", "number": n, "at": None, **dict.fromkeys(REST)} for n in range(1_203)]
    async with database.write() as connection:
        await upsert(connection, things, rows)
        assert len(await fetch(connection, things, [("m", n) for n in range(2_000)])) == 1_203


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    async def fail_half_way() -> None:
        async with database.write() as connection:
            await upsert(connection, tags, [{"tag": "a"}])
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        await fail_half_way()
    async with database.read() as connection:
        assert await fetch(connection, tags, [("a",)]) == {}


async def test_a_write_that_is_cancelled_makes_nobody_wait(database: Database) -> None:
    """Wherever in it that happens, and however long what was raised is kept."""
    kept: list[BaseException] = []

    async def work(reached: asyncio.Event) -> None:
        try:
            async with database.write() as connection:
                await upsert(connection, tags, [{"tag": "a"}, {"tag": "b"}])
                reached.set()
                while True:
                    await connection.execute(sa.select(tags))
        except BaseException as error:
            kept.append(error)
            raise

    for at in range(20):
        reached = asyncio.Event()
        working = asyncio.create_task(work(reached))
        await reached.wait()
        for _ in range(at):
            await asyncio.sleep(0)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        async with asyncio.timeout(5), database.write() as connection:
            assert await fetch(connection, tags, [("a",)]) == {}


async def test_an_error_of_the_database_tells_nothing_of_the_row(database: Database) -> None:
    row = {
        "kind": None,
        "number": 1,
        "at": None,
        **dict.fromkeys(REST),
        "words": "ivan@example.com",
    }
    with pytest.raises(sa.exc.DBAPIError) as refused:
        await _insert(database, row)
    assert "ivan" not in str(refused.value)


async def _insert(database: Database, row: dict[str, Any]) -> None:
    async with database.write() as connection:
        await upsert(connection, things, [row])
