"""What is under complaint, and the projector's bookkeeping."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "parked",
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("parked_at", UtcTime, nullable=False),
    )
    op.create_table(
        "reports",
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("product_id", sa.Text),
        sa.Column("complaint_type", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("complaints", sa.Integer, nullable=False),
    )
    op.create_index("reports_open_by_product", "reports", ["product_id", "complaint_type"])
