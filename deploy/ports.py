"""Ports of this machine: free ones to use, and who holds one that is not free."""

import os
import secrets
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

HOST = "127.0.0.1"
LISTENED = range(20_000, 32_000)
"""Below those that systems take for connections: a port that is free now is not taken by one before
somebody listens on it."""


class PortTaken(Exception):
    """Somebody else listens there. The message names them where the system tells."""

    def __init__(self, port: int) -> None:
        holder = holder_of(port)
        by = f" by process {holder[0]} ({holder[1]})" if holder else ""
        super().__init__(f"Port {port} is already taken{by}.")
        self.port = port


def free_ports(names: Iterable[str]) -> dict[str, int]:
    """A free port for each name, all different."""
    with ExitStack() as held:
        ports = {}
        for name in names:
            probe = held.enter_context(socket.socket())
            ports[name] = _bound(probe)
        return ports


def _bound(probe: socket.socket) -> int:
    while True:
        port = secrets.choice(LISTENED)
        with suppress(OSError):  # somebody listens there
            probe.bind((HOST, port))
            return port


def require_free(port: int) -> None:
    """Raises PortTaken when somebody listens on `port`, PermissionError when it is not ours."""
    with socket.socket() as probe:
        # Connections of an earlier run that are still fading do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except PermissionError:
            raise
        except OSError as error:
            raise PortTaken(port) from error


def holder_of(port: int) -> tuple[int, str] | None:
    """The process that listens on `port`: its id and command line. None where nobody can tell."""
    sockets = set(_listening_sockets(port))
    for process in Path("/proc").glob("[0-9]*"):
        if not sockets.isdisjoint(_open_files(process)):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            return int(process.name), command[:80]
    return None


def _open_files(process: Path) -> Iterator[str]:
    with suppress(OSError):  # it is somebody else's, or ended meanwhile
        for link in (process / "fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                yield os.readlink(link)


def _listening_sockets(port: int) -> Iterator[str]:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        lines = table.read_text().splitlines()[1:] if table.exists() else []
        for fields in map(str.split, lines):
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                yield f"socket:[{fields[9]}]"
