"""A real clamd with one signature of our own, for as long as a test needs it."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.ports import free_ports

BINARY = shutil.which("clamd") or shutil.which("/usr/sbin/clamd")
MARKER = b"redress-test-malware-6b8d"
"""What the signature finds: harmless, and in no other file."""


@contextmanager
def clamd(folder: Path) -> Iterator[str]:
    """Its address as `host:port`. Files of more than one megabyte are too long for it."""
    assert BINARY is not None
    port = free_ports(["clamd"])["clamd"]
    signatures = folder / "signatures"
    signatures.mkdir()
    (signatures / "ours.ndb").write_text(f"Redress.Test:0:*:{MARKER.hex()}\n")
    configuration = folder / "clamd.conf"
    configuration.write_text(
        f"DatabaseDirectory {signatures}\nTCPSocket {port}\nTCPAddr 127.0.0.1\n"
        f"Foreground yes\nStreamMaxLength 1M\nTemporaryDirectory {folder}\n"
    )
    process = subprocess.Popen(
        [BINARY, f"--config-file={configuration}"],
        stdout=subprocess.DEVNULL,
        stderr=(folder / "stderr").open("wb"),
    )
    try:
        _wait_for(port, process, folder)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError((folder / "stderr").read_text())
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("clamd did not start")
