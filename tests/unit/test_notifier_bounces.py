"""Reports of undeliverable mails: which mail, and what it says of the address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.bounces import Report, mail_of, no_such_mailbox, read_report

REPORT = b"""\
From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: bounces+%(id)s@market.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
X-Postfix-Queue-ID: 8B3F

Final-Recipient: rfc822; ivan@example.org
Original-Recipient: rfc822;ivan@example.org
Action: %(action)s
Status: %(status)s
Remote-MTA: dns; mail.example.org
Diagnostic-Code: smtp; 550 %(status)s <ivan@example.org>: Recipient address
    rejected

--b
Content-Type: message/rfc822

Subject: what was sent

--b--
"""


def report(action: str = "failed", status: str = "5.1.1", mail_id: str = "m1") -> bytes:
    said = {b"id": mail_id, b"action": action, b"status": status}
    return REPORT % {name: value.encode() for name, value in said.items()}


def test_a_report_of_a_failure_is_read() -> None:
    assert read_report(report()) == Report(
        True, "5.1.1", "550 5.1.1 <ivan@example.org>: Recipient address rejected"
    )


def test_a_delay_is_no_failure_and_a_holiday_no_report() -> None:
    assert read_report(report("delayed", "4.4.1")) == Report(
        False, "4.4.1", "550 4.4.1 <ivan@example.org>: Recipient address rejected"
    )
    assert read_report(b"Subject: I am away\r\n\r\nuntil Monday") is None


@given(st.binary(max_size=400))
def test_whatever_arrives_is_read_or_left(content: bytes) -> None:
    assert read_report(content) is None


def test_the_mail_is_named_by_where_its_report_was_sent() -> None:
    assert mail_of("bounces+c56a4180652d4d5f8b1a9c1e6e2f3a4b@market.example") == (
        "c56a4180652d4d5f8b1a9c1e6e2f3a4b"
    )
    for other in ("bounces@market.example", "bounces+@market.example", "bounces+../x@y", ""):
        assert mail_of(other) is None


@pytest.mark.parametrize(
    ("reason", "about_the_address"),
    [
        ("550 5.1.1 no such user", True),
        ("5.1.2 host unknown", True),
        ("5.4.4 no route", True),
        ("550 No such user here", True),
        ("552 5.2.2 mailbox full", False),
        ("554 5.7.1 looks like spam", False),
        ("550 5.7.26 unauthenticated user", False),
        ("550 rejected", False),
    ],
)
def test_only_what_is_about_the_address_stops_all_mail_to_it(
    reason: str, about_the_address: bool
) -> None:
    assert no_such_mailbox(reason) is about_the_address
