"""The virus scanner, behind a port: clamd, spoken to in its own protocol (`man clamd`, INSTREAM).

Client libraries for it send a kilobyte at a time, each read in a thread of its own: a video would
take a minute. The protocol is four lines.
"""

import asyncio
from contextlib import suppress
from typing import BinaryIO, Final, Protocol

import structlog
from anyio import to_thread

from services.runtime.problems import Unavailable
from services.runtime.sentences import gettext as _

log = structlog.get_logger(__name__)

CHUNK: Final = 1 << 18
PATIENCE_SECONDS: Final = 60
"""For one file, sending included."""
REPLY_LIMIT: Final = 4_096


class ScannerUnavailable(Unavailable):
    title = _("Files cannot be checked at the moment")


class Scanner(Protocol):
    async def scan(self, content: BinaryIO) -> str | None:
        """The name of what is wrong with the bytes, None when nothing is. Raises Unavailable."""


class Clamd:
    """clamd at a TCP address. Its `StreamMaxLength` must be at least 50M, or videos are refused."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    @classmethod
    def at(cls, address: str) -> "Clamd":
        """The scanner at `host:port`. Raises ValueError when that is none."""
        host, _colon, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(f"the address of clamd is host:port, not {address!r}")
        return cls(host.strip("[]"), int(port))

    async def scan(self, content: BinaryIO) -> str | None:
        """As `Scanner.scan`. Raises ScannerUnavailable when clamd is away or gives no verdict."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reply = await self._ask(content)
        except (OSError, TimeoutError) as error:
            raise self._away(repr(error)) from error
        verdict = reply.removeprefix("stream: ")
        if verdict == "OK":
            return None
        if verdict.endswith(" FOUND"):
            return verdict.removesuffix(" FOUND")
        raise self._away(reply or "no answer")

    async def _ask(self, content: BinaryIO) -> str:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            with suppress(ConnectionError):  # it has heard enough, and says why
                await _send(content, writer)
            return (await reader.read(REPLY_LIMIT)).decode(errors="replace").strip("\0\n ")
        finally:
            writer.close()

    def _away(self, why: str) -> ScannerUnavailable:
        log.error("scanner.unavailable", host=self._host, port=self._port, why=why)
        return ScannerUnavailable(
            _(
                "The virus scanner does not answer, so files cannot be taken right now. Nothing "
                "else is lost: try again in a few minutes, or go on without the file and add it "
                "later."
            )
        )


async def _send(content: BinaryIO, writer: asyncio.StreamWriter) -> None:
    content.seek(0)
    writer.write(b"zINSTREAM\0")
    while chunk := await to_thread.run_sync(content.read, CHUNK):
        writer.write(len(chunk).to_bytes(4) + chunk)
        await writer.drain()
    writer.write(bytes(4))
    await writer.drain()
