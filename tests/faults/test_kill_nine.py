"""Every part is killed at work (SIGKILL) and started again: no complaint is lost or doubled."""

import asyncio
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from contracts.codec import decode
from contracts.complaint import ComplaintFiled
from contracts.streams import COMPLAINTS
from deploy.bearer_token import token_of, whose
from deploy.topology import Topology
from services.runtime.auth import Auth
from services.runtime.clock import utcnow
from services.runtime.feed import Feed
from tests.log import log_of
from tests.unlimited import UNLIMITED
from tests.waiting import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

KILLED = ("moderation", "notifier", "nats", "intake", "mailbox")
"""In this order, because what a killed reaction had in hand comes again only after a minute."""
COMPLAINTS_EACH = 400
BEFORE_THE_KILL = 80
AT_ONCE = 32
PRODUCTS = 100
"""Complaints about the same product join one case."""


@dataclass
class Filing:
    """What was filed, by the complainant's address, and how often it had to be tried."""

    client: httpx.AsyncClient
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    troubles: Counter[str] = field(default_factory=Counter)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def file(self, number: int) -> None:
        """Files one complaint, as often as it takes to hear that it is accepted."""
        email = f"buyer{number}@example.org"
        body = {
            "product_link": f"https://aliexpress.com/item/{32700000001 + number % PRODUCTS}.html",
            "reason": "SM3",
            "description": f"Чехол выставлен в категории «Косметички». № {number}",
            "email": email,
            "name": f"Buyer {number}",
            "language": "ru",
            "evidence": [],
            "good_faith": True,
        }
        async with self.slots:
            while True:
                try:
                    answer = await self.client.post(
                        "/api/v1/complaints", json=body, headers={"Idempotency-Key": f"k-{number}"}
                    )
                except httpx.TransportError as error:
                    self.troubles[type(error).__name__] += 1
                    continue
                if answer.status_code == 201:
                    self.receipts[email] = answer.json()
                    return
                self.troubles[str(answer.status_code)] += 1
                assert answer.status_code in (502, 503), answer.text
                await asyncio.sleep(float(answer.headers.get("Retry-After", "0.1")))


async def file_while_killing(topology: Topology, name: str, filing: Filing, first: int) -> None:
    enough = len(filing.receipts) + BEFORE_THE_KILL
    numbers = range(first, first + COMPLAINTS_EACH)
    tasks = [asyncio.create_task(filing.file(number)) for number in numbers]
    await eventually(lambda: len(filing.receipts) >= enough, timeout=30)
    topology.kill(name)
    assert len(filing.receipts) < first + COMPLAINTS_EACH, "all was filed before the kill"
    await asyncio.to_thread(topology.restart, name)
    await asyncio.gather(*tasks)


async def in_the_log(topology: Topology) -> Counter[str]:
    """How often each complaint was filed, by its number."""
    found: Counter[str] = Counter()
    async with (
        log_of(topology) as bus,
        Feed(bus, COMPLAINTS.name, ["complaint.*.*"], after=0, batch=1000) as feed,
    ):
        while feed.pending != 0:
            for sequence, _, data in await feed.next():
                for fact in decode(data, sequence=sequence).facts:
                    if isinstance(fact, ComplaintFiled):
                        found[fact.number] += 1
    return found


def as_moderator(topology: Topology) -> dict[str, str]:
    auth = Auth(secret_key=topology.site.secrets.secret_key, public_url=topology.url, clock=utcnow)
    return {"Authorization": f"Bearer {token_of(whose('moderator', ''), auth)}"}


async def cases(topology: Topology, client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Every case in the queue."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] | None = {"limit": 100}
    while query:
        answer = await client.get(
            "/api/v1/moderation/cases", params=query, headers=as_moderator(topology)
        )
        page = answer.json()
        found += page["items"]
        query = {"limit": 100, "cursor": page["next"]} if page["next"] else None
    return found


async def joined(topology: Topology, client: httpx.AsyncClient) -> bool:
    """Whether as many complaints as were filed have become part of a case."""
    there: int = sum(case["complaints"] for case in await cases(topology, client))
    return there >= len(KILLED) * COMPLAINTS_EACH


async def in_the_cases(topology: Topology, client: httpx.AsyncClient) -> Counter[str]:
    """How often moderators see each complaint, by its number."""
    found: Counter[str] = Counter()
    for case in await cases(topology, client):
        address = f"/api/v1/moderation/cases/{case['id']}"
        shown = (await client.get(address, headers=as_moderator(topology))).json()
        found.update(each["number"] for each in shown["complainants"])
    return found


def in_the_mailbox(folder: Path) -> dict[str, Counter[str]]:
    """The Message-IDs of the mails to each address, with how often each arrived."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for path in folder.glob("new/*"):
        head = path.read_bytes().partition(b"\r\n\r\n")[0].decode()
        to = re.search(r"^To:.*?(buyer\d+@example\.org)", head, re.M | re.S)
        message_id = re.search(r"^Message-ID:\s*(\S+)", head, re.M | re.I)
        assert to, head
        assert message_id, head
        found[to[1]][message_id[1]] += 1
    return found


async def test_what_was_acknowledged_is_there_once_whatever_was_killed_meanwhile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Topology(tmp_path, env=UNLIMITED) as topology:
        async with httpx.AsyncClient(base_url=topology.url, timeout=30) as client:
            filing = Filing(client)
            for place, name in enumerate(KILLED):
                await file_while_killing(topology, name, filing, place * COMPLAINTS_EACH)
            numbers = {receipt["number"] for receipt in filing.receipts.values()}
            assert len(numbers) == len(filing.receipts) == len(KILLED) * COMPLAINTS_EACH

            assert await in_the_log(topology) == Counter(numbers)

            await eventually(lambda: joined(topology, client), timeout=90)
            assert await in_the_cases(topology, client) == Counter(numbers)
            for receipt in list(filing.receipts.values())[::50]:
                shown = await client.get(
                    receipt["status_url"], headers={"Authorization": f"Bearer {receipt['token']}"}
                )
                assert shown.json()["number"] == receipt["number"]

            mailbox = tmp_path / "mail"
            await eventually(lambda: len(list(mailbox.glob("new/*"))) >= len(numbers), timeout=90)
            await eventually(lambda: len(in_the_mailbox(mailbox)) == len(numbers), timeout=30)
            mails = in_the_mailbox(mailbox)
            assert set(mails) == set(filing.receipts)
            # A mail is doubled only when the kill fell between the mailbox's answer and the fact
            # that tells of it; then it is the same mail, and mail programs show it once.
            assert all(len(message_ids) == 1 for message_ids in mails.values())
            doubled = sum(each.total() - 1 for each in mails.values())
            assert topology.ended() == []
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(numbers)} complaints filed over {len(KILLED)} kills: each in the log once, in"
            f" a case once, mailed once; {doubled} mails doubled; tries that failed:"
            f" {dict(filing.troubles)}\n"
        )
