"""The parts as native processes: started in order, watched, killed, started again, ended.

    with Topology(data) as topology:
        httpx2.get(topology.url)
        topology.kill("nats")
        topology.restart("nats")

`make up` (`deploy.local`), the fault tests and the benchmark all run on this.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.broker import configuration
from deploy.credentials import credentials, write_private
from deploy.occupancy import Occupancy
from deploy.parts import ROOT, Part, Site, chosen, port_names
from deploy.ports import HOST, free_ports, require_free
from deploy.processes import Probe, Process

START_SECONDS = 90.0
END_SECONDS = 10.0
POLL_SECONDS = 0.05

Progress = Callable[[str, str], None]
"""Told `(part, "starting" | "ready")` as the parts come up."""


class PartFailed(Exception):
    """A part ended, or was not ready in time. `log` is its log file, `tail` the end of it."""

    def __init__(self, process: Process, why: str) -> None:
        super().__init__(f"{process.name} {why}")
        self.log = process.log
        self.tail = process.last_lines()


class GivenUp(Exception):
    """Asked to stop before everything was ready."""


class Topology:
    """One installation on this machine, everything bound to 127.0.0.1.

    `data` is its folder; `port` the public one (a free one for None); `only` names the parts wanted
    (and brings what they need); `databases` gives a service another database URL than its SQLite
    file; `env` is told to every part over everything else. What is kept in `data` is there again
    the next time; ports other than the public one are chosen anew.
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int | None = None,
        only: Iterable[str] | None = None,
        databases: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        progress: Progress = lambda part, state: None,
    ) -> None:
        self.data = data.resolve()
        self._port = port
        self._parts = chosen(only)
        self._databases = dict(databases or {})
        self._env = dict(env or {})
        self._progress = progress
        self._processes: dict[str, Process] = {}
        self._site: Site | None = None
        self._occupancy = Occupancy(self.data)

    @property
    def site(self) -> Site:
        """Where it stands. Raises RuntimeError before `start`."""
        if self._site is None:
            raise RuntimeError("the topology was not started")
        return self._site

    @property
    def url(self) -> str:
        """The one origin that people see, without a trailing slash."""
        return self.site.url

    def address(self, name: str) -> str:
        """The address of one service itself, behind the gateway."""
        return self.site.address(name)

    def env(self, name: str) -> dict[str, str]:
        """The environment of a part, for instance to run another verb of the same service."""
        return self.site.environment(self._part(name))

    def process(self, name: str) -> Process:
        return self._processes[name]

    def start(self, *, give_up: Callable[[], bool] = lambda: False) -> None:
        """Starts every part as soon as what it needs is ready; returns when all are.

        Raises AlreadyRunning, PortTaken, PartFailed, and GivenUp once `give_up()` is true; nothing
        is left running then.
        """
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)  # personal data lies in it
        for folder in ("logs", "nats", "sql", "gateway", "mail"):
            (self.data / folder).mkdir(exist_ok=True)
        self._occupancy.take()
        try:
            self._settle()
            self._bring_up(give_up)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the parts, the last started first. Does nothing when nothing runs."""
        for part in reversed(self._parts):
            if process := self._processes.get(part.name):
                process.end(patience=END_SECONDS)
        self._processes.clear()
        self._occupancy.release()

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash would."""
        self._processes[name].kill()

    def restart(self, name: str) -> None:
        """Ends the part if it still runs, starts it again and waits until it is ready.

        Raises PartFailed.
        """
        self._processes[name].end(patience=END_SECONDS)
        self.launch(name)
        deadline = time.monotonic() + START_SECONDS
        while not self._ready(self._part(name), deadline):
            time.sleep(POLL_SECONDS)

    def launch(self, name: str) -> None:
        """Starts the part, again or for the first time, without waiting for it."""
        part = self._part(name)
        process = Process(
            name,
            self.site.command(part),
            env=self.site.environment(part),
            log=self.data / "logs" / f"{name}.log",
            cwd=ROOT,
        )
        process.start(keep_open=[self._occupancy.descriptor])
        self._processes[name] = process
        pids = {each.name: each.pid for each in self._processes.values() if each.alive}
        self._occupancy.record(self.url, {known: pid for known, pid in pids.items() if pid})

    def ended(self) -> list[Process]:
        """The processes that should run and do not."""
        return [
            process
            for part in self._parts
            if not part.ends and not (process := self._processes[part.name]).alive
        ]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _part(self, name: str) -> Part:
        return next(part for part in self._parts if part.name == name)

    def _settle(self) -> None:
        ports = free_ports(port_names())
        if self._port is not None:
            require_free(self._port)
            ports["gateway"] = self._port
        self._site = Site(self.data, ports, credentials(self.data), self._databases, self._env)
        write_private(
            self.data / "nats" / "server.conf",
            configuration(
                passwords=self._site.secrets.nats,
                listen=f"{HOST}:{ports['nats']}",
                monitor=f"{HOST}:{ports['nats-monitor']}",
                store=str(self.data / "nats"),
            ),
        )

    def _bring_up(self, give_up: Callable[[], bool]) -> None:
        waiting = list(self._parts)
        starting: dict[str, float] = {}
        ready: set[str] = set()
        while waiting or starting:
            if give_up():
                raise GivenUp
            for part in [each for each in waiting if ready.issuperset(each.needs)]:
                waiting.remove(part)
                starting[part.name] = time.monotonic() + START_SECONDS
                self._progress(part.name, "starting")
                self.launch(part.name)
            for name, deadline in list(starting.items()):
                if self._ready(self._part(name), deadline):
                    del starting[name]
                    ready.add(name)
                    self._progress(name, "ready")
            time.sleep(POLL_SECONDS)

    def _ready(self, part: Part, deadline: float) -> bool:
        process = self._processes[part.name]
        code = process.exit_code  # asked once: it may end between two questions
        if part.ends and code == 0:
            return True
        if code is not None:
            raise PartFailed(process, f"ended with exit code {code}")
        if time.monotonic() > deadline:
            raise PartFailed(process, f"was not ready within {START_SECONDS:.0f} s")
        if part.port is None:
            return False
        return Probe(self.site.ports[part.probe_port or part.port], part.probe).answers()
