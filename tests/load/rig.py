"""What the jobs stand on: an installation of its own, its log filled or empty."""

import asyncio
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from contracts.case import CaseAdmitted
from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from contracts.mail import MailQueued
from contracts.streams import COMPLAINTS
from deploy.bearer_token import token_of, whose
from deploy.parts import ROOT
from deploy.ports import HOST, free_ports
from deploy.topology import Topology
from services.notifier.composing import Letter, Sender, compose
from services.notifier.rendering import Links, render
from services.notifier.so_far import CaseSoFar
from services.runtime.auth import Auth
from services.runtime.bus import Bus
from services.runtime.clock import utcnow
from services.runtime.events import EventStore
from tests.load.client import post
from tests.load.history import START, history, one_case
from tests.telling import GUEST, filed, mails
from tests.unlimited import UNLIMITED
from tests.waiting import eventually

DESCRIPTION = "Чехол для телефона выставлен в категории «Косметички». The category is wrong. "


DOMAINS = 16
TOKEN_CHARACTERS = 100


@contextmanager
def installation(*only: str) -> Iterator[Topology]:
    """A fresh installation of the parts named (all without a name), gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="redress-bench-") as folder,
        Topology(Path(folder), only=only or None, env=UNLIMITED) as topology,
    ):
        yield topology


async def fill(bus: Bus, cases: int) -> int:
    """Appends the history of that many cases; returns how many facts it has."""
    events = EventStore(bus, source="load")
    versions: dict[str, int] = {}
    facts = 0
    together: dict[str, asyncio.Task[int]] = {}

    async def settle() -> None:
        for subject, appended in together.items():
            versions[subject] = await appended
        together.clear()

    for aggregate, step in history(cases):
        if aggregate.subject in together or len(together) == 400:
            await settle()
        facts += len(step)
        append = events.append(
            aggregate,
            step,
            expected=versions.get(aggregate.subject, 0),
            meta=Meta(new_id(), START, "service:load", "load"),
        )
        together[aggregate.subject] = asyncio.create_task(append)
    await settle()
    return facts


async def file_directly(bus: Bus, wanted: int) -> None:
    """Appends that many complaints, each of which is answered with a receipt by mail."""
    events = EventStore(bus, source="load")
    for first in range(0, wanted, 400):
        filings = [filed(GUEST, name=new_id()) for _ in range(first, min(wanted, first + 400))]
        await asyncio.gather(
            *(
                events.append(
                    Aggregate(kind="complaint", id=each.complaint_id),
                    [each],
                    expected=0,
                    meta=Meta(new_id(), START, "service:load", "load"),
                )
                for each in filings
            )
        )


async def admitted_cases(bus: Bus, wanted: int, *, after: int = 0) -> list[str]:
    """Appends that many cases that wait for somebody to claim them; returns their ids when every
    reaction to them is done. `after` is how many there are already."""
    events = EventStore(bus, source="load")
    chance, now = random.Random(1), utcnow()

    async def admitted(place: int) -> str:
        steps = list(islice(one_case(place, chance), 2))
        case, opened = steps[1]
        opened.append(CaseAdmitted(by=MODERATOR.id, at=now, decide_due_at=now + timedelta(days=3)))
        for aggregate, facts in steps:
            meta = Meta(new_id(), now, "service:load", "load")
            await events.append(aggregate, facts, expected=0, meta=meta)
        return case.id

    ids: list[str] = []
    for first in range(after, after + wanted, 400):
        places = range(first + 1, min(after + wanted, first + 400) + 1)
        ids += await asyncio.gather(*map(admitted, places))
    await all_done(bus)
    return ids


async def all_done(bus: Bus) -> None:
    """Returns when nobody has anything left to do about what stands in the log."""

    async def done() -> bool:
        listed = await bus.api(f"CONSUMER.LIST.{COMPLAINTS.name}", {})
        consumers: list[dict[str, Any]] = listed["consumers"]
        return not any(each["num_pending"] or each["num_ack_pending"] for each in consumers)

    await eventually(done, timeout=120)


MODERATOR = whose("moderator", "")


def moderator_token(topology: Topology) -> str:
    env = topology.env("moderation")
    auth = Auth(
        secret_key=env["REDRESS_SECRET_KEY"], public_url=env["REDRESS_PUBLIC_URL"], clock=utcnow
    )
    return token_of(MODERATOR, auth)


def claims(url: str, cases: Iterable[str], token: str) -> Iterator[bytes]:
    """A request for each case that claims it."""
    for case in cases:
        yield post(f"{url}/api/v1/moderation/cases/{case}/claim", b"{}", token=token)


def rulings(url: str, cases: Iterable[str], token: str) -> Iterator[bytes]:
    """A request for each case that decides it."""
    said = {
        "outcome": "upheld",
        "facts": "The item is a case for a telephone. It was listed under cosmetics bags.",
        "restrictions": ["warning"],
    }
    body = json.dumps(said).encode()
    for case in cases:
        yield post(f"{url}/api/v1/moderation/cases/{case}/decide", body, token=token)


def receipts(wanted: int) -> Iterator[MailQueued]:
    """So many receipts to readers of many domains, as they stand in the log."""
    (receipt,) = mails(filed(GUEST), CaseSoFar(), filed(GUEST))
    for place in range(wanted):
        yield receipt.model_copy(
            update={
                "mail_id": new_id(),
                "to_address": f"reader{place}@shop{place % DOMAINS}.example",
                "queued_at": utcnow(),
            }
        )


def letter(mail: MailQueued) -> Letter:
    """The mail as the notifier sends it."""
    links = Links("http://127.0.0.1:8080", lambda *_: "0" * TOKEN_CHARACTERS)
    sender = Sender("Complaint Centre", "complaints@redress.localhost", "redress.localhost")
    return compose(mail, render(mail, links, brand=sender.name), sender)


async def queue_directly(bus: Bus, mails: Iterable[MailQueued]) -> None:
    """Appends the mails, so that nothing is left but to send them."""
    events = EventStore(bus, source="load")

    async def queue(mail: MailQueued) -> None:
        meta = Meta(mail.mail_id, mail.queued_at, "service:load", "load")
        aggregate = Aggregate(kind="mail", id=mail.mail_id)
        await events.append(aggregate, [mail], expected=0, meta=meta)

    waiting = list(mails)
    for first in range(0, len(waiting), 400):
        await asyncio.gather(*map(queue, waiting[first : first + 400]))


def complaints(url: str) -> Iterator[bytes]:
    """Requests that file complaints, each about another product, from another guest."""
    address = f"{url}/api/v1/complaints"
    for place in count(1):
        body = {
            "product_link": f"https://www.aliexpress.com/item/{1005009000000000 + place}.html",
            "reason": "SM3",
            "description": DESCRIPTION * 3,
            "email": f"buyer{place}@example.org",
            "name": "A Buyer",
            "language": "ru",
            "evidence": [],
            "good_faith": True,
        }
        yield post(address, json.dumps(body, ensure_ascii=False).encode())


@contextmanager
def process(
    module: str, *words: str, env: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[str]:
    """`python -m module words…`, until the block ends; yields its address when it listens there.

    It listens on `port`, which it is told otherwise, or on a free one that is its first word.
    """
    if port is None:
        port = free_ports(["it"])["it"]
        words = (str(port), *words)
    running = subprocess.Popen([sys.executable, "-m", module, *words], cwd=ROOT, env=env)
    try:
        while True:
            with suppress(ConnectionRefusedError), socket.create_connection((HOST, port)):
                break
            time.sleep(0.05)
        yield f"http://{HOST}:{port}"
    finally:
        running.terminate()
        running.wait(10)


@contextmanager
def another(topology: Topology, service: str) -> Iterator[str]:
    """One more process of a service that runs already, at the address yielded."""
    port = free_ports([service])[service]
    env = topology.env(service) | {"REDRESS_PORT": str(port), "REDRESS_LOG_LEVEL": "error"}
    with process(f"services.{service}", "serve", env=env, port=port) as address:
        yield address
