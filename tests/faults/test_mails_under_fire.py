"""kill -9 of the notifier, the log, the database and the mail server while mails go out: every mail
arrives, and what arrives twice is the same mail.

`REDRESS_FAULT_MAILS=5000` for the full number; the routine run sends fewer.
"""

import asyncio
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from deploy.topology import Topology
from services.notifier.app import WAITING
from tests.faults.test_kill_nine import as_moderator
from tests.load import rig
from tests.log import log_of
from tests.servers import PostgresCluster, postgresql_binaries
from tests.waiting import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]

MAILS = int(os.environ.get("REDRESS_FAULT_MAILS", "250"))
KILLED = ("notifier", "mailbox", "nats", "sql") * (2 if MAILS >= 1000 else 1)
IN_HAND = 8 * WAITING
"""So many mails may be accepted and not yet written down when the kill falls."""


class Arrived:
    """The mails that lie in the mailbox: how often each Message-ID, and in how many forms."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "new"
        self._read: set[str] = set()
        self.copies: Counter[str] = Counter()
        self.forms: dict[str, set[bytes]] = {}

    def files(self) -> int:
        return len(os.listdir(self._folder))

    def different(self) -> int:
        for name in set(os.listdir(self._folder)) - self._read:
            self._read.add(name)
            content = (self._folder / name).read_bytes()
            found = re.search(rb"^Message-ID:\s*(\S+)", content, re.M)
            assert found
            message_id = found[1].decode()
            self.copies[message_id] += 1
            self.forms.setdefault(message_id, set()).add(sha256(content).digest())
        return len(self.copies)


@pytest.fixture
def postgres() -> Iterator[PostgresCluster | None]:
    """None where there is no PostgreSQL: then the database is a file, and dies with its service."""
    binaries = postgresql_binaries()
    if binaries is None:
        yield None
        return
    cluster = PostgresCluster(binaries)
    cluster.start()
    yield cluster
    cluster.stop()


async def in_the_ledger(topology: Topology, state: str, *, limit: int = 0) -> list[dict[str, Any]]:
    """The mails in that state; not many more than `limit`, where there is one."""
    found: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url=topology.address("notifier"), timeout=60) as client:
        query: dict[str, Any] = {"limit": 200, "state": state}
        while True:
            answer = await client.get("/api/v1/mails", params=query, headers=as_moderator(topology))
            page = answer.json()
            found += page["items"]
            if page["next"] is None or 0 < limit <= len(found):
                return found
            query["cursor"] = page["next"]


async def test_every_mail_arrives_whatever_is_killed_meanwhile(
    tmp_path: Path, postgres: PostgresCluster | None, capsys: pytest.CaptureFixture[str]
) -> None:
    databases = {"notifier": await postgres.fresh()} if postgres else {}
    arrived = Arrived(tmp_path / "mail")
    parts = ["notifier", "mailbox", "marketplace"]
    with Topology(tmp_path, only=parts, databases=databases) as topology:
        async with log_of(topology) as bus:
            filing = asyncio.create_task(rig.file_directly(bus, MAILS))
            for place, name in enumerate(KILLED, start=1):
                enough = MAILS * place // (len(KILLED) + 1)
                await eventually(lambda: arrived.files() >= enough, timeout=240)  # noqa: B023
                if name == "nats":
                    await filing  # who files is not what this is about
                if name != "sql":
                    topology.kill(name)
                    await asyncio.to_thread(topology.restart, name)
                elif postgres is not None:
                    postgres.kill()
                    await asyncio.to_thread(postgres.again)
        await eventually(lambda: arrived.different() >= MAILS, timeout=300)

        async def written_down() -> bool:
            waiting = [await in_the_ledger(topology, s, limit=1) for s in ("queued", "deferred")]
            return not any(waiting)

        await eventually(written_down, timeout=120)
        sent = await in_the_ledger(topology, "sent")
    assert {mail["message_id"] for mail in sent} == set(arrived.copies)
    assert len(arrived.copies) == len(sent) == MAILS
    # Doubled only where a kill fell between the server's answer and the fact.
    doubled = arrived.copies.total() - MAILS
    assert doubled <= IN_HAND * len(KILLED)
    assert all(len(forms) == 1 for forms in arrived.forms.values())
    with capsys.disabled():
        sys.stdout.write(
            f"\n{MAILS} mails over {len(KILLED)} kills: all arrived, {doubled} twice, "
            "each the same mail\n"
        )
