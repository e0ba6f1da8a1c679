"""The door for reports of undeliverable mails: LMTP (RFC 2033) or SMTP, whichever is spoken."""

import asyncio
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

LARGEST_REPORT = 1 << 20

log = structlog.get_logger(__name__)


class Door(LMTP):
    """LMTP, and SMTP for mail servers that can only relay."""

    smtp_HELO = SMTP.smtp_HELO  # noqa: N815, aiosmtpd names them
    smtp_EHLO = SMTP.smtp_EHLO  # noqa: N815


class Listener:
    """Listens from `start` to `stop`."""

    def __init__(self, handler: Any, host: str, port: int) -> None:
        self._handler = handler
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Door(self._handler, hostname="notifier", data_size_limit=LARGEST_REPORT),
            self._host,
            self._port,
        )
        log.info("bounces.listening", host=self._host, port=self._port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
