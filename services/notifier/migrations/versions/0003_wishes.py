"""What readers wish, and which addresses take no mail."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "readers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("reminders", sa.Boolean),
        sa.Column("news", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("suppressed", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("read_until", UtcTime),
    )
