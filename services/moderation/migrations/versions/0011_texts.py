"""Reason texts that staff keep, and what they enter into the yearly report."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import Json, UtcTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "reason_texts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("types", Json, nullable=False),
        sa.Column("wordings", Json, nullable=False),
        sa.Column("retired", sa.Boolean, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "report_entries",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("entries", Json, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
