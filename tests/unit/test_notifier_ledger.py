"""The ledger is a fold of the facts of mails, and of nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.codec import Fact
from contracts.envelope import Aggregate
from contracts.mail import MailBounced, MailDeferred, MailSent
from services.notifier.projection import LEDGER, State
from services.notifier.so_far import CaseSoFar
from services.notifier.store import queued
from services.notifier.tables import ledger
from services.runtime.database import Row
from tests.telling import NOON, filed, mails, message

(MAIL,) = mails(filed(), CaseSoFar(), filed())
SUBJECT = Aggregate(kind="mail", id=MAIL.mail_id)
LATER = NOON + timedelta(minutes=5)

DEFERRED = MailDeferred(at=NOON, attempt=1, reason="451 later", retry_at=LATER)
SENT = MailSent(at=LATER, attempt=2, message_id="<m@here>", reply="250 OK")
BOUNCED = MailBounced(at=LATER, attempt=2, reason="550 no such user")


def row_after(*facts: Fact) -> Row:
    row: Row | None = None
    for place, fact in enumerate(facts, start=7):
        row = LEDGER.fold(row, fact, message(fact, of=SUBJECT, sequence=place))
    assert row is not None
    return row


def part(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def test_a_queued_mail_waits_to_be_sent() -> None:
    row = row_after(MAIL)
    assert row.keys() == {column.name for column in ledger.columns}
    assert part(row, "state", "attempts", "sequence", "sent_at") == {
        "state": State.QUEUED,
        "attempts": 0,
        "sequence": 7,
        "sent_at": None,
    }


def test_a_deferred_mail_says_why_and_when_it_is_tried_again() -> None:
    assert part(row_after(MAIL, DEFERRED), "state", "attempts", "last_reply", "retry_at") == {
        "state": State.DEFERRED,
        "attempts": 1,
        "last_reply": "451 later",
        "retry_at": LATER,
    }


def test_a_sent_mail_has_its_message_id_and_waits_no_more() -> None:
    row = row_after(MAIL, DEFERRED, SENT)
    assert part(row, "state", "attempts", "message_id", "sent_at", "retry_at") == {
        "state": State.SENT,
        "attempts": 2,
        "message_id": "<m@here>",
        "sent_at": LATER,
        "retry_at": None,
    }


def test_a_bounced_mail_was_not_sent() -> None:
    assert part(row_after(MAIL, DEFERRED, BOUNCED), "state", "last_reply", "sent_at") == {
        "state": State.BOUNCED,
        "last_reply": "550 no such user",
        "sent_at": None,
    }


def test_a_row_gives_back_the_mail_that_was_queued() -> None:
    assert queued(row_after(MAIL, DEFERRED, SENT)) == MAIL


def test_addresses_are_found_in_any_case() -> None:
    mail = MAIL.model_copy(update={"to_address": "Ivan@Example.ORG"})
    assert part(row_after(mail), "to_address", "to_key") == {
        "to_address": "Ivan@Example.ORG",
        "to_key": "ivan@example.org",
    }


def test_an_answer_about_a_mail_that_was_never_queued_is_poison() -> None:
    with pytest.raises(ValueError, match="never queued"):
        row_after(SENT)


def test_facts_of_others_make_no_row() -> None:
    complaint = filed()
    subject = Aggregate(kind="complaint", id=complaint.complaint_id)
    assert LEDGER.key(complaint, message(complaint, of=subject)) is None
