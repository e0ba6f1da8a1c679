"""Who runs on a data folder: one topology at a time, and where to find it."""

import fcntl
import json
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from deploy.credentials import write_private

PATIENCE_SECONDS = 15.0


class Running(NamedTuple):
    """A topology: its process, its public address, and the processes of its parts."""

    pid: int
    url: str
    parts: Mapping[str, int]


class AlreadyRunning(Exception):
    """Another topology runs on the same data folder."""

    def __init__(self, data: Path, running: Running | None) -> None:
        where = f": process {running.pid}, {running.url}" if running else ""
        super().__init__(f"It already runs on {data}{where}")


def running_on(data: Path) -> Running | None:
    """The topology that runs on `data`, or None."""
    running = _read(data)
    return running if running and _alive(running.pid) else None


class Occupancy:
    """The claim on a data folder, by a lock that the parts inherit.

    So the folder counts as free only when nobody writes there any more, even after the topology
    itself was killed. What such a one left running is ended by the next (on Linux, where a process
    can be recognised as ours; elsewhere the next one refuses to start).
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self.descriptor = -1

    def take(self) -> None:
        """Raises AlreadyRunning, OSError when the folder cannot be written."""
        self.descriptor = os.open(self._data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._locked():
            left = _read(self._data)
            if left is None or _alive(left.pid) or time.monotonic() > deadline:
                os.close(self.descriptor)
                self.descriptor = -1
                raise AlreadyRunning(self._data, left)
            for pid in left.parts.values():
                if self._is_ours(pid):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGTERM)
            time.sleep(0.2)

    def record(self, url: str, parts: Mapping[str, int]) -> None:
        running = Running(os.getpid(), url, parts)
        write_private(_file(self._data), json.dumps(running._asdict(), indent=2) + "\n")

    def release(self) -> None:
        if self.descriptor >= 0:
            _file(self._data).unlink(missing_ok=True)
            os.close(self.descriptor)
            self.descriptor = -1

    def _locked(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _is_ours(self, pid: int) -> bool:
        """Whether it was started for this folder: process ids are used again."""
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return f"REDRESS_DATA={self._data}".encode() in environment


def _file(data: Path) -> Path:
    return data / "running.json"


def _read(data: Path) -> Running | None:
    try:
        return Running(**json.loads(_file(data).read_text()))
    except FileNotFoundError:
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
