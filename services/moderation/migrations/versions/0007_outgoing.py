"""What is told to machines outside."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import Json, UtcTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "outgoing",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("errors", Json, nullable=False),
        sa.Column("queued_at", UtcTime, nullable=False),
        sa.Column("due_at", UtcTime),
        sa.Column("changed_at", UtcTime, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_index("outgoing_newest", "outgoing", ["channel", "queued_at", "id"])
    op.create_index("outgoing_due", "outgoing", ["channel", "state", "due_at", "id"])
