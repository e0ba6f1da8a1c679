"""Whose complaining is suspended. The tables are folds: they are made anew from the log."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "suspensions",
        sa.Column("measure_id", sa.Text, primary_key=True),
        sa.Column("complainant", sa.Text, nullable=False),
        sa.Column("starts_at", UtcTime, nullable=False),
        sa.Column("ends_at", UtcTime),
        sa.Column("lifted", sa.Boolean, nullable=False),
    )
    for table in ("reports", "joined", "decisions", "parked", "checkpoints"):
        op.execute(f"DELETE FROM {table}")
