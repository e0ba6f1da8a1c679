"""SQL: engines, column types and bulk writing that are the same on SQLite and PostgreSQL."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

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
        return None if value is None else _EPOCH + value * _MICROSECOND

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        """None where the driver gives aware times in UTC itself, as asyncpg does."""
        return super().result_processor(dialect, coltype) if dialect.name == "sqlite" else None


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
        postgresql = url.startswith("postgresql")
        # To compile a query at run time, or to start workers for it, takes longer than any here.
        quick = {"jit": "off", "max_parallel_workers_per_gather": "0"}
        settings = {"server_settings": quick} if postgresql else {}
        self.engine: AsyncEngine = create_async_engine(
            url,
            connect_args=settings,
            # A query alone needs no BEGIN before it and no ROLLBACK after it, which take longer
            # than it does; `write` begins a transaction.
            isolation_level="AUTOCOMMIT" if postgresql else None,
            pool_size=16,
            max_overflow=0,
            pool_pre_ping=postgresql,
            hide_parameters=True,  # rows hold personal data, and errors are logged
        )
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine.sync_engine, "connect", _tune_sqlite)
            sa.event.listen(self.engine.sync_engine, "invalidate", _let_go)

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for queries. Each sees what is committed when it begins."""
        async with self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end of the block and rolled back by an exception."""
        async with self.engine.connect() as connection:
            if self.dialect != "sqlite":
                await connection.execution_options(isolation_level="READ COMMITTED")
            async with connection.begin():
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


def _let_go(connection: Any, _record: Any, _error: BaseException | None) -> None:
    """Ends the transaction of a connection that is given up, as it is when a query is cancelled.

    Closing it would not: SQLite keeps a closed connection's transaction, and with it the one
    writer's lock, while any cursor of it lives, as one may in the cancellation's traceback.
    """
    connection.rollback()


async def upsert(connection: AsyncConnection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Inserts `rows`, or replaces those with the same primary key. Every row has every column, and
    no two have the same key.

    One statement for many rows: several `VALUES` on SQLite, arrays through `unnest` on PostgreSQL.
    Both are several times faster than row by row; on SQLite above all while Python works beside
    it, since after every single row its driver waits for Python's lock.
    """
    if not rows:
        return
    write = _upsert(table, connection.dialect)
    values = [list(write.values(row)) for row in rows]
    for row in values:
        for place, bind in write.conversions:
            row[place] = bind(row[place])
    if connection.dialect.name != "sqlite":
        columns = tuple(map(list, zip(*values, strict=True)))
        await connection.exec_driver_sql(f"{write.insert} {write.rows} {write.conflict}", columns)
        return
    at_once = SQLITE_VARIABLES // len(table.columns)
    for start in range(0, len(values), at_once):
        some = values[start : start + at_once]
        listed = ", ".join([write.rows] * len(some))
        statement = f"{write.insert} VALUES {listed} {write.conflict}"
        await connection.exec_driver_sql(statement, tuple(chain.from_iterable(some)))


SQLITE_VARIABLES = 32_766
"""As many as SQLite takes in one statement."""


class _Upsert(NamedTuple):
    insert: str
    rows: str
    """On SQLite one row's marks, on PostgreSQL the query that gives all rows."""
    conflict: str
    values: Callable[[Row], tuple[Any, ...]]
    """Of every column, in the statement's order."""
    conversions: Sequence[tuple[int, Callable[[Any], Any]]]
    """By place, of those that the driver does not take as they are."""


@cache
def _upsert(table: sa.Table, dialect: sa.Dialect) -> _Upsert:
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key.columns]
    rest = [name for name in names if name not in keys]
    action = (
        "DO UPDATE SET " + ", ".join(f'"{name}" = excluded."{name}"' for name in rest)
        if rest
        else "DO NOTHING"
    )
    arrays = ", ".join(
        f"${place}::{column.type.dialect_impl(dialect).compile(dialect)}[]"
        for place, column in enumerate(table.columns, start=1)
    )
    target = dialect.identifier_preparer.format_table(table)
    listed = ", ".join(f'"{name}"' for name in names)
    return _Upsert(
        insert=f"INSERT INTO {target} ({listed})",
        rows=f"({', '.join('?' for _ in names)})"
        if dialect.name == "sqlite"
        # WHERE TRUE keeps the parser from reading ON as a join.
        else f"SELECT * FROM unnest({arrays}) WHERE TRUE",
        conflict=f"ON CONFLICT ({', '.join(keys)}) {action}",
        values=itemgetter(*names),
        conversions=[
            (place, bind)
            for place, column in enumerate(table.columns)
            if (bind := column.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        ],
    )


async def rows_of(connection: AsyncConnection, query: sa.Executable) -> list[Row]:
    """All rows of a query."""
    result = await connection.execute(query)
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


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
