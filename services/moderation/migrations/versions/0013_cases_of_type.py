"""A list of one type is the head of one index, instead of one head for each of its reasons."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_index(
        "cases_of_type",
        "cases",
        ["type", "due_at", "id"],
        postgresql_where=sa.text("live"),
        sqlite_where=sa.text("live = 1"),
    )
