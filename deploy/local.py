"""`make up`: everything on this machine as native processes, until Ctrl-C."""

import argparse
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.marketplace.people import PEOPLE
from deploy.occupancy import AlreadyRunning
from deploy.ports import PortTaken, free_ports
from deploy.processes import Process
from deploy.topology import GivenUp, PartFailed, Topology

PLACES = (
    ("Start page", "/"),
    ("File a complaint", "/complaints/new"),
    ("Complaint Center", "/center"),
    ("Moderation console", "/moderation"),
    ("Mails sent", "/mail"),
    ("Support chat, its desk", "/chat  /desk"),
    ("Demo marketplace", "/marketplace/"),
    ("API", "/intake/docs  /moderation/docs  /notifier/docs  /chat/docs"),
)

LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A part that ran this long before it ended is started again at once."""


def main() -> int:
    arguments = _arguments()
    console = Console(highlight=False)
    if not 1 <= arguments.port <= 65_535:
        return _refuse(console, f"{arguments.port} is no port: those are 1 to 65535.")
    asked_to_end = threading.Event()

    def end(signum: int, frame: FrameType | None) -> None:
        asked_to_end.set()

    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, end)

    shown = _Shown(console)
    topology = Topology(arguments.data, port=arguments.port, progress=shown.update)
    try:
        with shown:
            topology.start(give_up=asked_to_end.is_set)
    except GivenUp:
        console.print("Ended before everything was up.")
        return 0
    except PortTaken as taken:
        other = free_ports(["other"])["other"]
        return _refuse(console, f"{taken} Choose another: make up PORT={other}")
    except AlreadyRunning as already:
        return _refuse(
            console,
            f"{already}. End it with Ctrl-C there, or choose another place: "
            "make up DATA=var/other PORT=8081",
        )
    except PartFailed as failed:
        _tell_failure(console, failed)
        return 1
    except OSError as error:
        return _refuse(console, f"Cannot use {arguments.data} or port {arguments.port}: {error}")

    _tell_addresses(console, topology)
    try:
        _Keeper(topology, console).keep(asked_to_end)
    finally:
        console.print("Ending …")
        topology.stop()
    console.print(f"Ended. What was filed is kept in {escape(str(arguments.data))}.")
    return 0


class _Shown:
    """The parts as they come up: a line each, with a spinner where there is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began: dict[str, float] = {}
        self._lines: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description:<20}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def update(self, part: str, state: str) -> None:
        if state == "starting":
            self._began[part] = time.monotonic()
            self._lines[part] = self._progress.add_task(part, total=1)
            return
        self._progress.update(self._lines[part], completed=1)
        if not self._console.is_terminal:
            took = time.monotonic() - self._began[part]
            self._console.print(f"{part:<20} ready after {took:.1f} s")

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


class _Keeper:
    """Starts again what ended by itself: at once, then later and later."""

    def __init__(self, topology: Topology, console: Console) -> None:
        self._topology = topology
        self._console = console
        self._due: dict[str, float] = {}
        self._pauses: dict[str, float] = {}
        self._started: dict[str, float] = {}

    def keep(self, asked_to_end: threading.Event) -> None:
        while not asked_to_end.wait(0.25):
            now = time.monotonic()
            for process in self._topology.ended():
                if process.name not in self._due:
                    self._due[process.name] = now + self._pause(process, now)
                elif now >= self._due[process.name]:
                    del self._due[process.name]
                    self._started[process.name] = now
                    self._topology.launch(process.name)

    def _pause(self, process: Process, now: float) -> float:
        steady = now - self._started.get(process.name, 0.0) > STEADY_SECONDS
        pause = (
            0.0
            if steady
            else min(LONGEST_PAUSE_SECONDS, self._pauses.get(process.name, 0.0) * 2 + 0.5)
        )
        self._pauses[process.name] = pause
        when = f"in {pause:.1f} s" if pause else "now"
        self._console.print(
            f"[red]{process.name} ended by itself[/] (exit code {process.exit_code}); "
            f"it is started again {when}. Its last lines ({escape(str(process.log))}):\n"
            f"[dim]{escape(process.last_lines())}[/]"
        )
        return pause


def _tell_addresses(console: Console, topology: Topology) -> None:
    places = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, path in PLACES:
        places.add_row(name, "  ".join(topology.url + each for each in path.split()))
    people = Table(title="Demo people: choose one at sign-in", title_justify="left", box=None)
    for column in ("id", "name", "language", "roles"):
        people.add_column(column, justify="left")
    for person in PEOPLE:
        people.add_row(person.id, person.name, person.language, ", ".join(sorted(person.roles)))
    console.print("\n[bold green]Everything is up.[/]\n", places, "", people, "", sep="\n")
    console.print(
        f"Data and logs: {escape(str(topology.data))}\n"
        "More to look at: make demo     A token for the API: make token ROLE=moderator\n"
        "Ctrl-C ends everything; what was filed stays."
    )


def _tell_failure(console: Console, failed: PartFailed) -> None:
    console.print(f"[red]{failed}.[/] Its last lines ({escape(str(failed.log))}):")
    console.print(escape(failed.tail) or "(it wrote nothing)", style="dim")
    console.print("Everything else was ended again.")


def _refuse(console: Console, sentence: str) -> int:
    console.print(sentence, markup=False, soft_wrap=True)
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make up", description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--data", type=Path, default=Path("var/data"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
