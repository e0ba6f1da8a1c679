"""Schema migrations: Alembic, one chain a service, in `services/<service>/migrations`."""

from typing import Any

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from services.runtime.database import Database


def _config(service: str) -> Config:
    config = Config()
    config.set_main_option("script_location", f"services.{service}:migrations")
    config.set_main_option("path_separator", "os")
    return config


async def upgrade(service: str, database: Database, *, revision: str = "head") -> None:
    """Brings the service's schema to a revision, the newest unless another is named."""
    config = _config(service)

    def run(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with database.write() as connection:
        await connection.run_sync(run)


async def is_current(service: str, database: Database) -> bool:
    """Whether the schema is at the newest revision."""
    head = ScriptDirectory.from_config(_config(service)).get_current_head()
    async with database.engine.connect() as connection:
        current = await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision()
        )
    return current == head


def run_env(metadata: sa.MetaData) -> None:
    """What each service's `migrations/env.py` calls."""
    connection: Any = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
