"""The words of one case, found from the case: a frequent word is looked for case by case. And an
index for each flag, so that a rare one is not looked for among all that have any."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_index("search_of_complaint", "search", ["complaint_id"])
    op.create_index("search_of_case", "search", ["case_id"])
    op.drop_index("cases_flagged", "cases")
    _index("cases_of_trusted", "trusted_flagger", "trusted_flagger = 1")
    _index("cases_escalated", "escalated", "escalated = 1")
    _index("cases_on_hold", "on_hold_since IS NOT NULL", "on_hold_since IS NOT NULL")
    if op.get_bind().dialect.name == "postgresql":
        # What was inserted lately stands in a list that every search reads through.
        op.execute("ALTER INDEX search_words SET (gin_pending_list_limit = 256)")


def _index(name: str, flag: str, sqlite: str) -> None:
    op.create_index(
        name,
        "cases",
        ["due_at", "id"],
        postgresql_where=sa.text(f"live AND {flag}"),
        sqlite_where=sa.text(f"live = 1 AND {sqlite}"),
    )
