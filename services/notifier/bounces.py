"""Mails that come back: reports of other servers (RFC 3464), and what they say of an address.

Each mail goes out with an envelope sender of its own (`bounces+<mail id>@…`), so a report names its
mail by where it was sent, however the server that wrote it words it.
"""

import re
from email import message_from_bytes
from email.message import Message as Mail
from email.policy import default
from typing import NamedTuple

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id
from contracts.mail import (
    AddressRestored,
    AddressSuppressed,
    MailBounced,
    MailQueued,
    ReaderFact,
    address_key,
)
from services.notifier.delivery import Delivery, evolve
from services.runtime.clock import Clock
from services.runtime.events import EventStore

log = structlog.get_logger(__name__)

_VERP = re.compile(r".*\+([0-9a-z-]{1,64})@.*", re.IGNORECASE)
_NO_MAILBOX = re.compile(r"\b5\.1\.(1|2|3|6|10)\b|\b5\.4\.4\b|\b5\.2\.1\b")
"""Enhanced status codes (RFC 3463) of addresses that will not come to life: no such mailbox, no
such domain, moved, disabled. A full mailbox (5.2.2) or a refused content (5.6, 5.7) is none."""


class Report(NamedTuple):
    """What a delivery report says of one mail: `status` is an enhanced status code or empty."""

    failed: bool
    status: str
    reason: str


def no_such_mailbox(reason: str) -> bool:
    """Whether a permanent refusal is about the address itself, and so about every mail to it."""
    if _NO_MAILBOX.search(reason):
        return True
    return reason.startswith("550 ") and not re.match(r"550 5\.\d+\.\d+", reason) and (
        "user" in reason.lower() or "mailbox" in reason.lower()
    )  # fmt: skip


def mail_of(recipient: str) -> str | None:
    """The id of the mail that a report to this address is about."""
    found = _VERP.fullmatch(recipient)
    return found[1].lower() if found else None


def read_report(content: bytes) -> Report | None:
    """The report in a message; None for what is none (an answer from holidays, say)."""
    message = message_from_bytes(content, policy=default)
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            return _status(part)
    return None


def _status(part: Mail) -> Report | None:
    groups = part.get_payload()
    if not isinstance(groups, list):
        return None
    for group in groups:
        if isinstance(group, Mail) and group.get("Action"):
            failed = str(group["Action"]).strip().lower() == "failed"
            status = str(group.get("Status", "")).strip().split(" ")[0]
            said = str(group.get("Diagnostic-Code", "")).partition(";")[2].strip()
            return Report(failed, status, " ".join(f"{said or status}".split())[:500])
    return None


class Bounces:
    """Takes reports by LMTP and writes down what they mean. What is no report is taken and left."""

    def __init__(self, store: EventStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def handle_DATA(  # noqa: N802, aiosmtpd names it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        for recipient in envelope.rcpt_tos:
            if (mail_id := mail_of(recipient)) is not None:
                await self.report(mail_id, content)
        return "250 2.0.0 Read"

    async def report(self, mail_id: str, content: bytes) -> None:
        """Marks the mail as come back, and its address when that is why. Twice does no harm."""
        report = read_report(content)
        if report is None or not report.failed:
            log.info("bounce.passed_over", mail=mail_id)
            return
        aggregate = Aggregate(kind="mail", id=mail_id)
        history = await self._store.read(aggregate)
        queued = next((each for each in history.facts if isinstance(each, MailQueued)), None)
        if queued is None:
            log.info("bounce.of_no_mail", mail=mail_id)
            return
        now = self._clock()
        reason = f"{report.status} {report.reason}".strip()
        meta = Meta(
            id=derived_id("bounce", mail_id),
            time=now,
            actor="service:notifier",
            correlation=history.messages[0].meta.correlation,
        )
        await self._store.handle(
            aggregate,
            initial=Delivery(),
            evolve=evolve,
            decide=lambda delivery: () if delivery.returned else (
                MailBounced(at=now, attempt=delivery.attempts, reason=reason, how="report"),
            ),
            meta=meta,
        )  # fmt: skip
        if no_such_mailbox(reason):
            await suppress(self._store, queued, reason, meta=meta)


async def suppress(store: EventStore, mail: MailQueued, reason: str, *, meta: Meta) -> None:
    """Sends nothing more to the mail's address, until somebody restores it."""
    fact = AddressSuppressed(
        address=mail.to_address, mail_id=mail.mail_id, reason=reason[:500], at=meta.time
    )
    await store.handle(
        Aggregate(kind="reader", id=address_key(mail.to_address)),
        initial=False,
        evolve=is_suppressed,
        decide=lambda suppressed: () if suppressed else (fact,),
        meta=meta,
    )


def is_suppressed(suppressed: bool, fact: ReaderFact) -> bool:
    match fact:
        case AddressSuppressed():
            return True
        case AddressRestored():
            return False
        case _:
            return suppressed
