"""The words of a complaint know its case, so that a search need not ask each complaint for it; they
are found from when it has joined one."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute("ALTER INDEX search_pkey RENAME TO searched_pkey")
    else:
        for event in ("INSERT", "DELETE", "UPDATE"):
            op.execute(f"DROP TRIGGER search_{event}")
        op.execute("DROP TABLE words")
    op.rename_table("search", "searched")
    for name in ("search_of_complaint", "search_of_case"):
        op.drop_index(name, "searched")
    op.create_table(
        "search",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("case_id", sa.Text),
        sa.Column("stems", sa.Text, nullable=False),
    )
    op.execute(
        "INSERT INTO search (id, sequence, case_id, stems)"
        " SELECT coalesce(s.complaint_id, s.case_id), s.sequence,"
        " coalesce(s.case_id, c.case_id), s.stems"
        " FROM searched s LEFT JOIN complaints c ON c.id = s.complaint_id ORDER BY s.sequence"
    )
    op.drop_table("searched")
    op.create_index("search_of_message", "search", ["sequence"], unique=True)
    op.create_index("search_of_case", "search", ["case_id"])
    if postgresql:
        op.execute(
            "CREATE INDEX search_words ON search USING gin (to_tsvector('simple', stems))"
            # What was inserted lately stands in a list that every search reads through.
            " WITH (gin_pending_list_limit = 256) WHERE case_id IS NOT NULL"
        )
        # Found by words are perhaps thousands of cases, each of which is looked up.
        op.execute("CREATE INDEX cases_by_id ON cases USING hash (id)")
    else:
        _words()


def _words() -> None:
    """Its own copy of nothing: the words stand in `search`, the triggers keep the index beside."""
    op.execute(
        "CREATE VIRTUAL TABLE words USING fts5"
        " (stems, content = 'search', content_rowid = 'sequence', detail = 'none',"
        " tokenize = 'unicode61 remove_diacritics 0')"
    )
    op.execute(
        "INSERT INTO words (rowid, stems)"
        " SELECT sequence, stems FROM search WHERE case_id IS NOT NULL"
    )
    insert = (
        "INSERT INTO words (rowid, stems)"
        " SELECT new.sequence, new.stems WHERE new.case_id IS NOT NULL;"
    )
    delete = (
        "INSERT INTO words (words, rowid, stems)"
        " SELECT 'delete', old.sequence, old.stems WHERE old.case_id IS NOT NULL;"
    )
    for event, done in (("INSERT", insert), ("DELETE", delete), ("UPDATE", delete + insert)):
        op.execute(f"CREATE TRIGGER search_{event} AFTER {event} ON search BEGIN {done} END")
