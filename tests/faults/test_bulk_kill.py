"""Moderation is killed (SIGKILL) in the middle of a bulk action: every case is settled once, and
what came of each is told."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from contracts.envelope import Aggregate
from contracts.streams import STAFF
from deploy.bearer_token import token_of, whose
from deploy.topology import Topology
from services.runtime.auth import Auth
from services.runtime.bus import Bus
from services.runtime.clock import utcnow
from services.runtime.events import EventStore
from tests.moderation_house import MovedClock, admin_bus, intake_of, new_product
from tests.waiting import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

CASES = 100
WANTED = {"command": "declare-inadmissible", "body": {"explanation": "Of another house."}}


class Console:
    """What a moderator's program asks of the service."""

    def __init__(self, topology: Topology, http: httpx.AsyncClient) -> None:
        site = topology.site
        auth = Auth(secret_key=site.secrets.secret_key, public_url=topology.url, clock=utcnow)
        self._http = http
        self._headers = {"Authorization": f"Bearer {token_of(whose('moderator', ''), auth)}"}

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self._http.get(
            f"/api/v1/moderation{path}", params=params, headers=self._headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self._http.post(
            f"/api/v1/moderation{path}", json=body, headers=self._headers
        )
        assert answer.status_code in (200, 202), answer.text
        return answer.json()

    async def cases(self) -> list[str]:
        found: list[str] = []
        page: dict[str, Any] = {"next": ""}
        while page["next"] is not None:
            more = {"cursor": page["next"]} if page["next"] else {}
            page = await self.get("/cases", limit=100, **more)
            found += [each["id"] for each in page["items"]]
        return found


async def settled(events: EventStore, bulk_id: str) -> list[Any]:
    history = await events.read(Aggregate(kind="staff", id=bulk_id))
    return [fact for fact in history.facts if fact.type == "BulkCaseSettled"]


async def test_every_case_is_settled_once_and_its_outcome_told(tmp_path: Path) -> None:
    with Topology(tmp_path, only=["moderation", "marketplace"]) as topology:
        async with (
            intake_of(topology, MovedClock()) as intake,
            admin_bus(topology) as bus,
            httpx.AsyncClient(base_url=topology.address("moderation"), timeout=30) as http,
        ):
            console, log = Console(topology, http), EventStore(bus, source="tests")
            await asyncio.gather(*(intake.file(product_id=new_product()) for _ in range(CASES)))

            async def all_are_opened() -> bool:
                return len(await console.cases()) == CASES

            await eventually(all_are_opened, timeout=30)
            ids = await console.cases()
            started = await console.post("/bulk", query="", **WANTED)
            bulk_id = started["id"]

            async def begun() -> bool:
                return len(await settled(log, bulk_id)) > 0

            await eventually(begun)
            topology.kill("moderation")
            done_before = len(await settled(log, bulk_id))
            assert 0 < done_before < CASES, "the kill came too late"
            await come_again_at_once(bus)
            await asyncio.to_thread(topology.restart, "moderation")

            async def finished() -> bool:
                return (await console.get(f"/bulk/{bulk_id}"))["finished_at"] is not None

            await eventually(finished, timeout=30)
            told = await console.get(f"/bulk/{bulk_id}")
            assert Counter(each["case_id"] for each in told["settled"]) == Counter(ids)
            assert {each["outcome"] for each in told["settled"]} == {"done"}
            everything = await settled(log, bulk_id)
            assert Counter(fact.case_id for fact in everything) == Counter(ids)
            for case_id in ids:
                history = await log.read(Aggregate(kind="case", id=case_id))
                kinds = [fact.type for fact in history.facts]
                assert kinds == ["CaseOpened", "ComplaintJoined", "CaseDeclaredInadmissible"]


async def come_again_at_once(bus: Bus) -> None:
    """What the dead process had in hand would come again after half a minute only."""
    await bus.api(f"CONSUMER.DELETE.{STAFF.name}.moderation-bulk", {})
