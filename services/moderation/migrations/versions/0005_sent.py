"""What parties sent in a case besides answers, and where in the log complaints came and went."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import Json, UtcTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("complaints", sa.Column("joined_sequence", sa.BigInteger))
    op.add_column("complaints", sa.Column("withdrawn_sequence", sa.BigInteger))
    op.create_table(
        "sent",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("decision_id", sa.Text),
        sa.Column("complaint_id", sa.Text),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_index("sent_of_case", "sent", ["case_id", "at"])
