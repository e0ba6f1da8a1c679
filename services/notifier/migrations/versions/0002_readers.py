"""Who each mail is for and what it tells."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for name in ("reader", "duty", "fact", "decision_id", "again"):
        op.add_column("ledger", sa.Column(name, sa.Text))
    op.create_index("ledger_of_reader", "ledger", ["reader", "sequence"])
