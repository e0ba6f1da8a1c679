"""The ledger of mails."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import Json, UtcTime

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
        "ledger",
        sa.Column("mail_id", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("to_address", sa.Text, nullable=False),
        sa.Column("to_key", sa.Text, nullable=False),
        sa.Column("to_name", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text),
        sa.Column("complaint_id", sa.Text),
        sa.Column("params", Json, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_reply", sa.Text),
        sa.Column("message_id", sa.Text),
        sa.Column("queued_at", UtcTime, nullable=False),
        sa.Column("tried_at", UtcTime),
        sa.Column("retry_at", UtcTime),
        sa.Column("sent_at", UtcTime),
    )
    op.create_index("ledger_in_order", "ledger", ["sequence"])
    op.create_index("ledger_to", "ledger", ["to_key", "sequence"])
    op.create_index("ledger_in_state", "ledger", ["state", "sequence"])
    op.create_index("ledger_about", "ledger", ["number", "sequence"])
