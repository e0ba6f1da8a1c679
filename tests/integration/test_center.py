"""The Complaint Center of both sides, on a real log and both databases (R31 to R36)."""

from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest

from contracts.complaint import ComplaintWithdrawn, EvidenceAdded, InformationSupplied
from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from contracts.parties import Evidence
from contracts.response import AppealLodged, EvidenceSupplied, ExtensionRequested
from deploy.topology import Topology
from services.moderation.center_store import CenterStore
from services.runtime.auth import Principal
from services.runtime.live import Change
from tests.moderation_house import (
    GUEST,
    IVAN,
    LAYLA,
    OLGA,
    SUNRISE,
    SVEN,
    Filed,
    House,
    MovedClock,
    moderation,
    new_product,
    sqlite,
)

pytestmark = pytest.mark.anyio

FACTS = "The listing stands in the wrong category."


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("center")
    database_url = (
        sqlite(folder)
        if request.param == "sqlite"
        else await request.getfixturevalue("postgresql").fresh()
    )
    with Topology(folder, only=["streams", "marketplace"]) as topology:
        async with moderation(topology, database_url=database_url, clock=MovedClock()) as running:
            yield running


async def sent(house: House, who: Principal, kind: str, identifier: str, fact: Any) -> None:
    """What intake writes when a party sends something."""
    aggregate, command = Aggregate(kind=kind, id=identifier), new_id()
    history = await house.intake.events.read(aggregate)
    meta = Meta(id=command, time=house.clock(), actor=who.actor, correlation=command)
    events = house.intake.events
    sequence = await events.append(aggregate, [fact], expected=history.version, meta=meta)
    house.written = max(house.written, sequence)


async def asked(house: House, who: Principal = IVAN) -> tuple[Filed, str]:
    complaint, case_id = await house.under_review(who)
    await house.send(case_id, "request-counter-notice", allegation="It is listed wrongly.")
    return complaint, case_id


async def decided(house: House, **decision: Any) -> tuple[Filed, str]:
    complaint, case_id = await house.under_review()
    await house.send(case_id, "decide", **({"outcome": "upheld", "facts": FACTS} | decision))
    return complaint, case_id


async def mine(house: House, filed: Filed, who: Principal = IVAN) -> Any:
    return await house.get(f"/center/complaints/{filed.id}", who)


async def theirs(house: House, case_id: str) -> Any:
    return await house.get(f"/center/cases/{case_id}", SUNRISE)


def actions(seen: Any) -> dict[str, str]:
    return {each["name"]: each["url"] for each in seen["actions"]}


def kinds(seen: Any) -> list[str]:
    return [each["kind"] for each in seen["timeline"]]


def evidence(name: str, house: House, who: Principal) -> Evidence:
    return Evidence(
        id=new_id(),
        name=name,
        media_type="image/png",
        size=3,
        sha256="0" * 64,
        uploaded_at=house.clock(),
        uploaded_by=who.actor,
    )


class TestTheComplainant:
    async def test_r31_is_asked_something_and_answers_it(self, house: House) -> None:
        filed, case_id = await house.under_review()
        await house.send(
            case_id, "request-information", complaint_id=filed.id, question="When did you buy it?"
        )
        seen = await mine(house, filed)
        assert seen["state"] == "information_requested"
        assert seen["awaiting"]["who"] == "you"
        assert seen["questions"][0]["text"] == "When did you buy it?"
        assert actions(seen)["answer_question"] == f"/complaints/{filed.id}/add"
        said = InformationSupplied(
            case_id=case_id, by=IVAN.actor, text="In May.", supplied_at=house.clock()
        )
        await sent(house, IVAN, "complaint", filed.id, said)
        # At once, although the case takes note of it a moment later, nobody is asked again.
        seen = await mine(house, filed)
        assert seen["state"] == "under_review"
        assert "answer_question" not in actions(seen)
        assert [each["text"] for each in seen["additions"]] == ["In May."]
        seen = await house.eventually(
            lambda: mine(house, filed), lambda seen: seen["questions"][0]["state"] == "answered"
        )
        assert kinds(seen)[-2:] == ["information_requested", "information_received"]

    async def test_r31_a_question_to_another_complainant_is_nobody_elses_business(
        self, house: House
    ) -> None:
        product = new_product()
        first = await house.intake.file(IVAN, product_id=product)
        case_id = await house.case_of(first)
        second = await house.intake.file(LAYLA, product_id=product)
        await house.opened(second)
        await house.send(case_id, "admit")
        await house.send(case_id, "claim")
        await house.send(
            case_id, "request-information", complaint_id=second.id, question="Which one?"
        )
        seen = await mine(house, first)
        assert seen["state"] == "under_review"
        assert "information_requested" not in kinds(seen)
        assert (await mine(house, second, LAYLA))["state"] == "information_requested"

    async def test_r31_adds_evidence_and_takes_the_complaint_back(self, house: House) -> None:
        filed, _ = await house.under_review()
        seen = await mine(house, filed)
        assert actions(seen) == {
            "add_evidence": f"/complaints/{filed.id}/add",
            "withdraw": f"/complaints/{filed.id}/withdraw",
        }
        picture = evidence("more.png", house, IVAN)
        added = EvidenceAdded(
            by=IVAN.actor, text="Here.", evidence=(picture,), added_at=house.clock()
        )
        await sent(house, IVAN, "complaint", filed.id, added)
        [addition] = (await mine(house, filed))["additions"]
        assert addition["evidence"][0]["name"] == "more.png"
        assert (await mine(house, filed))["evidence"] == []
        taken = ComplaintWithdrawn(by=IVAN.actor, withdrawn_at=house.clock())
        await sent(house, IVAN, "complaint", filed.id, taken)
        seen = await mine(house, filed)
        assert (seen["state"], seen["actions"]) == ("withdrawn", [])
        assert kinds(seen)[-1] == "complaint_left"

    async def test_r31_sees_another_type_a_pause_and_a_note(self, house: House) -> None:
        filed, case_id = await house.under_review()
        await house.send(case_id, "retype", reason="FI1", explanation="It is about the text.")
        await house.send(case_id, "hold", reason="The police asked us to wait for Ivan's papers.")
        await house.send(case_id, "add-note", visibility="public", text="Please be patient.")
        await house.send(case_id, "add-note", visibility="internal", text="Looks like a rival.")
        seen = await mine(house, filed)
        assert (seen["type"], seen["filed_as"]) == ("FI", ["SM", "SM3"])
        assert seen["on_hold"] is True
        assert seen["awaiting"]["due_at"] is None
        assert [note["text"] for note in seen["notes"]] == ["Please be patient."]
        assert "police" not in str(seen)
        assert "rival" not in str(seen)
        await house.send(case_id, "resume")
        seen = await mine(house, filed)
        assert seen["on_hold"] is False
        assert kinds(seen)[-4:] == ["retyped", "held", "note_added", "resumed"]

    async def test_r31_appeals_and_is_answered(self, house: House) -> None:
        filed, case_id = await decided(house, outcome="dismissed")
        seen = await mine(house, filed)
        decision = seen["decision"]["id"]
        assert actions(seen) == {"appeal": f"/decisions/{decision}/appeal?complaint={filed.id}"}
        lodged = AppealLodged(
            appeal_id=new_id(),
            case_id=case_id,
            decision_id=decision,
            appellant="complainant",
            complaint_id=filed.id,
            by=IVAN.actor,
            text="You did not look at the photo of Ivan.",
            language="en",
            lodged_at=house.clock(),
        )
        await sent(house, IVAN, "response", case_id, lodged)
        assert "appeal" not in actions(await mine(house, filed))
        seen = await house.eventually(
            lambda: mine(house, filed), lambda seen: seen["state"] == "under_appeal"
        )
        assert seen["awaiting"]["who"] == "appeals_officer"
        assert seen["appeals"][0]["text"] == lodged.text
        other = await theirs(house, case_id)
        assert (other["state"], other["appeals"][0]["by"]) == ("under_appeal", "other_side")
        assert "photo" not in str(other)
        await house.send(case_id, "claim", OLGA)
        await house.send(
            case_id,
            "decide-appeal",
            OLGA,
            appeal_id=lodged.appeal_id,
            result="overturned",
            explanation="The photo shows it.",
            ruling={"outcome": "upheld", "facts": FACTS},
        )
        seen = await mine(house, filed)
        assert (seen["state"], seen["outcome"]) == ("decided", "upheld")
        assert [each["outcome"] for each in seen["earlier_decisions"]] == ["dismissed"]
        assert seen["appeals"][0]["result"] == "overturned"
        other = await theirs(house, case_id)
        assert other["decision"]["outcome"] == "upheld"
        assert "appeal" in actions(other)  # the other side, which the appeal changed things for
        assert "appeal" not in actions(seen)

    async def test_r31_the_list_says_how_each_one_stands(self, house: House) -> None:
        before, _ = await house.under_review()
        filed, _ = await decided(house, outcome="dismissed")
        page = await house.get("/center/complaints", IVAN, limit=1)
        assert page["items"][0]["id"] == filed.id
        assert page["items"][0]["status"] == "Your complaint was dismissed."
        older = await house.get("/center/complaints", IVAN, limit=1, cursor=page["next"])
        assert older["items"][0]["id"] == before.id


class TestTheAccused:
    async def test_r34_sees_what_is_alleged_and_the_listing_as_it_was(self, house: House) -> None:
        _, case_id = await asked(house)
        listed = await house.get("/center/cases", SUNRISE, limit=1)
        assert (listed["items"][0]["id"], listed["items"][0]["can_answer"]) == (case_id, True)
        seen = await theirs(house, case_id)
        assert seen["allegation"] == "It is listed wrongly."
        assert seen["product"]["seller"] == "Sunrise Store"
        assert seen["product"]["price"].endswith(" EUR")
        assert seen["product"]["picture_url"].endswith(".svg")
        assert set(actions(seen)) == {"answer", "ask_for_time"}

    async def test_r35_asks_for_more_time_and_gets_it(self, house: House) -> None:
        _, case_id = await asked(house)
        before = await theirs(house, case_id)
        wish = ExtensionRequested(
            case_id=case_id, by=SUNRISE.id, reason="On a journey.", requested_at=house.clock()
        )
        await sent(house, SUNRISE, "response", case_id, wish)
        seen = await theirs(house, case_id)
        assert (seen["extension"]["state"], seen["extension"]["reason"]) == ("asked", wish.reason)
        assert set(actions(seen)) == {"answer"}
        await house.eventually(
            lambda: theirs(house, case_id), lambda seen: "extension_asked" in kinds(seen)
        )
        await house.send(case_id, "claim")
        await house.send(case_id, "grant-extension", days=3)
        seen = await theirs(house, case_id)
        assert seen["extension"]["state"] == "granted"
        assert seen["answer_due_at"] == seen["extension"]["due_at"] > before["answer_due_at"]

    async def test_r35_sends_more_evidence_after_the_answer(self, house: House) -> None:
        _, case_id = await asked(house)
        await house.intake.answer(case_id)
        more = EvidenceSupplied(
            case_id=case_id,
            by=SUNRISE.id,
            text="And the invoice.",
            evidence=(evidence("invoice.png", house, SUNRISE),),
            received_at=house.clock(),
        )
        await sent(house, SUNRISE, "response", case_id, more)
        seen = await theirs(house, case_id)
        assert set(actions(seen)) == {"send_evidence"}
        assert [each["text"] for each in seen["more_evidence"]] == ["And the invoice."]
        await house.eventually(
            lambda: theirs(house, case_id),
            lambda seen: "accused_evidence_received" in kinds(seen),
        )
        assert len((await theirs(house, case_id))["more_evidence"]) == 1

    async def test_r34_is_told_of_an_interim_measure_and_its_reasons(self, house: House) -> None:
        filed, case_id = await house.under_review()
        await house.send(
            case_id, "impose-interim-measure", kind="listing_hidden", facts="It looks dangerous."
        )
        [interim] = (await theirs(house, case_id))["interim_measures"]
        assert interim["statement"]["facts"] == "It looks dangerous."
        assert interim["lifted_at"] is None
        assert "dangerous" not in str(await mine(house, filed))

    async def test_r36_sees_points_thresholds_and_how_each_figure_came_about(
        self, house: House
    ) -> None:
        _, case_id = await decided(house, findings=[{"reason": "FI1", "gravity": "serious"}])

        async def standing() -> Any:
            return await house.get("/center/standing", SUNRISE)

        found = await house.eventually(
            standing, lambda seen: any(each["case_id"] == case_id for each in seen["findings"])
        )
        finding = next(each for each in found["findings"] if each["case_id"] == case_id)
        assert (finding["track"], finding["points"], finding["counts"]) == ("TRX", "12", True)
        assert finding["steps"][0] == ["base", "12"]
        assert finding["expires_at"][:4] > finding["at"][:4]
        track = next(each for each in found["tracks"] if each["track"] == "TRX")
        assert float(track["total"]) >= 12
        assert [each["points"] for each in track["thresholds"]] == ["12", "24", "36", "48"]
        assert float(track["next"]["points"]) > float(track["total"])
        [on_case] = (await theirs(house, case_id))["findings"]
        assert on_case["id"] == finding["id"]

    async def test_r36_a_measure_is_on_the_standing_once_a_person_has_decided_it(
        self, house: House
    ) -> None:
        _, case_id = await decided(house, findings=[{"reason": "CF1", "gravity": "serious"}])

        async def proposed() -> Any:
            return (await house.get("/moderation/measures/proposed", SVEN))["items"]

        found = await house.eventually(
            proposed, lambda items: any(each["case_id"] == case_id for each in items)
        )
        measure = next(each for each in found if each["case_id"] == case_id)
        before = await house.get("/center/standing", SUNRISE)
        assert measure["id"] not in {each["id"] for each in before["measures"]}
        path = f"/moderation/members/member:{SUNRISE.id}/measures/{measure['id']}/approve"
        answer = await house.http.post(f"/api/v1{path}", json={}, headers=house.headers(SVEN))
        assert answer.status_code == 200, answer.text
        house.written = max(house.written, answer.json()["sequence"])
        after = await house.get("/center/standing", SUNRISE)
        [shown] = [each for each in after["measures"] if each["id"] == measure["id"]]
        assert shown["state"] in ("active", "announced")


class TestOpenPages:
    async def test_what_changes_concerns_its_readers_and_nobody_else(self, house: House) -> None:
        filed, case_id = await asked(house)
        other = await house.intake.file(LAYLA, product_id=new_product())
        await house.opened(other)
        store = CenterStore(house.app.state.parts.database)
        wanted = {
            f"complaint:{filed.id}",
            f"complaint:{other.id}",
            f"complainant:{IVAN.party}",
            f"complainant:{LAYLA.party}",
            f"accused:{SUNRISE.id}",
            "accused:somebody-else",
        }
        of_case = await store.audiences([Change("case", case_id)], wanted)
        assert set(of_case) == {
            f"complaint:{filed.id}",
            f"complainant:{IVAN.party}",
            f"accused:{SUNRISE.id}",
        }
        of_complaint = await store.audiences([Change("complaint", other.id)], wanted)
        assert set(of_complaint) == {f"complaint:{other.id}", f"complainant:{LAYLA.party}"}

    async def test_a_stream_is_for_those_who_may_read_the_page(self, house: House) -> None:
        filed, case_id = await asked(house)
        for path, who, status in (
            (f"/center/complaints/{filed.id}/live", LAYLA, 404),
            (f"/center/complaints/{filed.id}/live", None, 401),
            (f"/center/cases/{case_id}/live", IVAN, 404),
            (f"/center/cases/{case_id}/live", None, 401),
            ("/center/live", None, 401),
        ):
            answer = await house.http.get(path, headers=house.headers(who))
            assert answer.status_code == status, path


async def page(house: House, path: str, who: Principal | None = None, **query: str) -> str:
    """A page as a browser without scripts gets it, in English."""
    params: dict[str, str] = {"after": str(house.written), "lang": "en", **query}
    answer = await house.http.get(
        path,
        params=params,
        headers={"accept": "text/html"} | house.headers(who),
    )
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


class TestPages:
    async def test_r33_the_page_says_what_is_awaited_and_to_watch_the_mailbox(
        self, house: House
    ) -> None:
        filed, _ = await asked(house)
        told = await page(house, f"/center/complaints/{filed.id}", IVAN)
        assert "The other side answers by" in told
        assert "Every change is also sent to you by e-mail" in told
        assert f'href="/complaints/{filed.id}/withdraw"' in told
        assert f'data-live="/center/complaints/{filed.id}/live?after=' in told

    async def test_r31_the_page_shows_what_the_complainant_is_asked(self, house: House) -> None:
        filed, case_id = await house.under_review()
        question = "When did you order it?"
        await house.send(case_id, "request-information", complaint_id=filed.id, question=question)
        told = await page(house, f"/center/complaints/{filed.id}", IVAN)
        assert question in told
        assert f'href="/complaints/{filed.id}/add"' in told

    async def test_a_guests_token_goes_along_on_every_way_on(self, house: House) -> None:
        filed, _ = await house.under_review(GUEST)
        token = house.guest_token(filed.id)
        told = await page(house, f"/center/complaints/{filed.id}", token=token)
        assert f'href="/complaints/{filed.id}/add?token={token}"' in told
        assert f"&token={token}" in told.partition("data-live=")[2].partition(">")[0]

    async def test_r36_a_blocked_member_reads_the_decision_and_appeals_by_a_signed_link(
        self, house: House
    ) -> None:
        _, case_id = await decided(house)
        token = house.app.state.auth.links.sign("case", case_id, holder=SUNRISE.id)
        told = await page(house, f"/center/cases/{case_id}", token=token)
        assert FACTS in told
        decision = (await theirs(house, case_id))["decision"]["id"]
        assert f'href="/decisions/{decision}/appeal?token={token}"' in told

    async def test_r36_the_standing_says_what_counts_and_what_comes_next(
        self, house: House
    ) -> None:
        told = await page(house, "/center/standing", SUNRISE)
        assert "How your account stands" in told
        assert "At 48: Account closed for good" in told
        assert "Nothing is on your record" in await page(house, "/center/standing", LAYLA)
