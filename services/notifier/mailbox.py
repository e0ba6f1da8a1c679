"""The embedded mailbox: a real SMTP server that keeps everything it is sent, and its reader.

`python -m services.notifier mailbox` serves; the pages under `/mail/mailbox` read. What is kept is
a Maildir, so any mail program can open it too.
"""

import asyncio
import contextlib
import email
import mailbox
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default as readable
from pathlib import Path
from typing import NamedTuple

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic_settings import BaseSettings, SettingsConfigDict

LARGEST_MAIL = 20 << 20
NICENESS = 10
"""It stands in for a mail server elsewhere, which would take no time from the services either."""

log = structlog.get_logger(__name__)


class MailboxSettings(BaseSettings):
    """Where the mailbox listens, and where it keeps the mails."""

    model_config = SettingsConfigDict(env_prefix="REDRESS_", extra="ignore")
    host: str = "127.0.0.1"
    port: int = 2525
    maildir: Path


class Keeper:
    """Stores each mail, then says so: 250 only after the file is on the disk."""

    def __init__(self, maildir: Path) -> None:
        for folder in ("tmp", "new", "cur"):
            (maildir / folder).mkdir(parents=True, exist_ok=True)
        self._maildir = mailbox.Maildir(maildir)
        self._new = maildir / "new"
        # One writer at a time: the names that Maildir makes are unique only then.
        self._one_at_a_time = asyncio.Lock()

    async def handle_EHLO(  # noqa: N802, aiosmtpd names it
        self, _server: SMTP, session: Session, _envelope: Envelope, name: str, said: list[str]
    ) -> list[str]:
        """What it can do: as every server of weight, also take a whole envelope at once."""
        session.host_name = name
        return [*said[:-1], "250-PIPELINING", *said[-1:]]

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        async with self._one_at_a_time:
            await asyncio.to_thread(self._keep, _trace(envelope) + content)
        return "250 2.0.0 Kept"

    def _keep(self, content: bytes) -> None:
        self._maildir.add(content.replace(b"\r\n", b"\n"))
        # The file was synced by Maildir; its name in the folder is not until the folder is.
        folder = os.open(self._new, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _trace(envelope: Envelope) -> bytes:
    """The headers that a server adds on delivery: the envelope, which may differ from the mail."""
    sender, recipients = envelope.mail_from or "", ", ".join(envelope.rcpt_tos)
    return f"Return-Path: <{sender}>\nDelivered-To: {recipients}\n".encode()


async def serving(keeper: Keeper, host: str, port: int) -> asyncio.Server:
    """The server, listening."""
    return await asyncio.get_running_loop().create_server(
        lambda: SMTP(
            keeper,
            hostname="mailbox",
            ident="redress",
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
        ),
        host,
        port,
    )


async def serve(settings: MailboxSettings) -> None:
    """Serves until told to stop (SIGTERM or SIGINT)."""
    os.nice(NICENESS)
    server = await serving(Keeper(settings.maildir), settings.host, settings.port)
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    log.info("mailbox.started", host=settings.host, port=settings.port)
    async with server:
        await stop.wait()


class File(NamedTuple):
    """What was attached to a mail."""

    name: str
    media_type: str
    content: bytes


class Received(NamedTuple):
    """A mail in the mailbox. `key` is its file's name."""

    key: str
    received_at: datetime
    message: EmailMessage

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    @property
    def files(self) -> Sequence[File]:
        """What is attached, in order; what is too odd to be read is in the mail as a whole."""
        found: list[File] = []
        with contextlib.suppress(Exception):  # Python's parser raises anything, as in `_legible`
            for part in self.message.iter_attachments():
                content = part.get_content()
                if isinstance(content, bytes):
                    found.append(File(part.get_filename() or "", part.get_content_type(), content))
        return found

    def header(self, name: str) -> str:
        return _legible(lambda: str(self.message.get(name, "")))

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return _legible(lambda: str(part.get_content())) if part is not None else ""


def _legible(read: Callable[[], str]) -> str:
    """What `read` finds in a mail, or nothing where the mail is too odd; it can be downloaded."""
    try:
        # Internationalised headers (RFC 6532) are plain UTF-8, which the parser escapes.
        return read().encode(errors="surrogateescape").decode(errors="replace")
    except Exception:  # Python's parser raises anything here, IndexError and LookupError included
        return ""


class Reader:
    """The mails of a Maildir, newest first."""

    def __init__(self, maildir: Path) -> None:
        self._folders = (maildir / "new", maildir / "cur")

    def page(self, *, before: str | None, limit: int) -> Sequence[Received]:
        """Up to `limit` mails older than the one whose key is `before`."""
        names = sorted(self._names(), key=_order, reverse=True)
        if before is not None:
            names = [name for name in names if _order(name) < _order(before)]
        found = ((name, self._read(name)) for name in names[:limit])
        return [_received(name, raw) for name, raw in found if raw is not None]

    def one(self, key: str) -> Received | None:
        """The mail of that key, or None."""
        raw = self.raw(key)
        return _received(key, raw) if raw is not None else None

    def raw(self, key: str) -> bytes | None:
        """The mail as it was received, or None. No key leads out of the folder."""
        return self._read(key) if key in set(self._names()) else None

    def _read(self, name: str) -> bytes | None:
        for folder in self._folders:
            with contextlib.suppress(FileNotFoundError):
                return (folder / name).read_bytes()
        return None

    def _names(self) -> Iterator[str]:
        for folder in self._folders:
            with contextlib.suppress(FileNotFoundError):
                yield from (entry.name for entry in os.scandir(folder))


def _received(name: str, raw: bytes) -> Received:
    message = email.message_from_bytes(raw, policy=readable)
    return Received(name, datetime.fromtimestamp(_order(name)[0], UTC), message)


def _order(name: str) -> tuple[int, int, str]:
    """By when it was received: Maildir names begin `<seconds>.M<microseconds>P…`."""
    seconds, _, rest = name.partition(".")
    micros = rest[1:].partition("P")[0]
    return (
        int(seconds) if seconds.isdigit() else 0,
        int(micros) if micros.isdigit() else 0,
        name,
    )
