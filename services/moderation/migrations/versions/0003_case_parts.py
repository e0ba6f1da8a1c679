"""What a case's row tells of flags, questions, interim measures, proposals and appeals."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import Json, UtcTime

revision = "0003"
down_revision = "0002"

_FLAGS = ("trusted_flagger", "escalated", "out_of_court")
_LISTS = ("linked", "interim", "findings", "measures", "appealable", "appeals_open", "took_part")
_MAYBE = {
    "on_hold_since": UtcTime,
    "extension": sa.Text,
    "information_of": sa.Text,
    "information_due_at": UtcTime,
    "question": sa.Text,
    "recheck_at": UtcTime,
    "proposal": Json,
    "appeal_result": sa.Text,
}


def upgrade() -> None:
    for name in _FLAGS:
        no = sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column("cases", no)
    for name in _LISTS:
        none = sa.Column(name, Json, nullable=False, server_default=sa.text("'[]'"))
        op.add_column("cases", none)
    for name, kind in _MAYBE.items():
        op.add_column("cases", sa.Column(name, kind))
    # The new columns are told by facts that were folded already: the log is folded once more.
    op.execute(sa.text("DELETE FROM checkpoints"))
