"""Mails as bytes: what any mail program must read back from them."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.mail import MailQueued
from services.notifier.composing import Letter, Sender, Unaddressable, compose, deliverable
from services.notifier.rendering import Links, render
from services.notifier.telling import CaseSoFar
from tests.telling import NOON, filed, mails

(MAIL,) = mails(filed(), CaseSoFar(), filed())
SENDER = Sender("Центр жалоб", "complaints@market.example", "market.example", "help@market.example")
LINKS = Links("https://market.example", lambda complaint_id, guest: "token")


def letter(mail: MailQueued = MAIL) -> Letter:
    return compose(mail, render(mail, LINKS, brand=SENDER.name), SENDER)


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def test_the_headers_say_who_what_and_when() -> None:
    message = read(letter().content)
    assert message["From"] == "Центр жалоб <complaints@market.example>"
    assert message["To"] == "Иван Петров <ivan@example.org>"
    assert message["Reply-To"] == "help@market.example"
    assert message["Subject"] == "Complaint C-C2BZW-F6648: we have received it"
    assert message["Date"].datetime == NOON
    assert message["Message-ID"] == f"<{MAIL.mail_id}@market.example>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_both_media_are_in_it_plain_text_first() -> None:
    message = read(letter().content)
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    rendered = render(MAIL, LINKS, brand=SENDER.name)
    assert plain.get_content().replace("\r\n", "\n") == rendered.text
    assert html.get_content().replace("\r\n", "\n") == rendered.html


def test_the_same_mail_is_the_same_bytes() -> None:
    assert letter() == letter()


def test_every_line_is_short_and_seven_bit() -> None:
    content = letter().content
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")


@given(name=st.text(max_size=200))
def test_no_name_adds_a_header_or_a_recipient(name: str) -> None:
    message = read(letter(MAIL.model_copy(update={"to_name": name})).content)
    assert [address.addr_spec for address in message["To"].addresses] == ["ivan@example.org"]
    assert set(message.keys()) == {
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted",
        "MIME-Version", "Content-Type",
    }  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ivan",
        "@example.org",
        "ivan@",
        "ivan@example.org\r\nBcc: all@example.org",
        "ivan@example.org\r\nRCPT TO:<all@example.org>",
        "ivan@example.org, all@example.org",
        "Ivan <ivan@example.org>",
        "ivan petrov@example.org",
        "ivan@@example.org",
        "ivan@example.org\x00",
        "ivan@пример..рф",
        "x" * 400 + "@example.org",
    ],
)
def test_what_is_no_address_gets_no_letter(address: str) -> None:
    with pytest.raises(Unaddressable):
        letter(MAIL.model_copy(update={"to_address": address}))


def test_an_international_domain_goes_as_ascii_and_needs_no_special_server() -> None:
    assert deliverable("ivan@пример.рф") == "ivan@xn--e1afmkfd.xn--p1ai"
    assert not letter(MAIL.model_copy(update={"to_address": "ivan@пример.рф"})).utf8


def test_an_international_name_needs_smtputf8() -> None:
    made = letter(MAIL.model_copy(update={"to_address": "иван@пример.рф"}))
    assert made.utf8
    assert made.recipient == "иван@xn--e1afmkfd.xn--p1ai"
    assert "<иван@xn--e1afmkfd.xn--p1ai>".encode() in made.content
