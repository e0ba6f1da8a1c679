"""Queues, search, the next case, bulk actions, saved queues, audit, exports, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.topology import Topology
from tests.moderation_house import (
    MIA,
    SVEN,
    House,
    MovedClock,
    moderation,
    new_product,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    with Topology(tmp_path, only=["streams", "marketplace"]) as topology:
        async with moderation(topology, database_url=database_url, clock=MovedClock()) as running:
            yield running


async def test_a_moderators_day(house: House) -> None:
    """One house for all of it: starting one takes longer than all that is asked of it."""
    product = new_product()
    filed = await house.intake.file(product_id=product, description="Чехлы стоят среди косметичек")
    other = await house.intake.file(product_id=new_product(), description="An imitation of Nike")
    arabic = await house.intake.file(product_id=new_product(), description="الحقيبة مقلّدة")
    ids = [await house.case_of(each) for each in (filed, other, arabic)]

    # Words are found in any form, in three languages; numbers too.
    async def found(words: str) -> list[str]:
        page = await house.get("/moderation/cases", MIA, q=words)
        return [each["id"] for each in page["items"]]

    assert await found("чехлами") == [ids[0]]
    assert await found("imitations") == [ids[1]]
    assert await found("حقيبة") == [ids[2]]
    assert await found(filed.number) == [ids[0]]
    assert await found("nothing like it") == []

    # Of two who ask for the next case at once, each gets another.
    answers = await asyncio.gather(
        *(
            house.http.post("/api/v1/moderation/next", headers=house.headers(who))
            for who in (MIA, SVEN)
        )
    )
    claimed = [answer.json()["id"] for answer in answers]
    assert len(set(claimed)) == 2
    assert set(claimed) <= set(ids)
    house.written = max(answer.json()["sequence"] for answer in answers)

    # A query is kept under a name.
    saved = await house.http.put(
        "/api/v1/moderation/saved-queues/Mine in Russian",
        params={"language": "ru"},
        headers=house.headers(MIA),
    )
    assert saved.status_code == 200, saved.text
    kept = await house.get("/moderation/saved-queues", MIA)
    assert [(each["name"], each["query"]) for each in kept] == [("Mine in Russian", "language=ru")]
    assert await house.get("/moderation/saved-queues", SVEN) == []

    # A bulk action settles case by case: what another holds is refused and told so.
    await house.get("/moderation/cases", MIA)  # which waits for the claims
    wanted: dict[str, Any] = {"command": "admit", "body": {}, "query": "queue=new"}
    preview = await house.http.post(
        "/api/v1/moderation/bulk/preview", json=wanted, headers=house.headers(MIA)
    )
    assert (preview.json()["total"], preview.json()["possible"]) == (3, 2)
    headers = house.headers(MIA) | {"Idempotency-Key": "one"}
    started = await house.http.post("/api/v1/moderation/bulk", json=wanted, headers=headers)
    assert started.status_code == 202, started.text
    again = await house.http.post("/api/v1/moderation/bulk", json=wanted, headers=headers)
    assert again.json()["id"] == started.json()["id"]
    bulk = await house.eventually(
        lambda: house.get(f"/moderation/bulk/{started.json()['id']}", MIA),
        lambda read: read["finished_at"] is not None,
    )
    assert (bulk["done"], bulk["refused"]) == (2, 1)
    assert next(e["reason"] for e in bulk["settled"] if e["outcome"] == "refused")

    # Who saw what is in the audit, and lists go out as files of any length.
    await house.get(f"/moderation/cases/{ids[0]}", MIA)
    audit = await house.eventually(
        lambda: house.get("/moderation/audit", SVEN, case=ids[0]),
        lambda read: any(not each["deed"] for each in read["items"]),
    )
    assert {"mia"} <= {each["by"] for each in audit["items"]}
    for form in ("csv", "jsonl"):
        file = await house.http.get(
            "/api/v1/moderation/export", params={"format": form}, headers=house.headers(MIA)
        )
        assert len(file.text.splitlines()) == 3 + (form == "csv")
    figures = await house.get("/moderation/figures", MIA)
    assert sum(each["total"] for each in figures["open"]) == 3
