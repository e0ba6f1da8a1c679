"""Where complaints and decisions belong. The tables are folds: they are made anew from the log."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "joined",
        sa.Column("complaint_id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("complainant", sa.Text, nullable=False),
        sa.Column("joined_at", UtcTime, nullable=False),
    )
    op.create_index("joined_by_complainant", "joined", ["complainant", "joined_at"])
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False),
    )
    for table in ("reports", "parked", "checkpoints"):
        op.execute(f"DELETE FROM {table}")
