"""Fair use of filing: limits with a visible message, one receipt for what is repeated, and what a
suspended complainant files."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from contracts.member import MeasureImposed, MeasureReversed, member_key
from services.intake.fairness import network_block
from services.runtime.auth import guest_id
from services.runtime.clock import utcnow
from services.runtime.projection import Projector
from tests.browsing import Browser
from tests.intake_house import AS_GUEST, GUIDES_EXAMPLE, IVAN, SHENZHEN, House, intake, sqlite
from tests.servers import NatsServer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def house(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: object
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("intake")
    server = NatsServer(folder / "nats")
    server.start()
    async with intake(
        server,
        database_url=sqlite(folder),
        filing_limit_guest="3 per hour",
        filing_limit_member="4 per hour; 100 per day",
        filing_limit_network="60 per hour",
        repeated_complaint_minutes=10,
    ) as house:
        yield house
    server.stop()


def about(number: int) -> str:
    return f"https://www.aliexpress.com/item/{32700000000 + number}.html"


async def test_a_guest_who_files_too_much_is_asked_to_come_later(house: House) -> None:
    much = AS_GUEST | {"email": "much@example.org"}
    for number in range(3):
        await house.post("/complaints", much | {"product_link": about(number)})
    answer = await house.http.post("/api/v1/complaints", json=much | {"product_link": about(9)})
    assert answer.status_code == 429
    problem = answer.json()
    assert problem["type"] == "urn:redress:problem:too-many"
    assert "At most 3 complaints from one e-mail address" in problem["detail"]
    wait = int(answer.headers["retry-after"])
    assert 0 < wait <= 3600
    assert problem["retry_after"] == wait
    # What counts is the address, however it is written; another guest is not concerned.
    again = much | {"product_link": about(9), "email": " MUCH@example.org"}
    await house.post("/complaints", again, status=429)
    await house.post("/complaints", AS_GUEST | {"product_link": about(9)})


async def test_a_member_has_a_limit_of_their_own(house: House) -> None:
    for number in range(4):
        await house.post("/complaints", GUIDES_EXAMPLE | {"product_link": about(number)}, IVAN)
    body = GUIDES_EXAMPLE | {"product_link": about(9)}
    problem = await house.post("/complaints", body, IVAN, status=429)
    assert "from one account" in problem["detail"]
    await house.post("/complaints", body, SHENZHEN)


async def test_the_wizard_says_so_and_keeps_everything(house: House) -> None:
    busy = AS_GUEST | {"email": "busy@example.org"}
    for number in range(3):
        await house.post("/complaints", busy | {"product_link": about(number)})
    async with Browser.of(house) as guest:
        await guest.to_details()
        await guest.press(
            description="One more.", name="Busy", email="busy@example.org", good_faith="true"
        )
        page = await guest.press(status=429)
        assert "Nothing of what you entered is lost" in page.text
        assert "One more." in page.text
        assert int(guest.answer.headers["retry-after"]) > 0


async def test_what_is_refused_for_its_form_does_not_count(house: House) -> None:
    clumsy = AS_GUEST | {"email": "clumsy@example.org"}
    for _ in range(10):
        await house.post("/complaints", clumsy | {"reason": "??"}, status=422)
    await house.post("/complaints", clumsy)


async def test_40_identical_complaints_are_one_with_one_receipt(house: House) -> None:
    same = AS_GUEST | {"email": "angry@example.org", "product_link": about(40)}
    typed = [same | {"description": f"  {same['description']} "} for _ in range(20)]
    first, *others = await asyncio.gather(*(house.post("/complaints", each) for each in typed))
    for number in range(20):
        others.append(await house.post("/complaints", same, key=f"angry-{number}"))
    numbers = {first["number"], *(each["number"] for each in others)}
    assert len(numbers) == 1
    assert [each.get("repeated") for each in (first, *others)].count(True) == 39
    await house.filed(first["id"])  # one message of one fact


async def test_other_words_are_another_complaint(house: House) -> None:
    wordy = AS_GUEST | {"email": "wordy@example.org", "product_link": about(41)}
    one = await house.post("/complaints", wordy)
    two = await house.post("/complaints", wordy | {"description": "And the price is wrong."})
    three = await house.post("/complaints", wordy | {"reason": "SM4"})
    assert len({one["id"], two["id"], three["id"]}) == 3


async def test_the_same_after_ten_minutes_is_a_new_complaint(house: House) -> None:
    patient = AS_GUEST | {"email": "patient@example.org", "product_link": about(42)}
    one = await house.post("/complaints", patient)
    house.clock.offset = timedelta(minutes=9, seconds=59)
    try:
        assert (await house.post("/complaints", patient))["id"] == one["id"]
        house.clock.offset = timedelta(minutes=10, seconds=1)
        assert (await house.post("/complaints", patient))["id"] != one["id"]
    finally:
        house.clock.offset = timedelta()


async def test_a_repetition_in_the_wizard_leads_to_the_first_receipt(house: House) -> None:
    receipts = []
    for _ in range(2):
        async with Browser.of(house) as guest:
            await guest.to_details()
            await guest.press(
                description="The same.", name="Twice", email="twice@example.org", good_faith="true"
            )
            page = await guest.press()
            receipts.append(guest.answer.url.path)
    assert receipts[0] == receipts[1]
    assert "You have sent this before" in page.text


async def test_what_a_suspended_complainant_files_is_kept_and_answered(house: House) -> None:
    actor = f"guest:{guest_id('paused@example.org')}"
    now = utcnow()
    imposed = MeasureImposed(
        measure_id=new_id(),
        member=actor,
        kind="complaining_suspended",
        case_id=new_id(),
        decision_id=new_id(),
        by="mia",
        at=now,
        starts_at=now,
        ends_at=now + timedelta(days=3),
        explanation="Three complaints were manifestly unfounded.",
    )
    sequence = await house.events.append(
        Aggregate(kind="member", id=member_key(actor)),
        [imposed],
        expected=0,
        meta=Meta(id=new_id(), time=now, actor="service:moderation", correlation="test"),
    )
    projector: Projector = house.app.state.parts.projectors[0]
    await projector.wait_for(sequence)
    suspensions = house.app.state.suspensions
    suspensions.forget()
    paused = AS_GUEST | {"email": "paused@example.org", "product_link": about(50)}
    receipt = await house.post("/complaints", paused)
    assert "suspended until" in receipt["notice"]
    assert "kept all the same" in receipt["notice"]
    _, filed = await house.filed(receipt["id"])
    assert isinstance(filed, ComplaintFiled)
    async with Browser.of(house) as guest:
        page = await guest.open(f"/complaints/{receipt['id']}?token={receipt['token']}")
        assert "kept all the same" in page.text
    other = await house.post("/complaints", AS_GUEST | {"product_link": about(51)})
    assert "notice" not in other

    lifted = MeasureReversed(
        measure_id=imposed.measure_id,
        member=actor,
        case_id=imposed.case_id,
        by="olga",
        at=now,
        explanation="An appeal succeeded.",
    )
    sequence = await house.events.append(
        Aggregate(kind="member", id=member_key(actor)),
        [lifted],
        expected=sequence,
        meta=Meta(id=new_id(), time=now, actor="service:moderation", correlation="test"),
    )
    await projector.wait_for(sequence)
    suspensions.forget()
    assert "notice" not in await house.post("/complaints", paused | {"reason": "SM4"})


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002"),
        ("testclient", "testclient"),
    ],
)
def test_a_network_is_an_address_or_a_64(address: str, block: str) -> None:
    assert network_block(address) == block


async def test_one_network_has_a_limit_for_all_its_guests(house: House) -> None:
    for number in range(80):
        body = AS_GUEST | {"email": f"guest{number}@example.org", "product_link": about(60)}
        answer = await house.http.post("/api/v1/complaints", json=body)
        if answer.status_code == 429:
            assert "from one network" in answer.json()["detail"]
            return
    raise AssertionError("the network was never limited")
