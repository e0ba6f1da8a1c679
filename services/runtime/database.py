"""SQL: engines, column types and bulk writing that are the same on SQLite and PostgreSQL."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

Row = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite, which has
    no time type of its own (and whose text form would lose the zone)."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, int):
            return _EPOCH + value * _MICROSECOND
        return value.astimezone(UTC)  # type: ignore[no-any-return]


class Json(TypeDecorator[Any]):
    """A JSON document kept as text, written by pydantic's encoder (so facts can be stored)."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        return None if value is None else to_json(value).decode()

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else from_json(value)


class Database:
    """One service's database: `sqlite+aiosqlite:///file` or `postgresql+asyncpg://…`."""

    def __init__(self, url: str) -> None:
        # Enough connections for a burst of reads, and none beyond: opening one costs more than
        # waiting for one.
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=16,
            max_overflow=0,
            pool_pre_ping=url.startswith("postgresql"),
            hide_parameters=True,  # rows hold personal data, and errors are logged
        )
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine.sync_engine, "connect", _tune_sqlite)

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for queries; nothing done on it is kept."""
        async with self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end of the block and rolled back by an exception."""
        async with self.engine.begin() as connection:
            if self.dialect == "sqlite":
                # Take the one writer's lock now: a lock upgraded later could be refused.
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    async def close(self) -> None:
        await self.engine.dispose()


def _tune_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # Projections can be rebuilt from the log, so a power cut may cost the last transactions.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.close()


async def upsert(connection: AsyncConnection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Inserts `rows`, or replaces those with the same primary key. Every row has every column.

    One statement for all rows: `executemany` on SQLite, arrays through `unnest` on PostgreSQL
    (both several times faster than SQLAlchemy's own row-by-row binding).
    """
    if not rows:
        return
    dialect = connection.dialect
    statement, columns = _upsert_statement(table, dialect)
    values = [[bind(row[name]) for name, bind in columns] for row in rows]
    if dialect.name == "sqlite":
        await connection.exec_driver_sql(statement, [tuple(row) for row in values])
    else:
        await connection.exec_driver_sql(statement, tuple(map(list, zip(*values, strict=True))))


def _same(value: Any) -> Any:
    return value


@cache
def _upsert_statement(table: sa.Table, dialect: sa.Dialect) -> tuple[str, list[tuple[str, Any]]]:
    columns = [
        (column.name, column.type.dialect_impl(dialect).bind_processor(dialect) or _same)
        for column in table.columns
    ]
    names = [name for name, _ in columns]
    keys = [column.name for column in table.primary_key.columns]
    rest = [name for name in names if name not in keys]
    action = (
        "DO UPDATE SET " + ", ".join(f'"{name}" = excluded."{name}"' for name in rest)
        if rest
        else "DO NOTHING"
    )
    target = dialect.identifier_preparer.format_table(table)
    listed = ", ".join(f'"{name}"' for name in names)
    conflict = f"ON CONFLICT ({', '.join(keys)}) {action}"
    if dialect.name == "sqlite":
        marks = ", ".join("?" for _ in names)
        return f"INSERT INTO {target} ({listed}) VALUES ({marks}) {conflict}", columns
    arrays = ", ".join(
        f"${place}::{column.type.dialect_impl(dialect).compile(dialect)}[]"
        for place, column in enumerate(table.columns, start=1)
    )
    # WHERE TRUE keeps PostgreSQL's and SQLite's parsers from reading ON as a join.
    return (
        f"INSERT INTO {target} ({listed}) SELECT * FROM unnest({arrays}) WHERE TRUE {conflict}",
        columns,
    )


KEYS_AT_ONCE = 500


async def fetch(
    connection: AsyncConnection, table: sa.Table, keys: Iterable[tuple[Any, ...]]
) -> Mapping[tuple[Any, ...], Row]:
    """The rows of `table` with these primary keys, by key."""
    primary = list(table.primary_key.columns)
    wanted = list(keys)
    found: dict[tuple[Any, ...], Row] = {}
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        some = wanted[start : start + KEYS_AT_ONCE]
        matches = (
            primary[0].in_([key[0] for key in some])
            if len(primary) == 1
            else sa.tuple_(*primary).in_(some)
        )
        for row in await connection.execute(sa.select(table).where(matches)):
            mapping = dict(row._mapping)
            found[tuple(mapping[column.name] for column in primary)] = mapping
    return found
