"""The ledger, folded from the facts of mails: pure, and nothing here can send anything."""

from enum import StrEnum
from typing import assert_never

from contracts.codec import Fact, Message
from contracts.mail import (
    AddressRestored,
    AddressSuppressed,
    DigestItemHeld,
    DigestQueued,
    MailBounced,
    MailDeferred,
    MailFact,
    MailQueued,
    MailSent,
    MailSuppressed,
    NoticesRead,
    PreferencesSet,
    ReaderFact,
)
from services.notifier.tables import ledger, readers
from services.runtime.database import Row
from services.runtime.projection import Key, View


class State(StrEnum):
    QUEUED = "queued"
    DEFERRED = "deferred"
    SENT = "sent"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"


def key(fact: Fact, message: Message) -> Key | None:
    return (message.subject.rsplit(".", 1)[1],) if isinstance(fact, MailFact) else None


def fold(row: Row | None, fact: MailFact, message: Message) -> Row:
    """The mail's row after `fact`. Raises ValueError for an answer about a mail never queued."""
    if isinstance(fact, MailQueued):
        return {
            "mail_id": fact.mail_id,
            "sequence": message.sequence,
            "template": fact.template,
            "audience": fact.audience,
            "language": fact.language,
            "to_address": fact.to_address,
            "to_key": fact.to_address.casefold(),
            "to_name": fact.to_name,
            "number": fact.params.get("number", ""),
            "case_id": fact.case_id,
            "complaint_id": fact.complaint_id,
            "params": fact.params,
            "state": State.QUEUED,
            "attempts": 0,
            "last_reply": None,
            "message_id": None,
            "queued_at": fact.queued_at,
            "tried_at": None,
            "retry_at": None,
            "sent_at": None,
            "reader": fact.reader,
            "duty": fact.duty,
            "fact": fact.fact,
            "decision_id": fact.decision_id,
            "again": fact.again,
        }
    if row is None:
        raise ValueError(f"{fact.type} about a mail that was never queued")
    if isinstance(fact, MailSuppressed):
        return {**row, "state": State.SUPPRESSED, "last_reply": fact.why}
    tried = {**row, "attempts": fact.attempt, "tried_at": fact.at, "retry_at": None}
    match fact:
        case MailSent():
            return tried | {
                "state": State.SENT,
                "last_reply": fact.reply,
                "message_id": fact.message_id,
                "sent_at": fact.at,
            }
        case MailDeferred():
            return tried | {
                "state": State.DEFERRED,
                "last_reply": fact.reason,
                "retry_at": fact.retry_at,
            }
        case MailBounced():
            return tried | {"state": State.BOUNCED, "last_reply": fact.reason}
        case _:
            assert_never(fact)


def reader_row(row: Row | None, fact: ReaderFact, message: Message) -> Row:
    """The row of a reader or of an address after `fact`."""
    name = fact.address if isinstance(fact, AddressSuppressed | AddressRestored) else fact.reader
    now = row or {
        "id": message.subject.rsplit(".", 1)[1],
        "name": name,
        "reminders": None,
        "news": None,
        "language": None,
        "suppressed": False,
        "reason": None,
        "read_until": None,
    }
    match fact:
        case PreferencesSet():
            wish = {"reminders": fact.reminders, "news": fact.news, "language": fact.language}
            return {**now, **wish}
        case AddressSuppressed():
            return {**now, "suppressed": True, "reason": fact.reason}
        case AddressRestored():
            return {**now, "suppressed": False, "reason": None}
        case NoticesRead():
            return {**now, "read_until": fact.until}
        case DigestItemHeld() | DigestQueued():
            return now
        case _:
            assert_never(fact)


def reader_of(fact: Fact, message: Message) -> Key | None:
    return (message.subject.rsplit(".", 1)[1],) if isinstance(fact, ReaderFact) else None


LEDGER = View(ledger, key, fold, births=(MailQueued,))
READERS = View(readers, reader_of, reader_row)
