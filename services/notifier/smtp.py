"""Handing a letter to the SMTP server, over sessions that are kept open between letters."""

import contextlib
from typing import Protocol

import aiosmtplib
from aiosmtplib import (
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPStatus,
    SMTPTimeoutError,
)

from services.notifier.composing import Letter
from services.notifier.delivery import Accepted, Answer, Never, NotNow
from services.notifier.settings import Settings

CLOSING = 421
LOST = (SMTPServerDisconnected, SMTPTimeoutError, OSError)


class ServerAway(Exception):
    """No session could be opened: the server is down, busy, or refuses *us*, not a letter."""


class _NothingHandedOver(Exception):
    """The session was gone before the letter began, so it can begin anew without a double."""


class Transport(Protocol):
    async def deliver(self, letter: Letter) -> Answer:
        """Hands the letter over and returns the server's answer. Raises ServerAway."""
        ...

    async def close(self) -> None: ...


class Smtp(Transport):
    """One SMTP server. As many sessions stay open as letters were ever under way at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: list[aiosmtplib.SMTP] = []

    async def deliver(self, letter: Letter) -> Answer:
        while self._idle:
            session = self._idle.pop()
            with contextlib.suppress(_NothingHandedOver):  # servers close idle sessions
                return await self._transact(session, letter)
        try:
            return await self._transact(await self._open(), letter)
        except _NothingHandedOver as lost:
            return NotNow(str(lost))

    async def close(self) -> None:
        while self._idle:
            with contextlib.suppress(SMTPException, OSError):
                await self._idle.pop().quit()

    async def _open(self) -> aiosmtplib.SMTP:
        settings = self._settings
        password = settings.smtp_password
        session = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=password.get_secret_value() if password else None,
            use_tls=settings.smtp_tls == "implicit",
            start_tls=settings.smtp_tls == "starttls",
            cert_bundle=str(settings.smtp_ca) if settings.smtp_ca else None,
            local_hostname=settings.mail_domain,
            timeout=settings.smtp_timeout,
        )
        try:
            await session.connect()
            await session.ehlo()
        except (SMTPException, OSError) as error:
            session.close()
            raise ServerAway(str(error)) from error
        return session

    async def _transact(self, session: aiosmtplib.SMTP, letter: Letter) -> Answer:
        if letter.utf8 and not session.supports_extension("smtputf8"):
            self._idle.append(session)
            return Never("The server takes no international addresses (SMTPUTF8).")
        options = (b"SMTPUTF8", b"BODY=8BITMIME") if letter.utf8 else ()
        begun = False
        try:
            await _command(session, b"MAIL", f"FROM:<{letter.sender}>", *options)
            begun = True
            await _command(session, b"RCPT", f"TO:<{letter.recipient}>")
            reply = await session.data(letter.content, timeout=self._settings.smtp_data_timeout)
        except SMTPResponseException as refusal:
            said = f"{refusal.code} {refusal.message}"
            await self._reuse(session, after=refusal.code)
            if refusal.code == CLOSING and not begun:
                raise _NothingHandedOver(said) from refusal
            return Never(said) if refusal.code >= 500 else NotNow(said)
        except LOST as lost:
            session.close()
            if not begun:
                raise _NothingHandedOver(str(lost)) from lost
            return NotNow(f"The connection broke off: {lost}")
        except BaseException:  # cancelled in mid-letter: the session is of no more use
            session.close()
            raise
        self._idle.append(session)
        return Accepted(f"{reply.code} {reply.message}")

    async def _reuse(self, session: aiosmtplib.SMTP, *, after: int) -> None:
        """Keeps a session whose letter was refused, if the server lets it begin another."""
        if after != CLOSING:
            with contextlib.suppress(SMTPException, OSError):
                await session.rset()
                self._idle.append(session)
                return
        session.close()


async def _command(session: aiosmtplib.SMTP, name: bytes, path: str, *options: bytes) -> None:
    """What `mail` and `rcpt` of the library do, but for looking for the address in the address:
    a letter has nothing else there, and that search takes as long as sending the command."""
    reply = await session.execute_command(name, path.encode(), *options)
    if reply.code not in (SMTPStatus.completed, SMTPStatus.will_forward):
        raise SMTPResponseException(reply.code, reply.message)
