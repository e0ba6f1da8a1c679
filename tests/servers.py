"""Real servers for tests: nats-server and PostgreSQL, on free ports of the loopback."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.broker import USERS, Cluster, configuration
from deploy.parts import ROOT
from deploy.ports import HOST, free_ports
from deploy.processes import Probe, Process
from services.runtime.settings import Settings

START_SECONDS = 20.0
PASSWORD = "of-no-use-anywhere-else"


def _until(ready: Callable[[], bool], process: Process) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        assert process.alive, process.last_lines()
        assert time.monotonic() < deadline, f"{process.name} was not ready in time"
        time.sleep(0.005)


class SettingsOfTest(Settings):
    service: ClassVar[str] = "moderation"


class NatsServer:
    """A nats-server with the configuration that is deployed, its log in `folder`."""

    def __init__(self, folder: Path, *, cluster: Cluster | None = None) -> None:
        ports = free_ports(["nats", "monitor"])
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        configured = folder / "server.conf"
        configured.write_text(
            configuration(
                passwords=dict.fromkeys(USERS, PASSWORD),
                listen=f"{HOST}:{ports['nats']}",
                monitor=f"{HOST}:{ports['monitor']}",
                store=str(folder),
                cluster=cluster,
            )
        )
        self.url = f"nats://{HOST}:{ports['nats']}"
        self._probe = Probe(ports["monitor"], "/healthz")
        self._process = Process(
            "nats",
            [str(Path(sys.executable).parent / "nats-server"), "--config", str(configured)],
            env=os.environ,
            log=folder / "server.log",
            cwd=folder,
        )

    def start(self) -> None:
        self.launch()
        _until(self._probe.answers, self._process)

    def launch(self) -> None:
        """Starts it only: a server of a cluster is not ready before the others are there."""
        self._process.start()

    def stop(self) -> None:
        """As an operator would (SIGTERM)."""
        self._signal(signal.SIGCONT)
        self._process.end(patience=10)

    def kill(self) -> None:
        """As a crash would (SIGKILL)."""
        self._process.kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def stop_answering(self) -> None:
        """Connections stay open and nothing is said on them, until `go_on`."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.alive and self._process.pid:
            os.kill(self._process.pid, number)

    def settings(self, user: str = "admin", **others: Any) -> Settings:
        """What a service is told that comes in as `user`."""
        told: dict[str, Any] = {
            "port": 0,
            "nats_url": self.url,
            "nats_user": user,
            "nats_password": PASSWORD,
            "database_url": f"sqlite+aiosqlite:///{self._folder}/service.db",
            "secret_key": "k" * 40,
        }
        return SettingsOfTest(**told | others)


def postgresql_binaries() -> Path | None:
    """The folder of PostgreSQL's programs, the newest where there are several."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda program: int(program.parts[-3]) if program.parts[-3].isdigit() else 0,
    )
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


class PostgresCluster:
    """A private PostgreSQL, thrown away afterwards; so it need not wait for the disk.

    It refuses to run as root: then it runs as `postgres`, or else `nobody`.
    """

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._user = _unprivileged()
        # Not pytest's folder, which other users may not enter.
        self._folder = Path(tempfile.mkdtemp(prefix="redress-postgresql-"))
        if self._user:
            shutil.chown(self._folder, self._user)
        self._port = free_ports(["postgresql"])["postgresql"]
        self._databases = 0
        self._process = Process(
            "postgresql",
            self._command("postgres")
            + ["-D", str(self._data), "-h", HOST, "-p", str(self._port), "-k", ""]
            + [word for setting in SPEED for word in ("-c", setting)],
            env=os.environ,
            log=self._folder / "server.log",
            cwd=ROOT,
        )

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _command(self, program: str) -> list[str]:
        run_as = [shutil.which("setpriv") or "setpriv", f"--reuid={self._user}", "--clear-groups"]
        return [*(run_as if self._user else ()), str(self._binaries / program)]

    def start(self) -> None:
        words = ["--no-sync", "--auth=trust", "--username=test", "--encoding=UTF8", "--locale=C"]
        made = subprocess.run(
            [*self._command("initdb"), "-D", str(self._data), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        self._process.start()
        _until(self._answers, self._process)

    def stop(self) -> None:
        if pid := self._process.pid:
            os.kill(pid, signal.SIGINT)  # its fast way to end; SIGTERM waits for every client
        self._process.end(patience=10)
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """As a crash would (SIGKILL)."""
        self._process.kill()

    def again(self) -> None:
        """Starts it after a kill, on the same data."""
        self._process.start()
        _until(self._answers, self._process)

    async def fresh(self) -> str:
        """The URL of a new, empty database."""
        self._databases += 1
        name = f"test_{self._databases}"
        engine = create_async_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0"))
        await engine.dispose()
        return self._url(name)

    def _answers(self) -> bool:
        ready = [str(self._binaries / "pg_isready"), "-q", "-h", HOST, "-p", str(self._port)]
        return subprocess.run(ready, check=False).returncode == 0

    def _url(self, name: str) -> str:
        return f"postgresql+asyncpg://test@{HOST}:{self._port}/{name}"


SPEED = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
    "deadlock_timeout=200ms",
)


def _unprivileged() -> str | None:
    """Whom to become when we are root; None to stay who we are."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
