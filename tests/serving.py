"""Real HTTP servers inside a test: uvicorn in a thread, on a free port of the loopback."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


class Server:
    """A listening address, known before the application that will answer on it is made."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    @contextmanager
    def serving(self, app: Callable[..., Any]) -> Iterator[str]:
        """Serves `app` until the block is left; then the port is free again."""
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        self._socket.listen(128)  # connections wait from here on, so nobody comes too early
        thread = threading.Thread(target=server.run, kwargs={"sockets": [self._socket]})
        thread.start()
        try:
            yield self.url
        finally:
            server.should_exit = True
            thread.join(10)
            self._socket.close()
