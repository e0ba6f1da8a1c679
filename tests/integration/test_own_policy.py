"""A marketplace with a policy of its own: what the service decides and says comes from its file."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deploy.topology import Topology
from services.moderation.policy import DATA
from tests.moderation_house import (
    IVAN,
    LAYLA,
    MIA,
    House,
    MovedClock,
    moderation,
    new_product,
    sqlite,
)

pytestmark = pytest.mark.anyio

OURS = {
    "version": "ours-1",
    "trusted_flaggers": ["member:ivan"],
    "triage_trusted_flagger": {"hours": 6},
    "information": {"working_days": 3},
    "freeze_days": [5],
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(json.loads(DATA.read_text()) | OURS))
    with Topology(tmp_path, only=["streams", "marketplace"]) as topology:
        async with moderation(
            topology, database_url=sqlite(tmp_path), clock=MovedClock(), policy=file
        ) as running:
            yield running


async def test_a_trusted_flaggers_case_comes_first_and_is_due_as_the_file_says(
    house: House,
) -> None:
    trusted = await house.case_of(await house.intake.file(IVAN, product_id=new_product()))
    other = await house.case_of(await house.intake.file(LAYLA, product_id=new_product()))
    listed = await house.get("/moderation/cases", MIA, queue="trusted-flagger")
    assert [each["id"] for each in listed["items"]] == [trusted]
    case = await house.get(f"/moderation/cases/{trusted}", MIA)
    assert case["policy_version"] == "ours-1"
    due, opened = (datetime.fromisoformat(case[name]) for name in ("due_at", "opened_at"))
    assert due - opened == timedelta(hours=6)
    assert not (await house.get(f"/moderation/cases/{other}", MIA))["trusted_flagger"]


async def test_a_freeze_that_the_file_does_not_know_is_refused(house: House) -> None:
    _, case_id = await house.under_review()
    refused = await house.send(
        case_id,
        "decide",
        status=422,
        outcome="upheld",
        facts="It is a fake.",
        measures=[{"kind": "account_frozen", "days": 7}],
    )
    assert "5" in refused["errors"][0]["message"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Time to answer: 3 working days."),
        ("ru", "Время на ответ: 3 рабочих дня."),
        ("ar", "مهلة الإجابة: 3 أيام عمل."),
    ],
)
async def test_the_console_tells_the_files_lengths(house: House, language: str, said: str) -> None:
    _, case_id = await house.under_review()
    page = await house.http.get(
        f"/moderation/cases/{case_id}",
        params={"after": house.written, "lang": language},
        headers=house.headers(MIA),
    )
    assert said in page.text
    assert 'value="5"' in page.text
    assert 'value="14"' not in page.text
