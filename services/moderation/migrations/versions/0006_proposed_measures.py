"""When a measure was proposed, and the list of those that nobody has decided on."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import UtcTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("measures", sa.Column("proposed_at", UtcTime))
    op.create_index("measures_in_state", "measures", ["state", "proposed_at", "id"])
