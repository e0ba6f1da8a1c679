"""A whole case in time: filed, lapsed, proposed, approved, appealed against, overturned, closed.
And what it does to the member's record meanwhile. R36."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from contracts.member import member_key
from contracts.response import AppealLodged, ExtensionRequested
from deploy.topology import Topology
from services.runtime.auth import Principal
from tests.moderation_house import (
    IVAN,
    LAYLA,
    MIA,
    OLGA,
    SUNRISE,
    SVEN,
    House,
    MovedClock,
    moderation,
    new_product,
    sqlite,
)

SARA = Principal("staff", "sara", "Sara", roles=frozenset({"senior_moderator"}))
pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)
FREEZE: dict[str, Any] = {
    "outcome": "upheld",
    "facts": "The goods are fakes of a brand.",
    "findings": [{"reason": "PR2", "gravity": "serious"}],
    "restrictions": ["listing_removed"],
    "measures": [{"kind": "account_frozen", "days": 30}],
}


@pytest.fixture(scope="module")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    with Topology(
        tmp_path_factory.mktemp("moderation"), only=["streams", "marketplace"]
    ) as started:
        yield started


@pytest.fixture
async def house(topology: Topology, tmp_path: Path) -> AsyncIterator[House]:
    clock = MovedClock()
    async with moderation(topology, database_url=sqlite(tmp_path), clock=clock) as running:
        yield running


async def case_at(house: House, case_id: str, holds: Callable[[Any], bool]) -> Any:
    return await house.eventually(lambda: house.get(f"/moderation/cases/{case_id}", MIA), holds)


async def in_state(house: House, case_id: str, state: str) -> Any:
    return await case_at(house, case_id, lambda case: case["state"] == state)


async def record_of(house: House, member: str, holds: Callable[[Any], bool]) -> Any:
    return await house.eventually(lambda: house.get(f"/moderation/members/{member}", SVEN), holds)


async def respond(house: House, case_id: str, who: Principal, fact: Any) -> None:
    """What intake writes when a party says something about a case."""
    aggregate = Aggregate(kind="response", id=case_id)
    events = house.intake.events
    history = await events.read(aggregate)
    command = new_id()
    meta = Meta(id=command, time=house.clock(), actor=who.actor, correlation=command)
    await events.append(aggregate, [fact], expected=history.version, meta=meta)


def appeal_of(case: Any, house: House, *, by: str = "accused") -> AppealLodged:
    accused = by == "accused"
    return AppealLodged(
        appeal_id=new_id(),
        case_id=case["id"],
        decision_id=case["decision"]["id"],
        appellant="accused" if accused else "complainant",
        complaint_id=None if accused else case["complainants"][0]["id"],
        by=SUNRISE.id if accused else IVAN.actor,
        text="It was not so.",
        language="en",
        lodged_at=house.clock(),
    )


async def test_r36_from_filing_to_the_close_every_consequence_follows_and_is_undone(
    house: House,
) -> None:
    clock = house.clock
    clock.offset = -400 * DAY
    case_id = await house.case_of(await house.intake.file(product_id=new_product(), reason="PR2"))
    await house.send(case_id, "admit")
    await house.send(case_id, "claim")
    await house.send(case_id, "request-counter-notice", allegation="The goods are fakes.")
    clock.offset += 8 * DAY
    await in_state(house, case_id, "counter_notice_lapsed")

    await house.send(case_id, "claim")
    await house.send(case_id, "decide", **FREEZE)
    proposed = await in_state(house, case_id, "decision_proposed")
    assert proposed["decision"] is None
    await house.send(case_id, "approve", MIA, status=403)
    await house.send(case_id, "approve", SVEN)
    decided = await in_state(house, case_id, "decided")
    assert decided["decision"]["by"] == "sven"

    record = await record_of(house, SUNRISE.id, lambda r: len(r["measures"]) == 3)
    states = {(m["kind"], m["threshold"]): m["state"] for m in record["measures"]}
    assert states == {
        ("listing_removed", None): "active",
        ("account_frozen", None): "active",
        ("account_frozen", "12"): "proposed",
    }
    assert {t["track"]: t["total"] for t in record["tracks"]}["IPP"] == "12"
    assert record["findings"][0]["steps"] == [{"rule": "base", "points": "12", "other": None}]
    ladder = next(m for m in record["measures"] if m["threshold"] == "12")
    path = f"/api/v1/moderation/members/{SUNRISE.id}/measures/{ladder['id']}/approve"
    own = await house.http.post(path, headers=house.headers(SVEN))
    assert own.status_code == 409
    assert own.json()["type"].endswith("own-proposal")
    approved = await house.http.post(path, headers=house.headers(SARA))
    assert approved.status_code == 200, approved.text

    clock.offset += DAY
    await respond(house, case_id, SUNRISE, appeal_of(decided, house))
    appealed = await in_state(house, case_id, "under_appeal")
    assert not {each["command"] for each in appealed["allowed"] if each["allowed"]} & {"decide"}
    appeal_id = next(e for e in appealed["timeline"] if e["kind"] == "appeal_opened")["data"][
        "appeal_id"
    ]
    answer = {
        "appeal_id": appeal_id,
        "result": "overturned",
        "explanation": "The marks are genuine.",
        "ruling": {"outcome": "dismissed", "facts": "The certificate is in order."},
    }
    await house.send(case_id, "claim", OLGA)
    await house.send(case_id, "decide-appeal", SVEN, status=403, **answer)
    await house.send(case_id, "decide-appeal", OLGA, **answer)
    record = await record_of(house, SUNRISE.id, lambda r: r["findings"] == [])
    assert {m["state"] for m in record["measures"]} == {"reversed"}

    overturned = await in_state(house, case_id, "decided")
    assert overturned["decision"]["outcome"] == "dismissed"
    clock.offset = timedelta()
    await in_state(house, case_id, "closed")
    await house.send(case_id, "reopen", MIA, status=403, ground="New evidence.")
    await house.send(case_id, "reopen", SVEN, ground="New evidence.")
    await in_state(house, case_id, "under_review")


async def test_more_time_is_asked_for_and_given_once(house: House) -> None:
    case_id = await house.case_of(await house.intake.file(product_id=new_product()))
    await house.send(case_id, "admit")
    await house.send(case_id, "claim")
    await house.send(case_id, "request-counter-notice", allegation="Listed wrongly.")
    before = await house.get(f"/moderation/cases/{case_id}", MIA)
    asked = ExtensionRequested(
        case_id=case_id, by=SUNRISE.id, reason="The supplier.", requested_at=house.clock()
    )
    await respond(house, case_id, SUNRISE, asked)
    await case_at(house, case_id, lambda c: c["timeline"][-1]["kind"] == "extension_asked")
    await house.send(case_id, "grant-extension", days=8, status=422)
    await house.send(case_id, "grant-extension", days=7)
    await house.send(case_id, "grant-extension", days=1, status=409)
    after = await house.get(f"/moderation/cases/{case_id}", MIA)
    due = [datetime.fromisoformat(case["answer_due_at"]) for case in (before, after)]
    assert due[1] - due[0] == 7 * DAY


async def test_a_complaint_during_an_appeal_opens_a_linked_case(house: House) -> None:
    product = new_product()
    case_id = await house.case_of(await house.intake.file(product_id=product))
    await house.send(case_id, "admit")
    await house.send(case_id, "claim")
    await house.send(case_id, "decide", outcome="dismissed", facts="It is right.")
    decided = await house.get(f"/moderation/cases/{case_id}", MIA)
    await respond(house, case_id, IVAN, appeal_of(decided, house, by="complainant"))
    await in_state(house, case_id, "under_appeal")
    second = await house.case_of(await house.intake.file(LAYLA, product_id=product))
    assert second != case_id
    for one, other in ((case_id, second), (second, case_id)):
        linked = await case_at(
            house, one, lambda case: any(e["kind"] == "linked" for e in case["timeline"])
        )
        entry = next(e for e in linked["timeline"] if e["kind"] == "linked")
        assert entry["data"]["case_id"] == other


async def test_a_manifestly_unfounded_complaint_stands_on_its_complainants_record(
    house: House,
) -> None:
    who = Principal("member", new_id(), "Otto", "otto@example.com", "en", frozenset({"customer"}))
    case_id = await house.case_of(await house.intake.file(who, product_id=new_product()))
    await house.send(case_id, "admit")
    await house.send(case_id, "claim")
    await house.send(
        case_id, "decide", outcome="dismissed", facts="Made up.", manifestly_unfounded=True
    )
    record = await record_of(house, who.id, lambda r: r["measures"] != [])
    assert record["complaints_unfounded"] == record["complaints_filed"] == 1
    assert [(m["kind"], m["state"]) for m in record["measures"]] == [("warning", "proposed")]
    await house.eventually(
        lambda: house.get("/moderation/measures/proposed", MIA),
        lambda page: record["measures"][0]["id"] in {item["id"] for item in page["items"]},
    )
    history = await house.intake.events.read(Aggregate(kind="member", id=member_key(who.actor)))
    assert [fact.type for fact in history.facts] == ["FindingRecorded", "MeasureProposed"]


class TestRaces:
    """Two at once: one wins, the other is told, and nothing is doubled."""

    async def two(
        self, house: House, case_id: str, command: str, *both: Principal, **body: Any
    ) -> list[int]:
        answers = await asyncio.gather(
            *(
                house.http.post(
                    f"/api/v1/moderation/cases/{case_id}/{command}",
                    json=body,
                    headers=house.headers(who),
                )
                for who in both
            )
        )
        return sorted(answer.status_code for answer in answers)

    async def facts(self, house: House, case_id: str) -> list[str]:
        history = await house.intake.events.read(Aggregate(kind="case", id=case_id))
        return [fact.type for fact in history.facts]

    async def test_for_a_case_and_its_lease(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        await house.send(case_id, "admit")
        assert await self.two(house, case_id, "claim", MIA, SVEN) == [200, 409]
        assert (await self.facts(house, case_id)).count("CaseClaimed") == 1

    async def test_for_a_decision(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        await house.send(case_id, "admit")
        await house.send(case_id, "claim")
        said = {"outcome": "dismissed", "facts": "It is right."}
        assert await self.two(house, case_id, "decide", MIA, MIA, **said) == [200, 409]
        assert (await self.facts(house, case_id)).count("CaseDecided") == 1

    async def test_for_an_approval(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        await house.send(case_id, "admit")
        await house.send(case_id, "claim")
        await house.send(case_id, "decide", **FREEZE)
        assert await self.two(house, case_id, "approve", SVEN, SARA) == [200, 409]
        assert (await self.facts(house, case_id)).count("CaseDecided") == 1


async def test_only_who_was_told_of_a_decision_appeals_against_it_and_each_once(
    house: House,
) -> None:
    """Merged reports and appeals are where others mail the wrong party."""
    product = new_product()
    filed = [await house.intake.file(who, product_id=product) for who in (IVAN, LAYLA)]
    stranger = await house.intake.file(product_id=new_product())
    case_id = await house.case_of(filed[0])
    await house.case_of(filed[1])
    await house.send(case_id, "admit")
    await house.send(case_id, "claim")
    await house.send(case_id, "decide", outcome="dismissed", facts="It is right.")
    decided = await house.get(f"/moderation/cases/{case_id}", MIA)
    appeal = appeal_of(decided, house, by="complainant")
    for complaint_id in (filed[0].id, filed[0].id, stranger.id, filed[1].id):
        fact = appeal.model_copy(
            update={"appeal_id": new_id(), "complaint_id": complaint_id, "lodged_at": house.clock()}
        )
        await respond(house, case_id, IVAN, fact)

    async def answered() -> list[Any]:
        history = await house.intake.events.read(Aggregate(kind="case", id=case_id))
        return [fact for fact in history.facts if fact.type.startswith("Appeal")]

    facts = await house.eventually(answered, lambda found: len(found) == 4)
    assert {f.complaint_id for f in facts if f.type == "AppealOpened"} == {f.id for f in filed}
    assert sorted(f.complaint_id for f in facts if f.type == "AppealRejected") == sorted(
        [filed[0].id, stranger.id]
    )


async def test_a_complaint_does_not_join_a_case_that_was_moved_to_another_type(
    house: House,
) -> None:
    product = new_product()
    case_id = await house.case_of(await house.intake.file(product_id=product, reason="SM3"))
    await house.send(case_id, "retype", reason="CF1", explanation="It is a fake.")
    moved = await house.get(f"/moderation/cases/{case_id}", MIA)
    assert (moved["type"], moved["reason"]) == ("CF", "CF1")
    second = await house.case_of(await house.intake.file(LAYLA, product_id=product, reason="SM3"))
    assert second != case_id
    third = await house.case_of(await house.intake.file(LAYLA, product_id=product, reason="SM3"))
    assert third == second
