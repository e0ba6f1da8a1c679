"""A rendered mail as the bytes that go over SMTP. Pure and deterministic, boundary included."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import NamedTuple

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
    # 7bit: no server on the way has to re-encode it.
    policy = SMTPUTF8 if utf8 else SMTP.clone(cte_type="7bit")
    message = EmailMessage(policy=policy)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = Address(one_line(mail.to_name, NAME_CHARACTERS), *_parts(recipient))
    if sender.reply_to:
        message["Reply-To"] = Address(addr_spec=sender.reply_to)
    message["Subject"] = rendered.subject
    message["Date"] = mail.queued_at
    message["Message-ID"] = f"<{mail.mail_id}@{sender.domain}>"
    # RFC 3834: no vacation answers, please.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(rendered.text)
    message.add_alternative(rendered.html, subtype="html")
    message.set_boundary(f"=_{mail.mail_id}")
    return Letter(sender.address, recipient, message["Message-ID"], message.as_bytes(), utf8)


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
