"""Which case a complaint joins, where cases were moved to other types, also at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from contracts.complaint import ComplaintWithdrawn, EvidenceAdded
from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from contracts.response import AppealLodged
from deploy.topology import Topology
from services.runtime.auth import Principal
from tests.moderation_house import (
    IVAN,
    LAYLA,
    MIA,
    Filed,
    House,
    MovedClock,
    moderation,
    new_product,
    sqlite,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def house(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: object
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("joining")
    with Topology(folder, only=["streams", "marketplace"]) as topology:
        async with moderation(topology, database_url=sqlite(folder), clock=MovedClock()) as running:
            yield running


async def case_of(house: House, product: str, reason: str = "SM3") -> str:
    return await house.case_of(await house.intake.file(LAYLA, product_id=product, reason=reason))


async def retyped(house: House, case_id: str, reason: str) -> None:
    await house.send(case_id, "retype", reason=reason, explanation="Looked at closely.")


async def moved(house: House, case_id: str, reason: str = "CF1") -> None:
    """Moved to another type, and it is known where complaints of that type look for their case."""
    await retyped(house, case_id, reason)

    async def handled() -> Any:
        return await house.app.state.parts.bus.api(
            "CONSUMER.INFO.COMPLAINTS.moderation-set-timers", {}
        )

    await house.eventually(
        handled, lambda c: c["ack_floor"]["stream_seq"] >= house.written and c["num_pending"] == 0
    )


async def links_of(house: House, case_id: str) -> set[str]:
    history = await house.intake.events.read(Aggregate(kind="case", id=case_id))
    return {fact.case_id for fact in history.facts if fact.type == "CaseLinked"}


async def joined(house: House, case_id: str) -> list[str]:
    history = await house.intake.events.read(Aggregate(kind="case", id=case_id))
    return [fact.complaint_id for fact in history.facts if fact.type == "ComplaintJoined"]


async def test_a_complaint_of_the_new_type_joins_the_case_that_was_moved_to_it(
    house: House,
) -> None:
    product = new_product()
    case_id = await case_of(house, product, "SM3")
    await moved(house, case_id, "CF1")
    assert await case_of(house, product, "CF2") == case_id
    assert await case_of(house, product, "CF1") == case_id
    # Those of the type that it had have a case of their own.
    other = await case_of(house, product, "SM3")
    assert other != case_id
    assert await case_of(house, product, "SM3") == other


async def test_it_is_found_wherever_it_was_moved_and_moved_back(house: House) -> None:
    product = new_product()
    case_id = await case_of(house, product, "SM3")
    await moved(house, case_id, "CF1")
    await moved(house, case_id, "FI2")
    assert await case_of(house, product, "FI1") == case_id
    counterfeit = await case_of(house, product, "CF1")
    assert counterfeit != case_id
    await moved(house, case_id, "SM1")
    assert await case_of(house, product, "SM3") == case_id
    assert await case_of(house, product, "CF1") == counterfeit


async def test_where_both_are_open_each_is_linked_to_the_other(house: House) -> None:
    product = new_product()
    counterfeit = await case_of(house, product, "CF1")
    case_id = await case_of(house, product, "SM3")
    await moved(house, case_id, "CF1")
    assert await links_of(house, case_id) == {counterfeit}
    await house.eventually(lambda: links_of(house, counterfeit), lambda found: found == {case_id})
    assert await case_of(house, product, "CF2") == counterfeit
    # When the first of them is over, the one that was moved goes on.
    await house.send(counterfeit, "declare-inadmissible", explanation="It is another's mark.")
    assert await case_of(house, product, "CF2") == case_id


async def test_when_the_moved_case_is_over_the_next_is_opened(house: House) -> None:
    product = new_product()
    case_id = await case_of(house, product, "SM3")
    await moved(house, case_id, "CF1")
    await house.send(case_id, "declare-inadmissible", explanation="It is another's mark.")
    later = await case_of(house, product, "CF1")
    assert later != case_id
    assert await case_of(house, product, "CF1") == later


async def test_during_its_appeal_a_complaint_opens_a_case_that_is_linked_to_it(
    house: House,
) -> None:
    product = new_product()
    filed = await house.intake.file(IVAN, product_id=product, reason="SM3")
    case_id = await house.case_of(filed)
    await moved(house, case_id, "CF1")
    await house.send(case_id, "declare-inadmissible", explanation="It is another's mark.")
    history = await house.intake.events.read(Aggregate(kind="case", id=case_id))
    decision_id = getattr(history.facts[-1], "decision_id")  # noqa: B009
    await lodge_appeal(house, case_id, decision_id, filed.id)
    later = await case_of(house, product, "CF1")
    assert later != case_id
    assert case_id in await links_of(house, later)


async def lodge_appeal(house: House, case_id: str, decision_id: str, complaint_id: str) -> None:
    lodged = AppealLodged(
        appeal_id=new_id(),
        case_id=case_id,
        decision_id=decision_id,
        appellant="complainant",
        complaint_id=complaint_id,
        by=IVAN.actor,
        text="It is mine.",
        language="en",
        lodged_at=house.clock(),
    )
    command = new_id()
    meta = Meta(id=command, time=house.clock(), actor=IVAN.actor, correlation=command)
    aggregate = Aggregate(kind="response", id=case_id)
    await house.intake.events.append(aggregate, [lodged], expected=0, meta=meta)
    await house.eventually(
        lambda: house.get(f"/moderation/cases/{case_id}", MIA),
        lambda case: case["state"] == "under_appeal",
    )


class TestPause:
    """Of those who often complain without any ground (Art. 23)."""

    async def paused(self, house: House, days: int = 3) -> tuple[Principal, str]:
        """Somebody new, after two manifestly unfounded complaints, and the measure's id."""
        who = Principal("member", new_id(), "P", "p@example.com", roles=frozenset({"customer"}))
        for _ in range(2):
            case_id = await house.case_of(await house.intake.file(who, product_id=new_product()))
            await house.send(case_id, "admit")
            await house.send(case_id, "claim")
            await house.send(
                case_id, "decide", outcome="dismissed", facts="Made up.", manifestly_unfounded=True
            )
        record = await house.eventually(
            lambda: house.get(f"/moderation/members/{who.id}", MIA),
            lambda record: len(record["measures"]) == 2,
        )
        pause = next(m for m in record["measures"] if m["kind"] == "complaining_suspended")
        assert pause["days"] == days
        await self.on_measure(house, who, pause["id"], "approve")
        return who, pause["id"]

    async def on_measure(
        self, house: House, who: Principal, measure_id: str, command: str, **body: str
    ) -> None:
        path = f"/api/v1/moderation/members/{who.id}/measures/{measure_id}/{command}"
        done = await house.http.post(path, headers=house.headers(MIA), json=body)
        assert done.status_code == 200, done.text
        await house.get("/moderation/cases", MIA, after=done.json()["sequence"])

    async def waits(self, house: House, filed: Filed) -> bool:
        """Whether it joined no case, although what was filed after it did."""
        await case_of(house, new_product())
        token = house.guest_token(filed.id)
        shown = await house.get(f"/center/complaints/{filed.id}", after=filed.sequence, token=token)
        return shown["case"] is None

    async def fire(self, house: House, who: Principal, measure_id: str) -> None:
        """The measure's timer, whose time has come by the moved clock alone."""
        data = {
            "command": "expire",
            "member": who.actor,
            "measure": measure_id,
            "due_at": house.clock().isoformat(),
            "correlation": "test",
            "causation": "test",
        }
        await house.handlers().on_timer(f"expire-{measure_id}", data)

    async def added(
        self, house: House, filed: Filed, *facts: EvidenceAdded | ComplaintWithdrawn
    ) -> None:
        command = new_id()
        meta = Meta(id=command, time=house.clock(), actor="member:x", correlation=command)
        await house.intake.events.append(
            Aggregate(kind="complaint", id=filed.id), facts, expected=filed.sequence, meta=meta
        )

    async def test_what_is_filed_meanwhile_is_kept_and_joins_when_it_ends(
        self, house: House
    ) -> None:
        before = house.clock.offset
        who, measure_id = await self.paused(house)
        filed = await house.intake.file(who, product_id=new_product())
        taken_back = await house.intake.file(who, product_id=new_product())
        assert await self.waits(house, filed)
        token = house.guest_token(filed.id)
        shown = await house.get(f"/center/complaints/{filed.id}", token=token)
        assert shown["kept_until"] is not None
        assert shown["status"].startswith("Complaining is paused for you until ")
        listed = await house.get("/center/complaints", who)
        assert listed["items"][1]["kept_until"] == shown["kept_until"]
        picture = await house.intake.upload("shot.png", b"x", by=who)
        more = EvidenceAdded(by=who.actor, evidence=(picture,), added_at=house.clock())
        await self.added(house, filed, more)
        withdrawn = ComplaintWithdrawn(by=who.actor, withdrawn_at=house.clock())
        await self.added(house, taken_back, withdrawn)
        assert await self.waits(house, filed)
        try:
            house.clock.offset += timedelta(days=3, seconds=1)
            await self.fire(house, who, measure_id)
            case_id = await house.case_of(filed)
            history = await house.intake.events.read(Aggregate(kind="case", id=case_id))
            kinds = [fact.type for fact in history.facts]
            assert kinds == ["CaseOpened", "ComplaintJoined", "ComplaintEvidenceAdded"]
            assert await self.waits(house, taken_back)
            # Whoever complains after it is a complainant like any other.
            await house.case_of(await house.intake.file(who, product_id=new_product()))
        finally:
            house.clock.offset = before

    async def test_lifted_before_its_time_it_ends_at_once(self, house: House) -> None:
        who, measure_id = await self.paused(house)
        filed = await house.intake.file(who, product_id=new_product())
        assert await self.waits(house, filed)
        await self.on_measure(house, who, measure_id, "lift", explanation="A mistake.")
        await house.case_of(filed)


async def test_filed_at_the_moment_of_the_move_it_joins_or_both_are_linked(house: House) -> None:
    """Whoever is first at the place where the case would stand; nothing is lost or doubled."""
    products = [new_product() for _ in range(8)]
    cases = [await case_of(house, each, "SM3") for each in products]

    async def both(product: str, case_id: str) -> list[str]:
        first, second, _ = await asyncio.gather(
            house.intake.file(IVAN, product_id=product, reason="CF1"),
            house.intake.file(LAYLA, product_id=product, reason="CF2"),
            retyped(house, case_id, "CF1"),
        )
        return [first.id, second.id]

    filed = await asyncio.gather(*map(both, products, cases))
    for product, case_id, complaints in zip(products, cases, filed, strict=True):
        last = await house.intake.file(product_id=product, reason="CF1")
        stands = await house.case_of(last)
        if stands != case_id:
            await house.eventually(partial(links_of, house, case_id), bool)
            assert await links_of(house, case_id) == {stands}
        everywhere = [c for each in {case_id, stands} for c in await joined(house, each)]
        assert {*complaints, last.id} <= set(everywhere)
        assert len(everywhere) == len(set(everywhere))
