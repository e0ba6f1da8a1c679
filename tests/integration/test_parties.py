"""What both parties send after filing, by the API and by pages without scripts (R31, R35, R36)."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from contracts.case import (
    CaseDecided,
    CaseFact,
    ComplaintJoined,
    Ground,
    InformationRequested,
    Outcome,
    StatementOfReasons,
)
from contracts.complaint import ComplaintWithdrawn, EvidenceAdded, GuestLinkAsked
from contracts.envelope import Aggregate
from contracts.ids import new_id
from contracts.response import AppealLodged, EvidenceSupplied, ExtensionRequested
from services.runtime.auth import Principal, guest_id
from services.runtime.clock import utcnow
from services.runtime.projection import Projector
from tests.browsing import Browser
from tests.intake_house import (
    AS_GUEST,
    GUIDES_EXAMPLE,
    IVAN,
    LINK,
    SHENZHEN,
    SUNRISE,
    House,
    intake,
    picture,
    sqlite,
)
from tests.servers import NatsServer
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

MEMBER = f"member:{IVAN.id}"
GUEST = guest_id("guest@example.org")
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
async def house(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: object
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("parties")
    server = NatsServer(folder / "nats")
    server.start()
    async with intake(server, database_url=sqlite(folder)) as house:
        yield house
    server.stop()


def joined(receipt: Mapping[str, Any], complainant: str = MEMBER) -> ComplaintJoined:
    return ComplaintJoined(
        complaint_id=receipt["id"],
        complaint_number=receipt["number"],
        complainant=complainant,
        reason="SM3",
        language="ru",
        joined_at=utcnow(),
    )


def decided(*, appeal_in: timedelta = 184 * DAY) -> CaseDecided:
    return CaseDecided(
        decision_id=new_id(),
        by="mia",
        at=utcnow(),
        outcome=Outcome.UPHELD,
        statement=StatementOfReasons(
            facts="…", ground=Ground(kind="contract", reference="1", explanation="…")
        ),
        appeal_until=utcnow() + appeal_in,
    )


def question(receipt: Mapping[str, Any], *, due_in: timedelta = 7 * DAY) -> InformationRequested:
    return InformationRequested(
        by="mia",
        at=utcnow(),
        complaint_id=receipt["id"],
        question="When was it ordered?",
        due_at=utcnow() + due_in,
    )


async def case(
    house: House, *facts: CaseFact, due_in: timedelta | None = 7 * DAY, **known: str
) -> str:
    """A case with these facts, worked into intake's tables."""
    case_id, sequence = await house.case(*facts, complaints=0, due_in=due_in, **known)
    projector: Projector = house.app.state.parts.projectors[0]
    await projector.wait_for(sequence)
    return case_id


async def facts(house: House, kind: Any, identifier: str) -> tuple[Any, ...]:
    return (await house.events.read(Aggregate(kind=kind, id=identifier))).facts


async def file(house: House, who: Principal | None = IVAN) -> Any:
    return await house.post("/complaints", GUIDES_EXAMPLE if who else AS_GUEST, who)


def link(house: House, purpose: str, subject: str, holder: str = "") -> str:
    token: str = house.app.state.auth.links.sign(purpose, subject, holder=holder)
    return token


# --- complainants -----------------------------------------------------------------------------


async def test_a_complainant_adds_evidence_and_repeating_it_changes_nothing(house: House) -> None:
    receipt = await file(house)
    await case(house, joined(receipt))
    proof = await house.upload(picture(), "more.jpg", IVAN)
    path, body = f"/complaints/{receipt['id']}/evidence", {"evidence": [proof["id"]]}
    added = await house.post(path, body, IVAN, key="a")
    assert await house.post(path, body, IVAN, key="a") == added
    assert (added["number"], added["late"]) == (receipt["number"], False)
    assert added["page_url"] == f"/center/complaints/{receipt['id']}?after={added['sequence']}"
    _, fact = await facts(house, "complaint", receipt["id"])
    assert isinstance(fact, EvidenceAdded)
    assert (fact.by, fact.evidence[0].id) == (MEMBER, proof["id"])
    await house.post(path, {"evidence": []}, IVAN, key="a", status=422)
    assert (await house.post(path, {}, IVAN, status=422))["errors"][0]["field"] == "evidence"


async def test_a_guest_adds_evidence_with_the_token_of_the_receipt_and_nobody_else(
    house: House,
) -> None:
    receipt = await file(house, None)
    proof = await house.upload(picture())
    path, body = f"/complaints/{receipt['id']}/evidence", {"evidence": [proof["id"]]}
    other = await file(house, None)
    await house.post(path, body, status=401)
    await house.post(path, body, SHENZHEN, status=404)
    await house.post(f"{path}?token={other['token']}", body, status=404)
    await house.post(f"{path}?token={link(house, 'case', receipt['id'])}", body, status=404)
    await house.post(f"{path}?token={receipt['token']}", body)
    (*_, fact) = await facts(house, "complaint", receipt["id"])
    assert fact.by == f"guest:{GUEST}"


async def test_a_question_is_answered_in_time_late_or_not_at_all(house: House) -> None:
    receipt, late, unasked = [await file(house) for _ in range(3)]
    await case(house, joined(receipt), question(receipt))
    await case(house, joined(late), question(late, due_in=-DAY))
    await case(house, joined(unasked))

    def path(of: Any) -> str:
        return f"/complaints/{of['id']}/information"

    answered = await house.post(path(receipt), {"text": "In March."}, IVAN)
    assert answered["late"] is False
    again = await house.post(path(receipt), {"text": "In April."}, IVAN, status=409)
    assert again["type"].endswith("already-answered")
    assert (await house.post(path(late), {"text": "In May."}, IVAN))["late"] is True
    refused = await house.post(path(unasked), {"text": "In May."}, IVAN, status=409)
    assert refused["type"].endswith("not-asked")


async def test_a_complaint_is_withdrawn_once_and_not_after_the_decision(house: House) -> None:
    receipt, too_late = await file(house), await file(house)
    await case(house, joined(receipt))
    await case(house, joined(too_late), decided())
    path = f"/complaints/{receipt['id']}/withdrawal"
    await house.post(path, {"text": "Settled."}, SHENZHEN, status=404)
    await house.post(path, {"text": "Settled."}, IVAN)
    (*_, fact) = await facts(house, "complaint", receipt["id"])
    assert isinstance(fact, ComplaintWithdrawn)
    assert (fact.by, fact.reason) == (MEMBER, "Settled.")
    await house.post(path, {}, IVAN, status=409)
    refused = await house.post(f"/complaints/{too_late['id']}/withdrawal", {}, IVAN, status=409)
    assert "decided" in refused["detail"]


async def test_the_complainants_pages_work_without_scripts(house: House) -> None:
    receipt = await file(house, None)
    await case(house, joined(receipt, f"guest:{GUEST}"), question(receipt))
    start = f"/complaints/{receipt['id']}"
    token = f"?token={receipt['token']}"
    async with Browser.of(house) as guest:
        assert "Sign in" in (await guest.open(f"{start}/add", status=401)).text
        page = await guest.open(f"{start}/add{token}")
        assert "When was it ordered?" in page.text
        page = await guest.press(text="", status=422)
        assert "Answer the moderator's question." in page.text
        page = await guest.press("attach", text="In March.", files=[("receipt.jpg", picture())])
        assert "receipt.jpg" in page.text
        await guest.press(status=404)  # the center is moderation's
        assert guest.answer.url.path == f"/center/complaints/{receipt['id']}"
        assert guest.answer.url.params["token"] == receipt["token"]
        (*_, fact) = await facts(house, "complaint", receipt["id"])
        assert (fact.text, fact.evidence[0].name) == ("In March.", "receipt.jpg")
        page = await guest.open(f"{start}/add{token}")
        assert "Add evidence" in page.text
        assert "Attach at least one file" in (await guest.press(status=422)).text
        page = await guest.open(f"{start}/withdraw{token}")
        await guest.press(text="Settled.", status=404)
        assert (await guest.open(f"{start}/withdraw{token}", status=409)).text.count("taken this")


async def test_what_was_typed_is_shown_again_when_it_comes_too_late(house: House) -> None:
    receipt = await file(house)
    case_id = await case(house, joined(receipt))
    async with Browser.of(house, IVAN) as ivan:
        await ivan.open(f"/complaints/{receipt['id']}/withdraw")
        history = await house.events.read(Aggregate(kind="case", id=case_id))
        await house.events.append(
            Aggregate(kind="case", id=case_id),
            [decided()],
            expected=history.version,
            meta=history.messages[0].meta._replace(id=new_id()),
        )
        page = await ivan.press(text="We have settled it.", status=409)
        assert "По делу уже есть решение" in page.text
        assert "We have settled it." in page.text


# --- the accused ------------------------------------------------------------------------------


async def test_the_accused_asks_once_for_more_time_before_the_deadline(house: House) -> None:
    case_id = await case(house)
    path = f"/cases/{case_id}/extension"
    assert (await house.post(path, {}, SUNRISE, status=422))["errors"][0]["field"] == "text"
    await house.post(path, {"text": "Monday."}, SHENZHEN, status=404)
    await house.post(path, {"text": "Monday."}, SUNRISE)
    (fact,) = await facts(house, "response", case_id)
    assert isinstance(fact, ExtensionRequested)
    assert (fact.by, fact.reason) == (SUNRISE.id, "Monday.")
    refused = await house.post(path, {"text": "Tuesday."}, SUNRISE, status=409)
    assert refused["type"].endswith("already-extended")
    late = await case(house, due_in=-DAY)
    refused = await house.post(f"/cases/{late}/extension", {"text": "…"}, SUNRISE, status=409)
    assert refused["type"].endswith("extension-too-late")


async def test_evidence_after_the_answer_is_kept_and_marked_late_after_the_deadline(
    house: House,
) -> None:
    case_id = await case(house)
    proof = await house.upload(picture(), "invoice.jpg", SUNRISE)
    path, body = f"/cases/{case_id}/evidence", {"text": "The invoice.", "evidence": [proof["id"]]}
    refused = await house.post(path, body, SUNRISE, status=409)
    assert refused["type"].endswith("not-answered-yet")
    await house.post(f"/cases/{case_id}/counter-notice", {"text": "No."}, SUNRISE)
    assert (await house.post(path, body, SUNRISE))["late"] is False
    house.clock.offset = 8 * DAY
    try:
        assert (await house.post(path, body, SUNRISE))["late"] is True
    finally:
        house.clock.offset = timedelta()
    (*_, fact) = await facts(house, "response", case_id)
    assert isinstance(fact, EvidenceSupplied)


async def test_the_pages_of_the_accused_work_without_scripts(house: House) -> None:
    case_id = await case(house)
    async with Browser.of(house, SUNRISE) as seller:
        page = await seller.open(f"/cases/{case_id}/answer")
        assert "Ask for more time" in page.text
        await seller.open(f"/cases/{case_id}/extension")
        assert "Say why" in (await seller.press(text=" ", status=422)).text
        await seller.press(text="The supplier answers on Monday.", status=404)
        await seller.open(f"/cases/{case_id}/extension", status=409)
        page = await seller.open(f"/cases/{case_id}/answer")
        assert "Ask for more time" not in page.text
        await seller.press(text="It is a cosmetics case.", status=404)
        await seller.open(f"/cases/{case_id}/evidence")
        await seller.press(text="", files=[("proof.jpg", picture())], status=404)
    *_, fact = await facts(house, "response", case_id)
    assert fact.evidence[0].name == "proof.jpg"


# --- appeals ----------------------------------------------------------------------------------


async def test_either_side_appeals_once_within_the_window(house: House) -> None:
    receipt = await file(house)
    decision = decided()
    case_id = await case(house, joined(receipt), decision)
    path = f"/decisions/{decision.decision_id}/appeals"
    await house.post(path, {"text": "No."}, SHENZHEN, status=404)
    assert (await house.post(path, {}, IVAN, status=422))["errors"][0]["field"] == "text"
    await house.post(path, {"text": "Категория та же."}, IVAN)
    await house.post(path, {"text": "The category is right."}, SUNRISE)
    mine, theirs = await facts(house, "response", case_id)
    assert isinstance(mine, AppealLodged)
    assert (mine.appellant, mine.complaint_id, mine.by) == ("complainant", receipt["id"], MEMBER)
    assert (mine.language, mine.decision_id) == ("ru", decision.decision_id)
    assert (theirs.appellant, theirs.complaint_id, theirs.by) == (
        "accused",
        None,
        "member:sunrise-store",
    )
    for who in (IVAN, SUNRISE):
        refused = await house.post(path, {"text": "Again."}, who, status=409)
        assert refused["type"].endswith("already-appealed")


async def test_an_appeal_after_the_window_or_against_nothing_is_refused(house: House) -> None:
    receipt = await file(house)
    decision = decided(appeal_in=-DAY)
    await case(house, joined(receipt), decision)
    path = f"/decisions/{decision.decision_id}/appeals"
    refused = await house.post(path, {"text": "No."}, IVAN, status=409)
    assert refused["type"].endswith("appeal-too-late")
    await house.post(f"/decisions/{new_id()}/appeals", {"text": "No."}, IVAN, status=404)
    await house.post("/decisions/x/appeals", {"text": "No."}, IVAN, status=404)


async def test_who_has_two_complaints_in_a_case_appeals_for_each(house: House) -> None:
    one, two = await file(house), await file(house)
    decision = decided()
    case_id = await case(house, joined(one), joined(two), decision)
    path = f"/decisions/{decision.decision_id}/appeals"
    for receipt in (two, one):
        await house.post(path, {"text": "No.", "complaint_id": receipt["id"]}, IVAN)
    appeals = await facts(house, "response", case_id)
    assert [each.complaint_id for each in appeals] == [two["id"], one["id"]]
    await house.post(path, {"text": "No.", "complaint_id": new_id()}, IVAN, status=404)


async def test_a_blocked_member_appeals_by_the_link_in_the_mail(house: House) -> None:
    decision = decided()
    case_id = await case(house, decision)
    token = link(house, "case", case_id, SUNRISE.id)
    async with Browser.of(house) as blocked:
        page = await blocked.open(f"/decisions/{decision.decision_id}/appeal?token={token}")
        page = await blocked.press("attach", text="No.", files=[("licence.png", picture())])
        assert "licence.jpg" in page.text
        await blocked.press(status=404)
        assert blocked.answer.url.path == f"/center/cases/{case_id}"
        assert blocked.answer.url.params["token"] == token
        page = await blocked.open(
            f"/decisions/{decision.decision_id}/appeal?token={token}", status=409
        )
        assert "appealed against this decision" in page.text
        other = link(house, "case", new_id(), SUNRISE.id)
        await blocked.open(f"/decisions/{decision.decision_id}/appeal?token={other}", status=404)
        await blocked.open(f"/decisions/{decision.decision_id}/appeal", status=401)
    (fact,) = await facts(house, "response", case_id)
    assert (fact.appellant, fact.by, len(fact.evidence)) == ("accused", "member:sunrise-store", 1)


# --- guests -----------------------------------------------------------------------------------


async def test_a_guest_has_the_link_mailed_and_the_answer_is_the_same_for_everybody(
    house: House,
) -> None:
    body = AS_GUEST | {"email": "Once@Example.org"}
    receipt = await house.post("/complaints", body)
    guest = guest_id("once@example.org")
    await case(house, joined(receipt, f"guest:{guest}"))
    told = await house.post("/guest-links", {"email": "once@example.org"}, status=202)
    assert told == await house.post("/guest-links", {"email": "no@example.org"}, status=202)

    async def asked() -> bool:
        return len(await facts(house, "complaint", receipt["id"])) == 2

    await eventually(asked)
    (_, fact) = await facts(house, "complaint", receipt["id"])
    assert isinstance(fact, GuestLinkAsked)
    assert fact.guest == guest
    assert fact.holds_until - fact.asked_at == DAY
    await house.post("/guest-links", {"email": "once@example.org"}, status=202)
    assert len(await facts(house, "complaint", receipt["id"])) == 2, "one mail in five minutes"
    assert (await house.post("/guest-links", {"email": "x"}, status=422))["errors"]


async def test_the_mailed_link_opens_a_session_that_can_do_everything_with_own_complaints(
    house: House,
) -> None:
    receipt, other = await file(house, None), await file(house, IVAN)
    await case(house, joined(receipt, f"guest:{GUEST}"))
    token = link(house, "guest", GUEST)
    async with Browser.of(house) as guest:
        page = await guest.open("/complaints/mine")
        page = await guest.press(email="nonsense", status=422)
        assert "complete e-mail address" in page.text
        page = await guest.press(email="guest@example.org")
        assert "Look into your mailbox" in page.text
        await guest.open(f"/complaints/{receipt['id']}/add", status=401)
        await guest.open(f"/complaints/mine?token={token}", status=404)
        assert guest.answer.url.path == "/center"
        await guest.open(f"/complaints/{receipt['id']}/add")
        await guest.open(f"/complaints/{other['id']}/add", status=404)
        await guest.open(f"/complaints/mine?token={receipt['token']}", status=403)
    async with Browser.of(house, SHENZHEN) as member:
        page = await member.open(f"/complaints/mine?token={token}")
        assert "Leave your account?" in page.text


async def test_a_receipts_link_opens_its_own_complaint_only(house: House) -> None:
    """Whoever files under another's address must not so come to that person's complaints."""
    mine, forged = await file(house, None), await file(house, None)
    async with Browser.of(house) as forger:
        await forger.open(f"/complaints/{forged['id']}/add?token={forged['token']}")
        await forger.open(f"/complaints/{mine['id']}/add?token={forged['token']}", status=404)


async def test_the_accused_does_not_see_the_marks_in_a_link_that_was_shared(house: House) -> None:
    shared = AS_GUEST | {"product_link": f"{LINK}?aff_id=ivan77"}
    receipt = await house.post("/complaints", shared)
    _, filed = await house.filed(receipt["id"])
    assert "ivan77" in filed.product.link
    case_id = await case(house, link=filed.product.link)
    async with Browser.of(house, SUNRISE) as seller:
        page = await seller.open(f"/cases/{case_id}/answer")
        assert filed.product.link.partition("?")[0] in page.text
        assert "ivan77" not in seller.answer.text
