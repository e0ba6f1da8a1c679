"""Chats and operators."""

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
        "chats",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("customer_name", sa.Text, nullable=False),
        sa.Column("customer_email", sa.Text, nullable=False),
        sa.Column("page", sa.Text, nullable=False),
        sa.Column("initiated_at", UtcTime, nullable=False),
        sa.Column("last_at", UtcTime, nullable=False),
        sa.Column("last_text", sa.Text, nullable=False),
        sa.Column("messages", sa.Integer, nullable=False),
        sa.Column("bot", sa.Boolean, nullable=False),
        sa.Column("bot_answers", sa.Integer, nullable=False),
        sa.Column("handoff", sa.Text),
        sa.Column("queued_at", UtcTime),
        sa.Column("connected_at", UtcTime),
        sa.Column("waited", sa.Integer),
        sa.Column("abandoned_at", UtcTime),
        sa.Column("promised_at", UtcTime),
        sa.Column("promised_low", sa.Integer),
        sa.Column("promised_high", sa.Integer),
        sa.Column("promise_kept", sa.Boolean),
        sa.Column("operator", sa.Text),
        sa.Column("operators", Json, nullable=False),
        sa.Column("response", sa.Integer),
        sa.Column("ended_at", UtcTime),
        sa.Column("handled", sa.Integer),
        sa.Column("wrap_up", sa.Text),
        sa.Column("rating", sa.Integer),
        sa.Column("rating_comment", sa.Text),
        sa.Column("offline", sa.Boolean, nullable=False),
        sa.Column("complaint_id", sa.Text),
        sa.Column("complaint_number", sa.Text),
    )
    op.create_index("chats_in_order", "chats", ["sequence"])
    op.create_index("chats_live", "chats", ["live", "phase"])
    op.create_index("chats_of_customer", "chats", ["customer", "sequence"])
    op.create_index("chats_of_operator", "chats", ["operator", "sequence"])
    op.create_index("chats_queued", "chats", ["queued_at"])
    op.create_index("chats_ended", "chats", ["ended_at"])
    op.create_table(
        "operators",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("languages", Json, nullable=False),
        sa.Column("skills", Json, nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("on_shift", sa.Boolean, nullable=False),
        sa.Column("away", sa.Text),
        sa.Column("changed_at", UtcTime, nullable=False),
    )
