"""Handing a letter to the SMTP server, over sessions that are kept open between letters."""

import contextlib
from typing import Protocol

import aiosmtplib
from aiosmtplib import SMTPException

from services.notifier.composing import Letter
from services.notifier.delivery import Accepted, Answer, Never, NotNow
from services.notifier.session import COMPLETED, Session, SessionLost
from services.notifier.settings import Settings

CLOSING = 421


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
        self._idle: list[Session] = []

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
            with contextlib.suppress(SessionLost):
                await self._idle.pop().quit()

    async def _open(self) -> Session:
        settings = self._settings
        password = settings.smtp_password
        opened = aiosmtplib.SMTP(
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
            await opened.connect()
            await opened.ehlo()
        except (SMTPException, OSError) as error:
            opened.close()
            raise ServerAway(str(error)) from error
        return Session(
            opened, timeout=settings.smtp_timeout, data_timeout=settings.smtp_data_timeout
        )

    async def _transact(self, session: Session, letter: Letter) -> Answer:
        if letter.utf8 and not session.international:
            self._idle.append(session)
            return Never("The server takes no international addresses (SMTPUTF8).")
        try:
            reply = await session.hand_over(letter)
        except SessionLost as lost:
            session.close()
            if not session.begun:
                raise _NothingHandedOver(str(lost)) from lost
            return NotNow(f"The connection broke off: {lost}")
        except BaseException:  # cancelled in mid-letter: the session is of no more use
            session.close()
            raise
        said = str(reply)
        if reply.code == COMPLETED:
            self._idle.append(session)
            return Accepted(said)
        await self._reuse(session, after=reply.code)
        if reply.code == CLOSING and not session.begun:
            raise _NothingHandedOver(said)
        return Never(said) if reply.code >= 500 else NotNow(said)

    async def _reuse(self, session: Session, *, after: int) -> None:
        """Keeps a session whose letter was refused, if the server lets it begin another."""
        if after != CLOSING:
            with contextlib.suppress(SessionLost):
                if await session.reset():
                    self._idle.append(session)
                    return
        session.close()
