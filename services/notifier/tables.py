"""The ledger of mails: disposable, every row follows from the log."""

import sqlalchemy as sa

from services.runtime.database import Json, UtcTime
from services.runtime.projection import bookkeeping

metadata = sa.MetaData()
checkpoints, parked = bookkeeping(metadata)

readers = sa.Table(
    "readers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    # A reader (`member:ivan`), or an e-mail address.
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("reminders", sa.Boolean),
    sa.Column("news", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("suppressed", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("read_until", UtcTime),
)

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("mail_id", sa.Text, primary_key=True),
    # Where it was queued in the log: the order of the lists.
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("to_address", sa.Text, nullable=False),
    # The address as it is searched for: case folded.
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
    sa.Column("reader", sa.Text),
    sa.Column("duty", sa.Text),
    sa.Column("fact", sa.Text),
    sa.Column("decision_id", sa.Text),
    sa.Column("again", sa.Text),
    sa.Index("ledger_in_order", "sequence"),
    sa.Index("ledger_to", "to_key", "sequence"),
    sa.Index("ledger_in_state", "state", "sequence"),
    sa.Index("ledger_about", "number", "sequence"),
    sa.Index("ledger_of_reader", "reader", "sequence"),
)
