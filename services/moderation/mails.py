"""What was mailed to whom about a case: rows folded from the stream `MAIL`, so that each side's
timeline tells when they were told. Mails to staff, chat mails and repeats are nobody's here."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from contracts.codec import Fact, Message
from contracts.envelope import aggregate_of
from contracts.mail import MailQueued, MailSent
from contracts.member import MeasureExpired, MeasureImposed, MeasureReversed, member_key
from services.moderation.tables import metadata
from services.runtime.database import Row, UtcTime
from services.runtime.projection import Key, View

mails = sa.Table(
    "mails",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    # `<kind>:<id>` of whom it was sent to.
    sa.Column("reader", sa.Text),
    sa.Column("case_id", sa.Text),
    sa.Column("complaint_id", sa.Text),
    # The message of the log that it tells of, and which of its facts.
    sa.Column("cause", sa.BigInteger),
    sa.Column("fact", sa.Text),
    sa.Column("decision_id", sa.Text),
    sa.Column("sent_at", UtcTime),
    sa.Index("mails_of_case", "case_id", "reader"),
    sa.Index("mails_of_complaint", "complaint_id"),
)

_TO: Final = ("complainant", "accused")
_NOBODYS: Final[Row] = {
    "reader": None,
    "case_id": None,
    "complaint_id": None,
    "cause": None,
    "fact": None,
    "decision_id": None,
    "sent_at": None,
}


def mail_key(fact: Fact, message: Message) -> Key | None:
    return (aggregate_of(message.subject).id,) if type(fact) in (MailQueued, MailSent) else None


def fold_mail(row: Row | None, fact: Any, message: Message) -> Row:
    before = row or {"id": aggregate_of(message.subject).id, **_NOBODYS}
    match fact:
        case MailQueued() if fact.audience in _TO and fact.again is None and fact.fact is not None:
            told = ("reader", "case_id", "complaint_id", "cause", "fact", "decision_id")
            return before | {name: getattr(fact, name) for name in told}
        case MailSent():
            return before | {"sent_at": fact.at}
        case _:
            return before


MAIL_VIEWS = (View(mails, mail_key, fold_mail, births=(MailQueued,)),)


OF_MEASURES: Final = tuple(
    each.model_fields["type"].default for each in (MeasureImposed, MeasureReversed, MeasureExpired)
)


def shown_on(mail: Row) -> set[str]:
    """The topics (`services.runtime.live`) of the pages that tell when this mail was sent."""
    topics = {f"case:{mail['case_id']}"}
    if mail["complaint_id"]:
        topics.add(f"complaint:{mail['complaint_id']}")
    if mail["fact"] in OF_MEASURES:
        topics.add(f"member:{member_key(mail['reader'])}")
    return topics


def measure_told(rows: Iterable[Row], measure: Row) -> tuple[datetime | None, datetime | None]:
    """When the mails went out that told a measure, and its end; `rows` are its member's."""
    began = [
        row["sent_at"]
        for row in rows
        if row["fact"] == "MeasureImposed" and row["decision_id"] == measure["decision_id"]
    ]
    ended = [
        row["sent_at"]
        for row in rows
        if row["fact"] in ("MeasureReversed", "MeasureExpired")
        and row["case_id"] == measure["case_id"]
    ]
    return _first(began, measure["imposed_at"]), _first(ended, measure["ended_at"])


def _first(times: Iterable[datetime], after: datetime | None) -> datetime | None:
    return min((at for at in times if after is not None and at >= after), default=None)


def told_when(rows: Any, fact: str, sequence: int | None = None) -> datetime | None:
    """When the mail about a fact went out: about that in the message `sequence` of the log, or,
    where a reader is told of such a fact but once, about the only one. None: none was sent."""
    times = [
        row["sent_at"]
        for row in rows
        if row["fact"] == fact and (sequence is None or row["cause"] == sequence)
    ]
    return min((at for at in times if at is not None), default=None)
