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
from services.notifier.so_far import CaseSoFar
from services.notifier.statement import attachments
from tests.telling import DECIDED, NOON, filed, mails

(MAIL,) = mails(filed(), CaseSoFar(), filed())
SENDER = Sender("Центр жалоб", "complaints@market.example", "market.example", "help@market.example")
LINKS = Links("https://market.example", lambda *_: "token")


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
    assert message["Subject"] == "Жалоба C-C2BZW-F6648: мы её получили"
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


def test_all_mails_of_one_complaint_are_one_conversation() -> None:
    other = MAIL.model_copy(update={"mail_id": "0other", "template": "closed"})
    other = other.model_copy(update={"params": MAIL.params | {"decided": "yes"}})
    first, second = (read(letter(mail).content) for mail in (MAIL, other))
    assert first["References"] == second["References"] == first["In-Reply-To"]
    assert first["References"] not in (first["Message-ID"], second["Message-ID"])
    assert first["List-Id"] == "<complaints.market.example>"


def test_what_can_be_switched_off_says_how_with_one_click() -> None:
    link = "https://market.example/mail/unsubscribe/news?token=" + "x" * 300
    news = compose(MAIL, render(MAIL, LINKS, brand="x"), SENDER, unsubscribe=link)
    message = read(news.content)
    assert message["List-Unsubscribe"] == f"<{link}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in read(letter().content)


def test_a_statement_of_reasons_comes_as_a_document_to_keep() -> None:
    (decided,) = (
        mail
        for mail in mails(DECIDED, CaseSoFar(number="K-1", accused="s"))
        if mail.audience == "accused"
    )
    for language in ("en", "ru", "ar"):
        mail = decided.model_copy(update={"language": language})
        along = attachments(mail, LINKS, brand="Desk")
        made = compose(mail, render(mail, LINKS, brand="Desk"), SENDER, attachments=along)
        assert made == compose(
            mail,
            render(mail, LINKS, brand="Desk"),
            SENDER,
            attachments=attachments(mail, LINKS, brand="Desk"),
        )
        message = read(made.content)
        assert message.get_content_type() == "multipart/mixed"
        media, document = message.iter_parts()
        assert media.get_content_type() == "multipart/alternative"
        assert document.get_filename() == "statement-of-reasons-K1.pdf"
        assert document.get_content().startswith(b"%PDF-")
    assert attachments(MAIL, LINKS, brand="Desk") == ()


def test_each_mail_has_an_envelope_sender_of_its_own_so_that_a_bounce_names_it() -> None:
    bouncing = SENDER._replace(bounces="bounces@market.example")
    made = compose(MAIL, render(MAIL, LINKS, brand="x"), bouncing)
    assert made.sender == f"bounces+{MAIL.mail_id}@market.example"
    assert letter().sender == SENDER.address


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
        "In-Reply-To", "References", "List-Id",
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
