"""A line to a server that goes dead, or breaks off, at a place that a test chooses."""

import asyncio
from contextlib import suppress
from typing import Self

from deploy.ports import HOST


class BadLine:
    """Carries bytes between its own port and the server's, without looking into them.

    `dead_after`: of so many bytes from the client nothing more gets through, in either direction.
    `cut_after`: once so many came from the client, the server's next word ends the connection
    instead of arriving. Both count on each connection anew.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.dead_after: int | None = None
        self.cut_after: int | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer), name="bad line")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(HOST, self._server_port)
        sent = 0

        async def there() -> None:
            nonlocal sent
            while data := await client.read(2048):
                sent += len(data)
                if self.dead_after is None or sent < self.dead_after:
                    to_server.write(data)

        async def back() -> None:
            while data := await server.read(2048):
                if self.cut_after is not None and sent >= self.cut_after:
                    return
                to_client.write(data)

        ways = [asyncio.create_task(there()), asyncio.create_task(back())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            with suppress(OSError):
                await asyncio.gather(*ways, return_exceptions=True)
            to_client.close()
            to_server.close()
