"""kill -9 of the notifier, the log and the mail server while mails go out: every mail arrives, and
what arrives twice is the same mail.

`REDRESS_FAULT_MAILS=5000` for the full number; the routine run sends fewer.
"""

import asyncio
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from deploy.topology import Topology
from tests.faults.test_kill_nine import as_moderator
from tests.load import rig
from tests.waiting import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]

MAILS = int(os.environ.get("REDRESS_FAULT_MAILS", "400"))
KILLED = ("notifier", "mailbox", "nats", "notifier")
SESSIONS = 8


def arrived(folder: Path) -> Counter[str]:
    """How often each Message-ID lies in the mailbox."""
    found: Counter[str] = Counter()
    for path in (folder / "new").glob("*"):
        message_id = re.search(rb"^Message-ID:\s*(\S+)", path.read_bytes(), re.M)
        assert message_id
        found[message_id[1].decode()] += 1
    return found


async def in_the_ledger(topology: Topology, state: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url=topology.address("notifier"), timeout=60) as client:
        query: dict[str, Any] = {"limit": 200, "state": state}
        while True:
            answer = await client.get("/api/v1/mails", params=query, headers=as_moderator(topology))
            page = answer.json()
            found += page["items"]
            if page["next"] is None:
                return found
            query["cursor"] = page["next"]


async def test_every_mail_arrives_whatever_is_killed_meanwhile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mailbox = tmp_path / "mail"
    with Topology(tmp_path, only=["notifier", "mailbox", "marketplace"]) as topology:
        async with rig.log_of(topology) as bus:
            await rig.file_directly(bus, MAILS)
        for place, name in enumerate(KILLED, start=1):
            enough = MAILS * place // (len(KILLED) + 1)
            await eventually(lambda: len(os.listdir(mailbox / "new")) >= enough, timeout=120)  # noqa: B023
            topology.kill(name)
            await asyncio.to_thread(topology.restart, name)
        await eventually(lambda: len(arrived(mailbox)) >= MAILS, timeout=300)

        async def written_down() -> bool:
            return len(await in_the_ledger(topology, "sent")) >= MAILS

        await eventually(written_down, timeout=120)
        copies = arrived(mailbox)
        sent = await in_the_ledger(topology, "sent")
        assert {mail["message_id"] for mail in sent} == set(copies)
        assert len(copies) == len(sent) == MAILS
        # Doubled only where a kill fell between the server's answer and the fact.
        doubled = copies.total() - MAILS
        assert doubled <= SESSIONS * len(KILLED)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{MAILS} mails over {len(KILLED)} kills: all arrived, {doubled} twice\n"
        )
