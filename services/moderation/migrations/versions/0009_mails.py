"""When the parties were told by mail."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import UtcTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("reader", sa.Text),
        sa.Column("case_id", sa.Text),
        sa.Column("complaint_id", sa.Text),
        sa.Column("cause", sa.BigInteger),
        sa.Column("fact", sa.Text),
        sa.Column("decision_id", sa.Text),
        sa.Column("sent_at", UtcTime),
    )
    op.create_index("mails_of_case", "mails", ["case_id", "reader"])
    op.create_index("mails_of_complaint", "mails", ["complaint_id"])
