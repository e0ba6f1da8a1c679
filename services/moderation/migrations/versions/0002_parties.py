"""What parties sent afterwards, the listing as it was reported, and how members stand."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import Json, UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "complaints", sa.Column("additions", Json, nullable=False, server_default=sa.text("'[]'"))
    )
    op.add_column("complaints", sa.Column("withdrawn_at", UtcTime))
    op.add_column("cases", sa.Column("listing", Json))
    op.create_table(
        "findings",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("member", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("decision_id", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("gravity", sa.Text, nullable=False),
        sa.Column("track", sa.Text, nullable=False),
        sa.Column("points", sa.Text, nullable=False),
        sa.Column("explanation", sa.Text, nullable=False),
        sa.Column("steps", Json, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("expires_at", UtcTime, nullable=False),
        sa.Column("reversed_at", UtcTime),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "measures",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("member", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text),
        sa.Column("decision_id", sa.Text),
        sa.Column("kind", sa.Text),
        sa.Column("product_id", sa.Text),
        sa.Column("track", sa.Text),
        sa.Column("threshold", sa.Text),
        sa.Column("total", sa.Text),
        sa.Column("days", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("imposed_at", UtcTime),
        sa.Column("starts_at", UtcTime),
        sa.Column("ends_at", UtcTime),
        sa.Column("ended_at", UtcTime),
        sa.Column("explanation", sa.Text, nullable=False),
        sa.Column("end_explanation", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_index("findings_of_member", "findings", ["member", "at", "id"])
    op.create_index("measures_of_member", "measures", ["member", "imposed_at", "id"])
