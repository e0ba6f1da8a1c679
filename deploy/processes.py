"""One process of ours: started in a session of its own, with its log, and ended for certain."""

import http.client
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.ports import HOST

LOG_BYTES = 10 << 20
"""A log larger than this is put aside as `<name>.log.1` when its process is started."""


@dataclass(frozen=True, slots=True)
class Probe:
    """How a process tells that it is ready: `path` answers 2xx, or the port accepts."""

    port: int
    path: str | None

    def answers(self) -> bool:
        try:
            if self.path is None:
                socket.create_connection((HOST, self.port), timeout=1).close()
                return True
            connection = http.client.HTTPConnection(HOST, self.port, timeout=2)
            try:
                connection.request("GET", self.path)
                return 200 <= connection.getresponse().status < 300
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return False


class Process:
    """A command with its environment and log file. It can be started again after it ended."""

    def __init__(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path
    ) -> None:
        self.name = name
        self.command = list(command)
        self.env = dict(env)
        self.log = log
        self._cwd = cwd
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen else None

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._popen.poll() if self._popen else None

    def start(self, *, keep_open: Sequence[int] = ()) -> None:
        """Starts it; the file descriptors `keep_open` stay open in it as long as it lives."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                self.command,
                env=self.env,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches only us, so that the parts can be ended in order.
                start_new_session=True,
                pass_fds=keep_open,
            )

    def end(self, *, patience: float) -> None:
        """Asks it to end (SIGTERM); after `patience` seconds ends it and its children (SIGKILL)."""
        if self._popen is None:
            return
        if self.alive:
            self._popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(patience)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the process and all it started."""
        if self._popen is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 16_384))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])
