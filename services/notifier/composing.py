"""A rendered mail as the bytes that go over SMTP. Pure and deterministic, boundary included."""

import re
from binascii import b2a_qp
from email.headerregistry import Address
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime
from functools import cache
from typing import Any, NamedTuple

from contracts.mail import MailQueued
from services.notifier.rendering import Rendered, one_line

_ADDRESS = re.compile(
    r"[^\s\x00-\x1f\x7f@<>()\[\]\\,;:\"]{1,64}@[^\s\x00-\x1f\x7f@<>()\[\]\\,;:\"]{1,250}"
)

NAME_CHARACTERS = 60
"""Longer display names are cut: folded headers are where mail programs disagree."""


class Unaddressable(ValueError):
    """The address is none that a mail could go to."""


class Sender(NamedTuple):
    """Who mails come from. `domain` is the right side of every Message-ID."""

    name: str
    address: str
    domain: str
    reply_to: str | None = None


class Letter(NamedTuple):
    """An envelope and its content. `utf8`: needs a server that takes SMTPUTF8 (RFC 6531)."""

    sender: str
    recipient: str
    message_id: str
    content: bytes
    utf8: bool


def compose(mail: MailQueued, rendered: Rendered, sender: Sender) -> Letter:
    """The letter of a mail; the same mail makes the same bytes.

    `Date` is when the mail was queued, which is when it was complete (RFC 5322, 3.6.1), however
    long the server was away. Raises Unaddressable.
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
            _header(policy, "To", Address(name, *_parts(recipient))),
            _header(policy, "Subject", rendered.subject),
            f"Date: {format_datetime(mail.queued_at)}\r\n",
            f"Message-ID: {message_id}\r\n",
            # RFC 3834: no vacation answers, please.
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\n",
            f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n',
        )
    )
    content = b"\r\n".join(
        (
            head.encode(),
            f"--{boundary}".encode(),
            _part("plain", rendered.text),
            f"--{boundary}".encode(),
            _part("html", rendered.html),
            f"--{boundary}--\r\n".encode(),
        )
    )
    return Letter(sender.address, recipient, message_id, content, utf8)


@cache
def _senders(sender: Sender, policy: "EmailPolicy[Any]") -> str:
    headers = _header(policy, "From", Address(sender.name, addr_spec=sender.address))
    if sender.reply_to:
        headers += _header(policy, "Reply-To", Address(addr_spec=sender.reply_to))
    return headers


def _header(policy: "EmailPolicy[Any]", name: str, value: str | Address) -> str:
    folded: str = policy.fold(*policy.header_store_parse(name, value))
    return folded


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
