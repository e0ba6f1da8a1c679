"""Carries out `complaints.jsonl` against the installation that runs here.

It may be run again: every request has its own Idempotency-Key, so what was done stays as it is.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2 as httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from deploy.bearer_token import token_of, whose
from deploy.credentials import credentials
from deploy.demo.pictures import picture
from deploy.occupancy import running_on
from services.runtime.auth import Auth
from services.runtime.clock import utcnow

MODERATOR = "mia"
WAIT_SECONDS = 20.0

Sample = dict[str, Any]


class Stopped(Exception):
    """It cannot go on; the message is a sentence for whoever started it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("var/data"))
    data = parser.parse_args().data.resolve()
    console = Console(highlight=False)
    running = running_on(data)
    if running is None:
        console.print(f"Nothing runs on {data}. Start it first: make up", soft_wrap=True)
        return 1
    auth = Auth(secret_key=credentials(data).secret_key, public_url=running.url, clock=utcnow)
    wanted = samples()
    progress = Progress(
        TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn(), console=console
    )
    try:
        with progress, httpx.Client(base_url=running.url, timeout=30) as http:
            demo = Demo(http, auth, remembered=data / "demo.json")
            task = progress.add_task("", total=len(wanted) + sum(len(s["steps"]) for s in wanted))
            for told in demo.carry_out(wanted):
                progress.update(task, description=told, advance=1)
            progress.update(task, description="Done")
    except Stopped as stopped:
        console.print(str(stopped), markup=False, soft_wrap=True)
        return 1
    except httpx.TransportError as error:
        console.print(f"{running.url} does not answer ({error}). Is it still running?")
        return 1
    for note in demo.notes:
        console.print(note, markup=False, soft_wrap=True)
    console.print(
        f"\nModerators: {running.url}/moderation (sign in as mia)\n"
        f"Complainants and accused: {running.url}/center (ivan, layla, sunrise-store)\n"
        f"Mails: {running.url}/mail"
    )
    return 0


def samples() -> list[Sample]:
    """The complaints that are filed, in order, with what becomes of each."""
    lines = files("deploy.demo").joinpath("complaints.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


class Demo:
    """The samples as requests. `remembered` keeps the ids of pictures that were sent before."""

    def __init__(self, http: httpx.Client, auth: Auth, *, remembered: Path) -> None:
        self._http = http
        self._auth = auth
        self._remembered = remembered
        self._pictures: dict[str, str] = (
            json.loads(remembered.read_text()) if remembered.exists() else {}
        )
        self.notes: list[str] = []
        """Sentences about what was left as it is, because somebody else acted meanwhile."""

    def carry_out(self, samples: list[Sample]) -> Iterator[str]:
        """Files every complaint, then takes the cases as far as each sample tells."""
        receipts = {}
        for sample in samples:
            receipt = receipts[sample["key"]] = self._file(sample)
            yield f"{receipt['number']} filed"
        for sample in samples:
            if sample["steps"]:
                yield from self._take_on(sample, receipts[sample["key"]])

    def _file(self, sample: Sample) -> dict[str, Any]:
        body = {
            "product_link": sample["link"],
            "reason": sample["reason"],
            "description": sample["text"],
            "language": sample["language"],
            "evidence": self._evidence(sample, f"{sample['key']}"),
            "good_faith": True,
            **sample.get("guest", {}),
        }
        key = f"demo-complaint-{sample['key']}"
        return self._post("/api/v1/complaints", body, key=key, member=sample.get("member"))

    def _take_on(self, sample: Sample, receipt: dict[str, Any]) -> Iterator[str]:
        member = sample.get("member")
        filed = self._until(
            receipt["status_url"], member, lambda complaint: complaint["case"] is not None
        )
        case = filed["case"]["id"]
        path = f"/api/v1/moderation/cases/{case}"
        for number, step in enumerate(sample["steps"]):
            name = step["do"]
            key = f"demo-{sample['key']}-{number}-{name}"
            try:
                if name == "answer":
                    self._answer(case, step, key)
                    self._until(path, MODERATOR, lambda case: bool(case["answers"]))
                    # Answering may have taken longer than the moderator's claim lasts.
                    self._post(f"{path}/claim", {}, key=f"{key}-claim", member=MODERATOR)
                else:
                    self._post(f"{path}/{name}", step.get("body", {}), key=key, member=MODERATOR)
            except Refused as refused:
                self.notes.append(f"{filed['case']['number']} is left as it is: {refused}")
            yield f"{filed['case']['number']} {name.replace('-', ' ')}"

    def _answer(self, case: str, step: Sample, key: str) -> None:
        body = {"text": step["text"], "evidence": self._evidence(step, key)}
        url = f"/api/v1/cases/{case}/counter-notice"
        self._post(url, body, key=key, member=step["member"])

    def _evidence(self, sample: Sample, key: str) -> list[str]:
        if not (lines := sample.get("picture")):
            return []
        if key not in self._pictures:
            file = {"file": ("photo.png", picture(lines), "image/png")}
            taken = self._ask("POST", "/api/v1/evidence", sample.get("member"), files=file)
            self._pictures[key] = taken["id"]
            self._remembered.write_text(json.dumps(self._pictures, indent=2) + "\n")
        return [self._pictures[key]]

    def _until(
        self, url: str, member: str | None, condition: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """What stands at `url` once the condition holds. Raises Stopped after 20 s."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition(found := self._ask("GET", url, member)):
            if time.monotonic() > deadline:
                raise Stopped(f"{url} did not come to what was expected within {WAIT_SECONDS} s.")
            time.sleep(0.05)
        return found

    def _post(
        self, url: str, body: dict[str, Any], *, key: str, member: str | None
    ) -> dict[str, Any]:
        return self._ask("POST", url, member, json=body, headers={"Idempotency-Key": key})

    def _ask(self, method: str, url: str, member: str | None, **how: Any) -> dict[str, Any]:
        """Raises Refused on a conflict, Stopped on any other refusal."""
        headers = how.pop("headers", {})
        if member:
            headers["Authorization"] = f"Bearer {token_of(whose('', member), self._auth)}"
        response = self._http.request(method, url, headers=headers, **how)
        if response.status_code == 409:
            raise Refused(response.json()["detail"])
        if response.is_error:
            raise Stopped(f"{method} {url} was refused ({response.status_code}): {response.text}")
        answer: dict[str, Any] = response.json()
        return answer


class Refused(Exception):
    """Not possible in the state that the case is in."""


if __name__ == "__main__":
    sys.exit(main())
