"""A rendered mail as the bytes that go over SMTP. Pure and deterministic, boundary included."""

import re
from base64 import b64encode, encodebytes
from binascii import b2a_qp
from collections.abc import Sequence
from email.headerregistry import Address
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime
from functools import cache
from typing import Any, NamedTuple

from contracts.mail import MailQueued
from services.notifier.rendering import Rendered, one_line
from services.notifier.statement import Attachment

_ADDRESS = re.compile(
    r"[^\s\x00-\x1f\x7f@<>()\[\]\\,;:\"]{1,64}@[^\s\x00-\x1f\x7f@<>()\[\]\\,;:\"]{1,250}"
)

# What stands in an address as it is; all else is for the library to quote.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9]+( [A-Za-z0-9]+)*")
_PLAIN_ADDRESS = re.compile(r"[\w+-]+(\.[\w+-]+)*@[\w-]+(\.[\w-]+)*", re.ASCII)

LINE_CHARACTERS = 76
"""The longest line that has an encoded word in it (RFC 2047, 2)."""
NAME_CHARACTERS = 60
"""Longer display names are cut: folded headers are where mail programs disagree."""


class Unaddressable(ValueError):
    """The address is none that a mail could go to."""


class Sender(NamedTuple):
    """Who mails come from. `domain` is the right side of every Message-ID. `bounces` is where
    reports of mails that could not be delivered go, with the mail's id put before its `@`."""

    name: str
    address: str
    domain: str
    reply_to: str | None = None
    bounces: str | None = None

    def envelope(self, mail_id: str) -> str:
        """The sender as the SMTP server sees it: another one for each mail (VERP)."""
        if self.bounces is None:
            return self.address
        name, domain = _parts(self.bounces)
        return f"{name}+{mail_id}@{domain}"


class Letter(NamedTuple):
    """An envelope and its content. `utf8`: needs a server that takes SMTPUTF8 (RFC 6531)."""

    sender: str
    recipient: str
    message_id: str
    content: bytes
    utf8: bool


def compose(
    mail: MailQueued,
    rendered: Rendered,
    sender: Sender,
    *,
    unsubscribe: str = "",
    attachments: Sequence[Attachment] = (),
) -> Letter:
    """The letter of a mail; the same mail makes the same bytes.

    `Date` is when the mail was queued, which is when it was complete (RFC 5322, 3.6.1), however
    long the server was away. `unsubscribe` is the address that ends mails of its kind with one
    click, "" for what cannot be ended. Raises Unaddressable.
    """
    recipient = deliverable(mail.to_address)
    utf8 = not recipient.isascii()
    policy = SMTPUTF8 if utf8 else SMTP
    message_id = f"<{mail.mail_id}@{sender.domain}>"
    boundary = f"=_{mail.mail_id}"
    name = one_line(mail.to_name, NAME_CHARACTERS)
    # Assembled here, because EmailMessage takes five times as long: it parses all that it is given.
    # Every value goes through the policy, which encodes, folds and lets no line end through.
    head = "".join(
        (
            _senders(sender, policy),
            _to(policy, name, recipient),
            _subject(policy, rendered.subject),
            f"Date: {format_datetime(mail.queued_at)}\r\n",
            f"Message-ID: {message_id}\r\n",
            _conversation(mail, sender),
            _list(sender, unsubscribe),
            # RFC 3834: no vacation answers, please.
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\n",
        )
    )
    media = _multipart(
        "alternative", boundary, (_part("plain", rendered.text), _part("html", rendered.html))
    )
    if attachments:
        media = _multipart("mixed", f"{boundary}_", (media, *map(_attached, attachments)))
    content = head.encode() + media
    return Letter(sender.envelope(mail.mail_id), recipient, message_id, content, utf8)


def _conversation(mail: MailQueued, sender: Sender) -> str:
    """What makes all mails of one complaint, or of one case, one conversation (RFC 5322, 3.6.4).

    All name the same first mail, which none is: they may arrive in any order, and any may be lost.
    """
    about = mail.complaint_id or mail.case_id
    if about is None:
        return ""
    first = f"<about-{about}@{sender.domain}>"
    return f"In-Reply-To: {first}\r\nReferences: {first}\r\n"


def _list(sender: Sender, unsubscribe: str) -> str:
    """`List-Id` (RFC 2919) for filters; one-click unsubscribing (RFC 8058) where there is any."""
    named = f"List-Id: <complaints.{sender.domain}>\r\n"
    if not unsubscribe:
        return named
    # Not folded: the address has no place to fold at, and the limit of a line is 998 characters.
    return (
        f"{named}List-Unsubscribe: <{unsubscribe}>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )


@cache
def _senders(sender: Sender, policy: "EmailPolicy[Any]") -> str:
    headers = _header(policy, "From", Address(sender.name, addr_spec=sender.address))
    if sender.reply_to:
        headers += _header(policy, "Reply-To", Address(addr_spec=sender.reply_to))
    return headers


def _subject(policy: "EmailPolicy[Any]", text: str) -> str:
    if policy.utf8 or text.isascii():
        return _header(policy, "Subject", text)
    return f"Subject: {_encoded('Subject', text)}\r\n"


def _to(policy: "EmailPolicy[Any]", name: str, recipient: str) -> str:
    if _PLAIN_ADDRESS.fullmatch(recipient):
        if not name.isascii():
            return f"To: {_encoded('To', name)}\r\n <{recipient}>\r\n"
        if _PLAIN_NAME.fullmatch(name) and len(name) + len(recipient) < LINE_CHARACTERS - 8:
            return f"To: {name} <{recipient}>\r\n"
    return _header(policy, "To", Address(name, *_parts(recipient)))


def _encoded(header: str, text: str) -> str:
    """`text` as encoded words (RFC 2047), one a line. The library takes twenty times as long."""
    words: list[bytes] = []
    # Base64 makes four of three, around it stand twelve, and a word holds whole characters only.
    word, room = b"", (LINE_CHARACTERS - len(header) - 2 - 12) * 3 // 4 - 2
    for character in text:
        encoded = character.encode()
        if len(word) + len(encoded) > room:
            words.append(word)
            word, room = b"", 45
        word += encoded
    return "\r\n ".join(f"=?utf-8?b?{b64encode(each).decode()}?=" for each in (*words, word))


def _header(policy: "EmailPolicy[Any]", name: str, value: str | Address) -> str:
    folded: str = policy.fold(*policy.header_store_parse(name, value))
    return folded


def _multipart(kind: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    line = f"--{boundary}".encode()
    inside = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts)
    return head + inside + line + b"--\r\n"


def _attached(file: Attachment) -> bytes:
    head = (
        f"Content-Type: {file.media_type}\r\n"
        f'Content-Disposition: attachment; filename="{file.name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + encodebytes(file.content).replace(b"\n", b"\r\n")


def _part(kind: str, text: str) -> bytes:
    """One medium, quoted-printable: legible in transit, and no server has to re-encode it."""
    content = b2a_qp(text.replace("\n", "\r\n").encode(), istext=True)
    return (
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode() + content


def deliverable(address: str) -> str:
    """`address` as SMTP takes it: an international domain in its ASCII form, so that only an
    international name before the `@` needs SMTPUTF8. Raises Unaddressable."""
    if not _ADDRESS.fullmatch(address):
        raise Unaddressable(f"{one_line(address, 80)!r} is not an e-mail address.")
    name, domain = _parts(address)
    try:
        return f"{name}@{domain.encode('idna').decode()}" if not domain.isascii() else address
    except UnicodeError as error:
        raise Unaddressable(f"{one_line(domain, 80)!r} is not a domain.") from error


def _parts(address: str) -> tuple[str, str]:
    name, _, domain = address.rpartition("@")
    return name, domain
