"""What was mailed to whom about a case: rows folded from the stream `MAIL`, so that each side's
timeline tells when they were told. Mails to staff, chat mails and repeats are nobody's here."""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from contracts.codec import Fact, Message
from contracts.envelope import aggregate_of
from contracts.mail import MailQueued, MailSent
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


def told_when(rows: Any, fact: str, sequence: int | None = None) -> datetime | None:
    """When the mail about a fact went out: about that in the message `sequence` of the log, or,
    where a reader is told of such a fact but once, about the only one. None: none was sent."""
    times = [
        row["sent_at"]
        for row in rows
        if row["fact"] == fact and (sequence is None or row["cause"] == sequence)
    ]
    return min((at for at in times if at is not None), default=None)
