"""Complaints, cases, their timeline and answers."""

import sqlalchemy as sa
from alembic import op

from services.runtime.database import Json, UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    held, told = sa.text("holder IS NOT NULL"), sa.text("told_at IS NOT NULL")
    op.create_table(
        "checkpoints",
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "parked",
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("parked_at", UtcTime, nullable=False),
    )
    op.create_table(
        "complaints",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("product_link", sa.Text, nullable=False),
        sa.Column("product_id", sa.Text),
        sa.Column("complainant", sa.Text, nullable=False),
        sa.Column("complainant_name", sa.Text, nullable=False),
        sa.Column("complainant_email", sa.Text, nullable=False),
        sa.Column("complainant_language", sa.Text, nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("filed_at", UtcTime, nullable=False),
        sa.Column("joined_at", UtcTime),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("severity", sa.SmallInteger, nullable=False),
        sa.Column("accused", sa.Text),
        sa.Column("product_id", sa.Text),
        sa.Column("product_link", sa.Text, nullable=False),
        sa.Column("product_title", sa.Text),
        sa.Column("complaints", sa.Integer, nullable=False),
        sa.Column("policy_version", sa.Text, nullable=False),
        sa.Column("opened_at", UtcTime, nullable=False),
        sa.Column("changed_at", UtcTime, nullable=False),
        sa.Column("due_at", UtcTime, nullable=False),
        sa.Column("due_kind", sa.Text, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("held_until", UtcTime),
        sa.Column("told_at", UtcTime),
        sa.Column("allegation", sa.Text),
        sa.Column("asked_at", UtcTime),
        sa.Column("answer_due_at", UtcTime),
        sa.Column("decision_id", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("manifestly_unfounded", sa.Boolean, nullable=False),
        sa.Column("statement", Json),
        sa.Column("explanation", sa.Text),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", UtcTime),
        sa.Column("appeal_until", UtcTime),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "timeline",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("data", Json, nullable=False),
    )
    op.create_table(
        "answers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("received_at", UtcTime, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_index("complaints_of_complainant", "complaints", ["complainant", "filed_at", "id"])
    op.create_index("complaints_of_case", "complaints", ["case_id", "joined_at"])
    op.create_index(
        "cases_live",
        "cases",
        ["due_at", "id"],
        postgresql_where=sa.text("live"),
        sqlite_where=sa.text("live = 1"),
    )
    op.create_index("cases_newest", "cases", ["opened_at", "id"])
    op.create_index("cases_in_state", "cases", ["state", "due_at", "id"])
    op.create_index("cases_of_product", "cases", ["product_id", "due_at", "id"])
    op.create_index("cases_of_accused", "cases", ["accused", "due_at", "id"])
    op.create_index(
        "cases_told",
        "cases",
        ["accused", "told_at", "id"],
        postgresql_where=told,
        sqlite_where=told,
    )
    op.create_index(
        "cases_held", "cases", ["holder", "due_at", "id"], postgresql_where=held, sqlite_where=held
    )
    op.create_index("timeline_of_case", "timeline", ["case_id", "sequence", "position"])
    op.create_index("answers_of_case", "answers", ["case_id", "received_at"])
