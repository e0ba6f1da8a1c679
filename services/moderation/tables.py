"""The tables of moderation: disposable, every row follows from the log."""

from typing import Any

import sqlalchemy as sa

from services.runtime.database import Json, UtcTime
from services.runtime.projection import bookkeeping

metadata = sa.MetaData()
checkpoints, parked = bookkeeping(metadata)

complaints = sa.Table(
    "complaints",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("product_link", sa.Text, nullable=False),
    sa.Column("product_id", sa.Text),
    # `<kind>:<id>`: who may see it in the Complaint Center.
    sa.Column("complainant", sa.Text, nullable=False),
    sa.Column("complainant_name", sa.Text, nullable=False),
    sa.Column("complainant_email", sa.Text, nullable=False),
    sa.Column("complainant_language", sa.Text, nullable=False),
    sa.Column("evidence", Json, nullable=False),
    # The support chat from which it was filed.
    sa.Column("chat_id", sa.Text),
    # What the complainant wrote later, with the ids of the files that came along.
    sa.Column("additions", Json, nullable=False),
    sa.Column("filed_at", UtcTime, nullable=False),
    # When and where in the log it joined its case, and was taken back.
    sa.Column("joined_at", UtcTime),
    sa.Column("joined_sequence", sa.BigInteger),
    sa.Column("withdrawn_at", UtcTime),
    sa.Column("withdrawn_sequence", sa.BigInteger),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("complaints_of_complainant", "complainant", "filed_at", "id"),
    sa.Index("complaints_of_case", "case_id", "joined_at"),
)

# Each partial index is worded as the queries are: SQLite proves nothing by itself.
_held = sa.text("holder IS NOT NULL")
_ruled = sa.text("decided_at IS NOT NULL")
_live: dict[str, Any] = {"postgresql_where": sa.text("live"), "sqlite_where": sa.text("live = 1")}


def _flagged(flag: str, sqlite: str) -> dict[str, Any]:
    return {
        "postgresql_where": sa.text(f"live AND {flag}"),
        "sqlite_where": sa.text(f"live = 1 AND {sqlite}"),
    }


_trusted = _flagged("trusted_flagger", "trusted_flagger = 1")
_escalated = _flagged("escalated", "escalated = 1")
_on_hold = _flagged("on_hold_since IS NOT NULL", "on_hold_since IS NOT NULL")
_told = sa.text("told_at IS NOT NULL")

cases = sa.Table(
    "cases",
    metadata,
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
    # As the catalogue told it when the case was opened.
    sa.Column("listing", Json),
    sa.Column("complaints", sa.Integer, nullable=False),
    sa.Column("trusted_flagger", sa.Boolean, nullable=False),
    sa.Column("policy_version", sa.Text, nullable=False),
    sa.Column("opened_at", UtcTime, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
    # The next deadline, whosever it is: what the queue is ordered by.
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("due_kind", sa.Text, nullable=False),
    # Who claimed it last and did not give it back; over when `held_until` has passed.
    sa.Column("holder", sa.Text),
    sa.Column("held_until", UtcTime),
    # Flags. While a case is on hold, its deadlines stand still.
    sa.Column("on_hold_since", UtcTime),
    sa.Column("escalated", sa.Boolean, nullable=False),
    sa.Column("out_of_court", sa.Boolean, nullable=False),
    sa.Column("linked", Json, nullable=False),
    # Since when the accused knows of the case: before, it is not theirs to see.
    sa.Column("told_at", UtcTime),
    sa.Column("allegation", sa.Text),
    sa.Column("asked_at", UtcTime),
    sa.Column("answer_due_at", UtcTime),
    # Whether more time was "asked" for, "granted" or "refused".
    sa.Column("extension", sa.Text),
    # The complaint whose author was asked for more, and what.
    sa.Column("information_of", sa.Text),
    sa.Column("information_due_at", UtcTime),
    sa.Column("question", sa.Text),
    # Interim measures in force, as `InterimMeasureImposed` told them; when the next look is due.
    sa.Column("interim", Json, nullable=False),
    sa.Column("recheck_at", UtcTime),
    # The decision that awaits a second person, as `DecisionProposed` told it.
    sa.Column("proposal", Json),
    # The decision, also that of being inadmissible (`outcome` "inadmissible", no statement).
    sa.Column("decision_id", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("manifestly_unfounded", sa.Boolean, nullable=False),
    sa.Column("statement", Json),
    sa.Column("explanation", sa.Text),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", UtcTime),
    sa.Column("findings", Json, nullable=False),
    sa.Column("measures", Json, nullable=False),
    sa.Column("appeal_until", UtcTime),
    # `decision_id`, `until`, `sides`: what may be appealed against, and by whom.
    sa.Column("appealable", Json, nullable=False),
    # `appeal_id`, `decision_id`, `appellant`, `complaint_id`, `due_at`, and who is `barred`.
    sa.Column("appeals_open", Json, nullable=False),
    sa.Column("appeal_result", sa.Text),
    # Staff who took part so far, and hear no later appeal.
    sa.Column("took_part", Json, nullable=False),
    # The rest is for lists and figures alone. The language is that of the first complaint.
    sa.Column("language", sa.Text, nullable=False),
    # Whether the last request to the accused stayed without an answer.
    sa.Column("lapsed", sa.Boolean, nullable=False),
    sa.Column("first_action_at", UtcTime),
    sa.Column("decide_due_at", UtcTime),
    sa.Column("version", sa.BigInteger, nullable=False),
    # A page of any queue is the head of one of these, or of a few of them merged (see `queues`).
    sa.Index("cases_live", "severity", "due_at", "id", **_live),
    sa.Index("cases_of_type", "type", "due_at", "id", **_live),
    sa.Index("cases_in_language", "language", "due_at", "id", **_live),
    sa.Index("cases_of_trusted", "due_at", "id", **_trusted),
    sa.Index("cases_escalated", "due_at", "id", **_escalated),
    sa.Index("cases_on_hold", "due_at", "id", **_on_hold),
    sa.Index("cases_newest", "opened_at", "id"),
    sa.Index("cases_in_state", "state", "due_at", "id"),
    sa.Index("cases_of_reason", "reason", "live", "due_at", "id"),
    sa.Index("cases_of_product", "product_id", "due_at", "id"),
    sa.Index("cases_of_accused", "accused", "due_at", "id"),
    sa.Index("cases_decided", "decided_at", "id", postgresql_where=_ruled, sqlite_where=_ruled),
    sa.Index("cases_told", "accused", "told_at", "id", postgresql_where=_told, sqlite_where=_told),
    sa.Index("cases_held", "holder", "due_at", "id", postgresql_where=_held, sqlite_where=_held),
)

search = sa.Table(
    "search",
    metadata,
    # The words of a complaint, or of a case itself. An index over those that have a case is made by
    # the migrations, as each database does it.
    sa.Column("id", sa.Text, primary_key=True),
    # Of the message that the words are from.
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("case_id", sa.Text),
    sa.Column("stems", sa.Text, nullable=False),
    sa.Index("search_of_message", "sequence", unique=True),
    sa.Index("search_of_case", "case_id"),
)

timeline = sa.Table(
    "timeline",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("by", sa.Text),
    # The fact as it is: `shown` chooses what each reader may see of it.
    sa.Column("data", Json, nullable=False),
    sa.Index("timeline_of_case", "case_id", "sequence", "position"),
)

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("evidence", Json, nullable=False),
    sa.Column("received_at", UtcTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("answers_of_case", "case_id", "received_at"),
)

# A member's record: what counts against them, `<kind>:<id>`, and until when.
findings = sa.Table(
    "findings",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("member", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("decision_id", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("gravity", sa.Text, nullable=False),
    sa.Column("track", sa.Text, nullable=False),
    sa.Column("points", sa.Text, nullable=False),  # a decimal number: halves must stay exact
    sa.Column("explanation", sa.Text, nullable=False),
    sa.Column("steps", Json, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("reversed_at", UtcTime),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("findings_of_member", "member", "at", "id"),
)

# Measures proposed by the software or imposed by people; in force from `starts_at` to `ends_at`.
measures = sa.Table(
    "measures",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("member", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text),
    sa.Column("decision_id", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("product_id", sa.Text),
    sa.Column("track", sa.Text),
    sa.Column("threshold", sa.Text),
    sa.Column("total", sa.Text),
    sa.Column("days", sa.Integer),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("proposed_at", UtcTime),
    sa.Column("imposed_at", UtcTime),
    sa.Column("starts_at", UtcTime),
    sa.Column("ends_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("explanation", sa.Text, nullable=False),
    sa.Column("end_explanation", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("measures_of_member", "member", "imposed_at", "id"),
    sa.Index("measures_in_state", "state", "proposed_at", "id"),
)

# What the parties sent in a case besides answers, as it stands in the log: a moment later the case
# takes note of it. `complaint_id` is a complainant's appeal; all else is the accused's.
sent = sa.Table(
    "sent",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("decision_id", sa.Text),
    sa.Column("complaint_id", sa.Text),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("evidence", Json, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("sent_of_case", "case_id", "at"),
)

# What is told to machines outside: records for the Transparency Database, and webhooks.
outgoing = sa.Table(
    "outgoing",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    # Why it failed last, or what was answered.
    sa.Column("reason", sa.Text),
    sa.Column("errors", Json, nullable=False),
    sa.Column("queued_at", UtcTime, nullable=False),
    # When it may be sent; none once nothing more happens by itself.
    sa.Column("due_at", UtcTime),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("outgoing_newest", "channel", "queued_at", "id"),
    sa.Index("outgoing_due", "channel", "state", "due_at", "id"),
)
