"""`make bench [JOB=…]`: every job, a table, and `var/bench.json`.

A case is `{rate, p50_ms, p99_ms, limit, ratio}`: `limit` is the rate of the raw operation named in
the table, measured in the same run; `ratio` is the share of it that was reached.
"""

import argparse
import json
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from deploy.parts import ROOT
from tests.load.jobs import JOBS, Case


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("jobs", nargs="*", help=f"of {', '.join(JOBS)}; all without a name")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "bench.json")
    arguments = parser.parse_args()
    console = Console()
    results: dict[str, dict[str, Case]] = {}
    for name in arguments.jobs or JOBS:
        console.print(f"{name}: {JOBS[name].__doc__}", style="bold")
        results[name] = uvloop.run(JOBS[name]())
        console.print(table(name, results[name]))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(results, indent=2) + "\n")
    console.print(f"written to {arguments.out}")


def table(job: str, cases: dict[str, Case]) -> Table:
    shown = Table(title=job)
    for heading in ("case", "a second", "p50 ms", "p99 ms", "limit a second", "ratio"):
        shown.add_column(heading, justify="left" if heading == "case" else "right")
    for name, case in cases.items():
        figures = [case["rate"], case["p50_ms"], case["p99_ms"], case["limit"], case["ratio"]]
        shown.add_row(name, *("–" if figure is None else f"{figure:,.2f}" for figure in figures))
    return shown


if __name__ == "__main__":
    main()
