"""One open session with an SMTP server, as far as letters go over it.

aiosmtplib opens it: TLS, EHLO and AUTH are the library's. Then the connection is taken over, for
the library waits for an answer after each command, four times a letter. A server that offers
PIPELINING (RFC 2920) is told the whole envelope at once, which halves what both sides do for a
letter, and the time that it takes over a long line.
"""

import asyncio
import re
from collections import deque
from typing import NamedTuple, cast

import aiosmtplib

from services.notifier.composing import Letter

COMPLETED, FORWARDED, GO_ON = 250, 251, 354
LONGEST_REPLY = 32 * 1024
"""Bytes; a few hundred are usual."""
GOODBYE_SECONDS = 5.0

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Reply(NamedTuple):
    """What the server said; `text` has its lines, without the code."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class SessionLost(Exception):
    """The connection broke off, or the server was silent, or spoke no SMTP."""


class Session(asyncio.Protocol):
    """`opened` is connected, encrypted and signed in as it has to be, and has said EHLO."""

    def __init__(self, opened: aiosmtplib.SMTP, *, timeout: float, data_timeout: float) -> None:
        self._transport = cast(asyncio.Transport, opened.transport)
        self._transport.set_protocol(self)
        self._timeout = timeout
        self._data_timeout = data_timeout
        self._pipelining = opened.supports_extension("pipelining")
        self._buffer = b""
        self._replies: deque[Reply] = deque()
        self._lost: str | None = None
        self._arrived: asyncio.Future[None] | None = None
        self.international = opened.supports_extension("smtputf8")
        """Takes addresses in any script (RFC 6531)."""
        self.begun = False
        """The server has heard of the last letter: it said yes to its sender."""

    async def hand_over(self, letter: Letter) -> Reply:
        """Sends one letter; returns the server's last word, or the first that was a refusal.

        Raises SessionLost; where `begun` is not set then, the letter can begin anew elsewhere.
        """
        self.begun = False
        if self._replies:
            raise SessionLost(str(self._replies[0]))  # nobody asked: it says why it hangs up
        refusal = await self._envelope(letter)
        if refusal is not None:
            return refusal
        self._write(b"".join((stuffed(letter.content), b".\r\n")))
        return await self._reply(self._data_timeout)

    async def reset(self) -> bool:
        """Forgets a letter that was refused; whether the session is fit for the next one."""
        self._write(b"RSET\r\n")
        return (await self._reply(self._timeout)).code == COMPLETED

    async def quit(self) -> None:
        """Says goodbye. Raises SessionLost where nobody is there to hear it."""
        try:
            self._write(b"QUIT\r\n")
            await self._reply(GOODBYE_SECONDS)
        finally:
            self.close()

    def close(self) -> None:
        self._transport.abort()

    async def _envelope(self, letter: Letter) -> Reply | None:
        """Says from whom and to whom; returns what was refused of it, if anything was."""
        options = " SMTPUTF8 BODY=8BITMIME" if letter.utf8 else ""
        commands = {
            _line(f"MAIL FROM:<{letter.sender}>{options}"): (COMPLETED,),
            _line(f"RCPT TO:<{letter.recipient}>"): (COMPLETED, FORWARDED),
            _line("DATA"): (GO_ON,),
        }
        if self._pipelining:
            self._write(b"".join(commands))
        refusal: Reply | None = None
        for command, right in commands.items():
            try:
                if not self._pipelining:
                    self._write(command)
                reply = await self._reply(self._timeout)
            except SessionLost:
                if refusal is None:
                    raise
                return refusal  # it said why, and hung up
            if refusal is None and reply.code not in right:
                refusal = reply
                if not self._pipelining:
                    return refusal
            elif refusal is not None and reply.code == GO_ON:
                # It waits for the text although there is nobody to send it to (RFC 2920, 3.1).
                self._write(b".\r\n")
                await self._reply(self._timeout)
            self.begun = self.begun or refusal is None
        return refusal

    async def _reply(self, timeout: float) -> Reply:
        if self._replies:
            return self._replies.popleft()
        try:
            async with asyncio.timeout(timeout):
                while not self._replies:
                    if self._lost is not None:
                        raise SessionLost(self._lost)
                    self._arrived = asyncio.get_running_loop().create_future()
                    await self._arrived
        except TimeoutError as error:
            raise SessionLost("The server was silent for too long.") from error
        return self._replies.popleft()

    def _write(self, data: bytes) -> None:
        if self._lost is not None or self._transport.is_closing():
            raise SessionLost(self._lost or "The session is closed.")
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        try:
            found, self._buffer = replies(self._buffer + data)
        except ValueError as error:
            self._end(f"What the server says is no SMTP: {error}")
            return
        self._replies.extend(found)
        if len(self._buffer) > LONGEST_REPLY:
            self._end("The server's answer has no end.")
        elif found:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(str(exc) if exc else "The server hung up.")

    def _end(self, why: str) -> None:
        self._lost = self._lost or why
        self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)


def replies(received: bytes) -> tuple[list[Reply], bytes]:
    """The whole replies in what was received, and the rest. Pure.

    A reply may have several lines, all but the last with a hyphen after the code (RFC 5321, 4.2.1).
    Raises ValueError for what is none.
    """
    found: list[Reply] = []
    lines: list[bytes] = []
    read = 0
    for line in received.split(b"\n")[:-1]:
        if not (line[:3].isdigit() and line[3:4] in (b" ", b"-", b"\r", b"")):
            raise ValueError(line[:80].decode(errors="replace"))
        lines.append(line)
        if line[3:4] != b"-":
            text = b"\n".join(each[4:].strip() for each in lines)
            found.append(Reply(int(line[:3]), text.decode(errors="replace")))
            read += sum(len(each) + 1 for each in lines)
            lines = []
    return found, received[read:]


def _line(command: str) -> bytes:
    """The command as it is sent. Raises ValueError for one that would be several."""
    if _CONTROLS.search(command):
        raise ValueError("A command of SMTP has no control characters in it.")
    return f"{command}\r\n".encode()


def stuffed(content: bytes) -> bytes:
    """The text as DATA takes it: line ends are CRLF, dots at the beginning of lines are doubled,
    so that none of it can pass for its end (RFC 5321, 4.5.2)."""
    if not content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n"):
        content = _LINE_END.sub(b"\r\n", content)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    if content.startswith(b"."):
        content = b"." + content
    return content.replace(b"\r\n.", b"\r\n..")
