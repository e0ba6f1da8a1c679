"""Which support chat a complaint was filed from; known of older ones after a replay."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("complaints", sa.Column("chat_id", sa.Text))
