"""What is told to machines outside: records to the Transparency Database (DSA, Art. 24(5)) and
webhooks to the marketplace."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.ids import derived_id
from deploy.topology import Topology
from services.moderation.outgoing import item
from tests.far_sides import (
    SECRET,
    TOKEN,
    Hooks,
    TransparencyDatabase,
    transparency_database,
    webhook_endpoint,
)
from tests.moderation_house import (
    MIA,
    SVEN,
    House,
    MovedClock,
    moderation,
    new_product,
    sqlite,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    with Topology(tmp_path_factory.mktemp("moderation"), only=["streams", "marketplace"]) as house:
        yield house


@dataclass
class Outside:
    house: House
    database: TransparencyDatabase
    hooks: Hooks

    async def decided(self, **decision: Any) -> str:
        house = self.house
        filed = await house.intake.file(product_id=new_product())
        case_id = await house.case_of(filed)
        await house.send(case_id, "admit")
        await house.send(case_id, "claim")
        said = {
            "outcome": "upheld",
            "facts": "It stands in Cosmetic bags.",
            "restrictions": ["listing_hidden"],
        }
        await house.send(case_id, "decide", **(said | decision))
        return case_id

    async def told(self, case_id: str, channel: str, state: str) -> Any:
        """The only message of the case in this channel, once it is in this state."""

        async def read() -> Any:
            page = await self.house.get("/moderation/outgoing", MIA, channel=channel, limit=200)
            return [each for each in page["items"] if each["case_id"] == case_id]

        found = await self.house.eventually(
            read, lambda items: any(each["state"] == state for each in items)
        )
        return next(each for each in found if each["state"] == state)


@pytest.fixture
async def outside(
    topology: Topology, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Outside]:
    async with transparency_database() as database, webhook_endpoint() as hooks:
        monkeypatch.setenv("REDRESS_TRANSPARENCY_URL", database.url)
        monkeypatch.setenv("REDRESS_TRANSPARENCY_TOKEN", TOKEN)
        monkeypatch.setenv("REDRESS_WEBHOOK_URL", hooks.url)
        monkeypatch.setenv("REDRESS_WEBHOOK_SECRET", SECRET)
        monkeypatch.setattr(item, "BACK_OFF", item.BACK_OFF[:1] * 2)
        async with moderation(topology, database_url=sqlite(tmp_path), clock=MovedClock()) as house:
            yield Outside(house, database, hooks)


async def test_a_restriction_is_recorded_with_every_field_and_nobody_in_it(
    outside: Outside,
) -> None:
    case_id = await outside.decided()
    told = await outside.told(case_id, "transparency", "delivered")
    record = outside.database.taken[told["document"]["puid"]]
    assert record == told["document"]
    assert record["decision_visibility"] == ["DECISION_VISIBILITY_CONTENT_DISABLED"]
    assert record["category_specification"] == ["KEYWORD_INAUTHENTIC_LISTINGS"]
    assert record["source_type"] == "SOURCE_ARTICLE_16"
    assert record["automated_detection"] == "No"
    assert len(record["territorial_scope"]) == 30
    assert "ivan" not in str(record).casefold()
    assert "sunrise" not in str(record).casefold()


async def test_a_measure_that_the_record_led_to_is_recorded_when_it_is_imposed(
    outside: Outside,
) -> None:
    """And what the decision itself imposed is told once, with the decision."""
    case_id = await outside.decided(
        findings=[{"reason": "PR2", "gravity": "serious"}], automated_detection=True
    )
    house = outside.house
    record = await house.eventually(
        lambda: house.get("/moderation/members/sunrise-store", SVEN),
        lambda r: any(m["case_id"] == case_id and m["threshold"] for m in r["measures"]),
    )
    [ladder] = [m for m in record["measures"] if m["case_id"] == case_id and m["threshold"]]
    path = f"/api/v1/moderation/members/sunrise-store/measures/{ladder['id']}/approve"
    approved = await house.http.post(path, headers=house.headers(SVEN))
    assert approved.status_code == 200, approved.text

    async def taken() -> Any:
        return outside.database.taken.get(ladder["id"])

    told = await house.eventually(taken, bool)
    assert told["decision_account"] == "DECISION_ACCOUNT_SUSPENDED"
    assert told["account_type"] == "ACCOUNT_TYPE_BUSINESS"
    assert "end_date_account_restriction" in told
    assert "decision_visibility" not in told
    assert told["automated_detection"] == "Yes"
    assert told["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY"
    assert "threshold" in told["decision_facts"]
    assert "Cosmetic bags" in told["decision_facts"]


async def test_automated_detection_is_not_told_the_wrong_way_round(outside: Outside) -> None:
    case_id = await outside.decided(automated_detection=True, automated_decision=True)
    told = await outside.told(case_id, "transparency", "delivered")
    assert told["document"]["automated_detection"] == "Yes"
    assert told["document"]["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY"


async def test_what_restricts_nothing_is_not_recorded(outside: Outside) -> None:
    case_id = await outside.decided(outcome="dismissed", restrictions=[])
    await outside.told(case_id, "webhook", "delivered")
    page = await outside.house.get("/moderation/outgoing", MIA, channel="transparency")
    assert case_id not in {each["case_id"] for each in page["items"]}


async def test_somebody_named_in_the_facts_is_not_sent_and_staff_word_it_anew(
    outside: Outside,
) -> None:
    case_id = await outside.decided(facts="ivan@example.com saw it among Cosmetic bags.")
    refused = await outside.told(case_id, "transparency", "refused")
    assert refused["errors"][0]["field"] == "decision_facts"
    assert refused["document"]["puid"] not in outside.database.taken
    path = f"/api/v1/moderation/outgoing/{refused['id']}/resend"
    headers = outside.house.headers(SVEN)
    for body in ({}, {"facts": "Call +49 170 1234567."}):
        again = await outside.house.http.post(path, json=body, headers=headers)
        assert again.status_code == 422, again.text
    mended = {"facts": "A buyer saw it among Cosmetic bags."}
    assert (await outside.house.http.post(path, json=mended, headers=headers)).status_code == 200
    await outside.told(case_id, "transparency", "delivered")
    assert outside.database.taken[refused["document"]["puid"]]["decision_facts"] == mended["facts"]


async def test_what_arrived_without_an_answer_is_asked_for_and_not_sent_twice(
    outside: Outside,
) -> None:
    outside.database.breaks_off = 1
    case_id = await outside.decided()
    told = await outside.told(case_id, "transparency", "delivered")
    puid = told["document"]["puid"]
    assert puid in outside.database.asked_for
    assert told["reason"] == "it was there already"
    assert outside.database.batches == [1]


async def test_while_the_database_is_busy_statements_wait(outside: Outside) -> None:
    outside.database.busy = 1
    case_id = await outside.decided()
    await outside.told(case_id, "transparency", "delivered")


async def test_an_error_of_the_database_is_kept_beside_its_field(outside: Outside) -> None:
    house = outside.house
    case_id = await house.case_of(await house.intake.file(product_id=new_product()))
    outside.database.taken[derived_id("decision", case_id)] = {}
    await house.send(case_id, "admit")
    await house.send(case_id, "claim")
    said: dict[str, Any] = {
        "outcome": "upheld",
        "facts": "Seen.",
        "restrictions": ["listing_hidden"],
    }
    await house.send(case_id, "decide", **said)
    dead = await outside.told(case_id, "transparency", "dead")
    good = await outside.decided()
    await outside.told(good, "transparency", "delivered")
    assert dead["errors"] == [{"field": "puid", "message": "The puid has already been taken."}]


async def test_the_marketplace_hears_of_decisions_and_measures_signed_and_of_no_complainant(
    outside: Outside,
) -> None:
    case_id = await outside.decided()
    await outside.told(case_id, "webhook", "delivered")
    await outside.house.eventually(
        _value(outside.hooks.received),
        lambda received: {"decision.taken", "measure.imposed"} <= {e["type"] for e in received},
    )
    decision = next(e for e in outside.hooks.received if e["type"] == "decision.taken")
    assert decision["data"]["member_id"] == "sunrise-store"
    assert decision["data"]["measures"][0]["kind"] == "listing_hidden"
    assert "ivan" not in str(outside.hooks.received).casefold()


async def test_a_webhook_that_fails_is_sent_again_with_the_same_id(outside: Outside) -> None:
    outside.hooks.failing = 1
    case_id = await outside.decided(outcome="dismissed", restrictions=[])
    told = await outside.told(case_id, "webhook", "delivered")
    assert outside.hooks.ids.count(told["id"]) == 2


async def test_a_webhook_dies_after_the_last_try_and_is_sent_again_by_hand(
    outside: Outside,
) -> None:
    outside.hooks.failing = 3
    case_id = await outside.decided(outcome="dismissed", restrictions=[])
    dead = await outside.told(case_id, "webhook", "dead")
    assert (dead["failures"], dead["reason"]) == (3, "answered 500")
    path = f"/api/v1/moderation/outgoing/{dead['id']}/resend"
    mia = await outside.house.http.post(path, headers=outside.house.headers(MIA))
    assert mia.status_code == 403
    sven = await outside.house.http.post(path, headers=outside.house.headers(SVEN))
    assert sven.status_code == 200, sven.text
    await outside.told(case_id, "webhook", "delivered")


def _value(received: list[Any]) -> Any:
    async def read() -> list[Any]:
        return received

    return read


async def test_the_yearly_report_counts_what_happened_in_its_period_and_nothing_else(
    outside: Outside,
) -> None:
    house = outside.house
    case_id = await outside.decided()
    await house.get(f"/moderation/cases/{case_id}", MIA)  # so that it is worked in
    today = f"{house.clock():%Y-%m-%d}"
    path = "/moderation/reports/transparency"
    now = await house.get(path, MIA, since=today, until=today)
    figures = {(f["section"], f["indicator"], f["category"]): f["value"] for f in now["figures"]}
    notices = "notices (Art. 15(1)(b))"
    assert figures[notices, "received", "SM"] >= 1
    assert figures[notices, "actions on the basis of the terms and conditions", "SM"] >= 1
    assert figures["restrictions (Art. 15(1)(b), Art. 17(1))", "listing hidden", "all"] >= 1
    before = await house.get(path, MIA, since="2020-01-01", until="2020-12-31")
    assert {f["value"] for f in before["figures"]} == {0, None}, "None: nobody has entered it"
    await house.get(path, MIA, since="2020-02-01", until="2020-01-01", status=422)
    table = await house.http.get(
        f"/api/v1{path}",
        params={"since": today, "until": today, "format": "csv"},
        headers=house.headers(MIA),
    )
    assert table.text.splitlines()[0] == "section,indicator,category,value,text,source"
    assert len(table.text.splitlines()) == len(now["figures"]) + 1
