"""Chats and operators for lists, history and figures: disposable, each row follows from the log."""

import sqlalchemy as sa

from services.runtime.database import Json, UtcTime
from services.runtime.projection import bookkeeping

metadata = sa.MetaData()
checkpoints, parked = bookkeeping(metadata)

chats = sa.Table(
    "chats",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    # Where it began in the log: the order of the lists.
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
    # The virtual agent.
    sa.Column("bot", sa.Boolean, nullable=False),
    sa.Column("bot_answers", sa.Integer, nullable=False),
    sa.Column("handoff", sa.Text),
    # The queue. Times are the first of their kind, lengths are in seconds.
    sa.Column("queued_at", UtcTime),
    sa.Column("connected_at", UtcTime),
    sa.Column("waited", sa.Integer),
    sa.Column("abandoned_at", UtcTime),
    sa.Column("promised_at", UtcTime),
    sa.Column("promised_low", sa.Integer),
    sa.Column("promised_high", sa.Integer),
    sa.Column("promise_kept", sa.Boolean),
    # The talk.
    sa.Column("operator", sa.Text),
    sa.Column("operators", Json, nullable=False),
    sa.Column("response", sa.Integer),
    sa.Column("ended_at", UtcTime),
    sa.Column("ended_reason", sa.Text),
    sa.Column("handled", sa.Integer),
    sa.Column("wrap_up", sa.Text),
    sa.Column("rating", sa.Integer),
    sa.Column("rating_comment", sa.Text),
    sa.Column("offline", sa.Boolean, nullable=False),
    sa.Column("complaint_id", sa.Text),
    sa.Column("complaint_number", sa.Text),
    sa.Index("chats_in_order", "sequence"),
    sa.Index("chats_live", "live", "phase"),
    sa.Index("chats_of_customer", "customer", "sequence"),
    sa.Index("chats_of_operator", "operator", "sequence"),
    sa.Index("chats_queued", "queued_at"),
    sa.Index("chats_ended", "ended_at"),
)

operators = sa.Table(
    "operators",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("languages", Json, nullable=False),
    sa.Column("skills", Json, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("on_shift", sa.Boolean, nullable=False),
    sa.Column("away", sa.Text),
    sa.Column("changed_at", UtcTime, nullable=False),
)
