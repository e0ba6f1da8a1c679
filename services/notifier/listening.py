"""The door for reports of undeliverable mails: LMTP (RFC 2033), which a mail server delivers to."""

import asyncio
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP

LARGEST_REPORT = 1 << 20

log = structlog.get_logger(__name__)


class Listener:
    """Listens from `start` to `stop`."""

    def __init__(self, handler: Any, host: str, port: int) -> None:
        self._handler = handler
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: LMTP(self._handler, hostname="notifier", data_size_limit=LARGEST_REPORT),
            self._host,
            self._port,
        )
        log.info("bounces.listening", host=self._host, port=self._port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
