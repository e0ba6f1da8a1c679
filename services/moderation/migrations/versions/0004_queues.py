"""What queues are filtered, sorted and searched by. The rows are folded from the log anew."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from services.runtime.database import UtcTime

revision = "0004"
down_revision = "0003"

FOLDED = (
    "complaints",
    "cases",
    "timeline",
    "answers",
    "findings",
    "measures",
    "checkpoints",
    "parked",
)


def upgrade() -> None:
    for table in FOLDED:
        op.execute(f"DELETE FROM {table}")
    _columns()
    _indexes()
    _search()


def _columns() -> None:
    with op.batch_alter_table("cases") as cases:
        cases.add_column(sa.Column("language", sa.Text, nullable=False))
        cases.add_column(sa.Column("lapsed", sa.Boolean, nullable=False))
        cases.add_column(sa.Column("first_action_at", UtcTime))
        cases.add_column(sa.Column("decide_due_at", UtcTime))


def _indexes() -> None:
    live: dict[str, Any] = {
        "postgresql_where": sa.text("live"),
        "sqlite_where": sa.text("live = 1"),
    }
    flagged: dict[str, Any] = {
        "postgresql_where": sa.text(
            "live AND (trusted_flagger OR escalated OR on_hold_since IS NOT NULL)"
        ),
        "sqlite_where": sa.text(
            "live = 1 AND (trusted_flagger = 1 OR escalated = 1 OR on_hold_since IS NOT NULL)"
        ),
    }
    ruled = sa.text("decided_at IS NOT NULL")
    op.drop_index("cases_live", "cases")
    op.create_index("cases_live", "cases", ["severity", "due_at", "id"], **live)
    op.create_index("cases_in_language", "cases", ["language", "due_at", "id"], **live)
    op.create_index("cases_flagged", "cases", ["due_at", "id"], **flagged)
    op.create_index("cases_of_reason", "cases", ["reason", "live", "due_at", "id"])
    op.create_index(
        "cases_decided",
        "cases",
        ["decided_at", "id"],
        postgresql_where=ruled,
        sqlite_where=ruled,
    )


def _search() -> None:
    op.create_table(
        "search",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("complaint_id", sa.Text),
        sa.Column("case_id", sa.Text),
        sa.Column("stems", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX search_words ON search USING gin (to_tsvector('simple', stems))")
        return
    # Its own copy of nothing: the words stand in `search`, the triggers keep the index beside it.
    op.execute(
        "CREATE VIRTUAL TABLE words USING fts5"
        " (stems, content = 'search', content_rowid = 'sequence', detail = 'none',"
        " tokenize = 'unicode61 remove_diacritics 0')"
    )
    insert = "INSERT INTO words (rowid, stems) VALUES (new.sequence, new.stems);"
    delete = "INSERT INTO words (words, rowid, stems) VALUES ('delete', old.sequence, old.stems);"
    for event, done in (("INSERT", insert), ("DELETE", delete), ("UPDATE", delete + insert)):
        op.execute(f"CREATE TRIGGER search_{event} AFTER {event} ON search BEGIN {done} END")
