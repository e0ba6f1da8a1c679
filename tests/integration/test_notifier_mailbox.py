"""The embedded mailbox: what it says it kept is kept, and anything it kept can be shown."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.ports import HOST
from services.notifier.mailbox import Keeper, Reader, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[tuple[int, Reader]]:
    """Its port, and its reader."""
    maildir = tmp_path / "not" / "there yet"
    server = await serving(Keeper(maildir), HOST, 0)
    async with server:
        yield server.sockets[0].getsockname()[1], Reader(maildir)


def letter(number: int = 0, to: str = "ivan@example.org") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "desk@market.example"
    message["To"] = to
    message["Subject"] = f"Жалоба {number}"
    message["Message-ID"] = f"<{number}@market.example>"
    message.set_content(f"Письмо {number}\n.\n..\nFrom here on\n")
    message.add_alternative(f"<p>Письмо {number}</p>", subtype="html")
    return message


async def test_what_is_acknowledged_lies_on_the_disk(mailbox: tuple[int, Reader]) -> None:
    port, reader = mailbox
    async with aiosmtplib.SMTP(hostname=HOST, port=port) as session:
        for number in range(5):
            _, reply = await session.send_message(letter(number))
            assert reply.startswith("2.0.0")
            assert len(reader.page(before=None, limit=50)) == number + 1


async def test_a_mail_reads_as_it_was_written(mailbox: tuple[int, Reader]) -> None:
    port, reader = mailbox
    await aiosmtplib.send(letter(7), hostname=HOST, port=port, start_tls=False)
    (mail,) = reader.page(before=None, limit=50)
    assert mail.header("Subject") == "Жалоба 7"
    assert mail.header("Delivered-To") == "ivan@example.org"
    assert mail.header("Return-Path") == "<desk@market.example>"
    assert mail.text == "Письмо 7\n.\n..\nFrom here on\n"
    assert mail.html == "<p>Письмо 7</p>\n"


async def test_many_at_once_are_all_kept(mailbox: tuple[int, Reader]) -> None:
    port, reader = mailbox
    await asyncio.gather(
        *(
            aiosmtplib.send(letter(number), hostname=HOST, port=port, start_tls=False)
            for number in range(60)
        )
    )
    kept = {mail.header("Message-ID") for mail in reader.page(before=None, limit=100)}
    assert kept == {f"<{number}@market.example>" for number in range(60)}


async def test_the_newest_comes_first_and_pages_go_on_where_they_stopped(
    mailbox: tuple[int, Reader],
) -> None:
    port, reader = mailbox
    async with aiosmtplib.SMTP(hostname=HOST, port=port) as session:
        for number in range(7):
            await session.send_message(letter(number))
    seen, before = [], None
    while page := reader.page(before=before, limit=3):
        seen += [mail.header("Subject") for mail in page]
        before = page[-1].key
    assert seen == [f"Жалоба {number}" for number in range(6, -1, -1)]


async def test_an_international_address_is_taken(mailbox: tuple[int, Reader]) -> None:
    port, reader = mailbox
    await aiosmtplib.send(letter(to="иван@example.org"), hostname=HOST, port=port, start_tls=False)
    (mail,) = reader.page(before=None, limit=50)
    assert mail.header("To") == "иван@example.org"


@pytest.mark.parametrize("key", ["", ".", "..", "../tmp/x", "/etc/hostname", "new", "\x00", "nope"])
async def test_no_key_leads_out_of_the_folder(mailbox: tuple[int, Reader], key: str) -> None:
    _, reader = mailbox
    assert reader.raw(key) is None
    assert reader.one(key) is None


def test_a_mailbox_that_was_never_made_is_empty(tmp_path: Path) -> None:
    assert list(Reader(tmp_path / "none").page(before=None, limit=5)) == []


ODD = [
    b"",
    b"\x00\xff\xfe",
    b"no headers at all",
    b"Subject: =?x-unknown?b?////?=\n\nx",
    b"To: \xd0\xb8@example.org, ,;<<>>\n\nx",
    b"To: <@>\nFrom: ,\nMessage-ID: [\nDate: x\n\nx",
    b"Content-Type: text/plain; charset=x-unknown\n\n\xff",
    b"Content-Type: text/plain; charset*=''\n\n\xff",
    b"Content-Type: multipart/alternative\n\n--\n",
    b"Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: x\n\n--a--",
    b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n!!!",
    b"Content-Type: message/rfc822\n\nSubject: inner\n\nx",
]


def show(content: bytes, maildir: Path) -> None:
    """Everything that a page shows of a mail."""
    (maildir / "new").mkdir(exist_ok=True)
    (maildir / "new" / "1.M1P1").write_bytes(content)
    mail = Reader(maildir).one("1.M1P1")
    assert mail is not None
    shown = [mail.header(name) for name in ("From", "To", "Subject", "Message-ID")]
    "".join([*shown, mail.text, mail.html]).encode()


@pytest.mark.parametrize("content", ODD)
def test_an_odd_mail_is_shown_as_well_as_it_goes(tmp_path: Path, content: bytes) -> None:
    show(content, tmp_path)


@settings(max_examples=300)
@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from([b"To", b"From", b"Subject", b"Message-ID", b"Content-Type"]),
            st.binary(max_size=60),
        )
    ),
    body=st.binary(max_size=100),
)
def test_no_mail_breaks_the_page(
    tmp_path_factory: pytest.TempPathFactory, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    content = b"".join(name + b": " + value + b"\n" for name, value in headers) + b"\n" + body
    show(content, tmp_path_factory.getbasetemp())


def test_files_that_are_no_mails_of_ours_are_in_order_too(tmp_path: Path) -> None:
    (tmp_path / "cur").mkdir()
    for name in ("2.M5P1Q1.host:2,S", "2.M40P1Q2.host", "oddly-named"):
        (tmp_path / "cur" / name).write_bytes(b"Subject: x\n\nx")
    keys = [mail.key for mail in Reader(tmp_path).page(before=None, limit=5)]
    assert keys == ["2.M40P1Q2.host", "2.M5P1Q1.host:2,S", "oddly-named"]


async def test_what_is_attached_can_be_taken_out(mailbox: tuple[int, Reader]) -> None:
    port, reader = mailbox
    message = letter()
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="a.pdf")
    await aiosmtplib.send(message, hostname=HOST, port=port, start_tls=False)
    await aiosmtplib.send(letter(), hostname=HOST, port=port, start_tls=False)
    without, with_one = reader.page(before=None, limit=50)
    assert not without.files
    assert with_one.files == [("a.pdf", "application/pdf", b"%PDF-1.7")]
