"""From a filed complaint to a decided case, on a real log: what everybody sees, and when."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from deploy.topology import Topology
from tests.moderation_house import (
    GUEST,
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

pytestmark = pytest.mark.anyio
PICTURE = b"\x89PNG\r\n\x1a\n of the shop"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("moderation")
    database_url = (
        sqlite(folder)
        if request.param == "sqlite"
        else await request.getfixturevalue("postgresql").fresh()
    )
    with Topology(folder, only=["streams", "marketplace"]) as topology:
        async with moderation(topology, database_url=database_url, clock=MovedClock()) as running:
            yield running


async def reviewed(house: House, case_id: str) -> None:
    await house.send(case_id, "admit")
    await house.send(case_id, "claim")


async def asked(house: House, case_id: str) -> None:
    await reviewed(house, case_id)
    await house.send(case_id, "request-counter-notice", allegation="It is listed wrongly.")


class TestComplaintsBecomeCases:
    async def test_a_complaint_is_seen_at_once_and_then_has_a_case(self, house: House) -> None:
        filed = await house.intake.file(product_id=new_product())
        path = f"/center/complaints/{filed.id}"
        seen = await house.get(path, IVAN, after=filed.sequence)
        assert (seen["number"], seen["state"]) == (filed.number, "submitted")
        opened = await house.opened(filed)
        assert opened["state"] == "submitted"
        assert opened["case"]["state"] == "submitted"
        assert opened["awaiting"]["who"] == "moderators"
        assert [entry["kind"] for entry in opened["timeline"]] == ["submitted", "joined"]

    async def test_the_same_accused_product_and_type_make_one_case(self, house: House) -> None:
        product = new_product()
        filed = [
            await house.intake.file(who, product_id=product, reason=reason)
            for who, reason in ((IVAN, "SM3"), (LAYLA, "SM1"), (GUEST, "SM3"))
        ]
        cases = {await house.case_of(each) for each in filed}
        assert len(cases) == 1
        case = await house.get(f"/moderation/cases/{cases.pop()}", MIA)
        assert {each["id"] for each in case["complainants"]} == {each.id for each in filed}
        assert case["complaints"] == 3

    async def test_another_type_makes_another_case(self, house: House) -> None:
        product = new_product()
        wrong = await house.intake.file(product_id=product, reason="SM3")
        fake = await house.intake.file(product_id=product, reason="CF1")
        assert await house.case_of(wrong) != await house.case_of(fake)

    async def test_the_accused_is_who_the_catalogue_says(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        assert (await house.get(f"/moderation/cases/{case_id}", MIA))["accused"] == SUNRISE.id

    async def test_a_product_that_nobody_knows_has_no_accused(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id="1404"))
        assert (await house.get(f"/moderation/cases/{case_id}", MIA))["accused"] is None
        await reviewed(house, case_id)
        told = await house.send(case_id, "request-counter-notice", status=409, allegation="…")
        assert told["type"].endswith("accused-unknown")

    async def test_many_at_once_open_one_case(self, house: House) -> None:
        product = new_product()
        filed = await asyncio.gather(*(house.intake.file(product_id=product) for _ in range(30)))
        assert len({await house.case_of(each) for each in filed}) == 1
        case = await house.get(f"/moderation/cases/{await house.case_of(filed[0])}", MIA)
        assert case["complaints"] == 30

    async def test_after_a_decision_the_next_complaint_opens_a_new_case(self, house: House) -> None:
        product = new_product()
        first = await house.case_of(await house.intake.file(product_id=product))
        await reviewed(house, first)
        await house.send(first, "decide", outcome="upheld", facts="Seen.")
        second = await house.case_of(await house.intake.file(LAYLA, product_id=product))
        assert second != first


class TestTheWholeWay:
    async def test_filed_asked_answered_decided(self, house: House) -> None:
        shot = await house.intake.upload("фото.png", PICTURE, by=IVAN)
        filed = await house.intake.file(product_id=new_product(), evidence=(shot,))
        case_id = await house.case_of(filed)
        await asked(house, case_id)

        seen = await house.get(f"/center/cases/{case_id}", SUNRISE)
        assert seen["allegation"] == "It is listed wrongly."
        assert seen["can_answer"]
        assert seen["answer_url"] == f"/cases/{case_id}/answer"
        waiting = await house.get(f"/center/complaints/{filed.id}", IVAN)
        assert waiting["state"] == "awaiting_counter_notice"
        assert waiting["awaiting"] == {"who": "accused", "due_at": seen["answer_due_at"]}

        proof = await house.intake.upload("licence.png", b"a licence", by=SUNRISE)
        sequence = await house.intake.answer(case_id, evidence=(proof,))
        mine = await house.get(f"/center/cases/{case_id}", SUNRISE, after=sequence)
        assert mine["answered"]
        case = await house.eventually(
            lambda: house.get(f"/moderation/cases/{case_id}", MIA),
            lambda case: case["state"] == "counter_notice_received",
        )
        assert case["answers"][0]["text"] == "The category is right."
        assert not case["answers"][0]["late"]

        decided = await house.send(
            case_id,
            "decide",
            outcome="upheld",
            facts="The goods are phone cases.",
            restrictions=["listing_hidden"],
        )
        assert decided["state"] == "decided"
        told = await house.get(f"/center/complaints/{filed.id}", IVAN)
        assert told["decision"]["outcome"] == "upheld"
        assert told["decision"]["reasons"] == "The goods are phone cases."
        assert len(told["decision"]["redress"]) == 3
        assert "upheld" in told["status"]
        accused = await house.get(f"/center/cases/{case_id}", SUNRISE)
        statement = accused["decision"]["statement"]
        assert statement["restrictions"] == ["listing_hidden"]
        assert "search manipulation" in statement["ground"]["reference"]

    async def test_inadmissible_is_told_with_its_reason_to_the_complainant_alone(
        self, house: House
    ) -> None:
        filed = await house.intake.file(product_id=new_product())
        case_id = await house.case_of(filed)
        await house.send(case_id, "declare-inadmissible", explanation="A private matter.")
        seen = await house.get(f"/center/complaints/{filed.id}", IVAN)
        assert seen["decision"]["outcome"] == "inadmissible"
        assert seen["decision"]["reasons"] == "A private matter."
        assert seen["decision"]["redress"]
        await house.get(f"/center/cases/{case_id}", SUNRISE, status=404)

    async def test_what_happened_before_one_joined_is_not_told_as_ones_own(
        self, house: House
    ) -> None:
        product = new_product()
        case_id = await house.case_of(await house.intake.file(product_id=product))
        await asked(house, case_id)
        late = await house.opened(await house.intake.file(LAYLA, product_id=product))
        assert [entry["kind"] for entry in late["timeline"]] == ["submitted", "joined"]
        assert late["state"] == "awaiting_counter_notice"


class TestWhoSeesWhat:
    async def test_the_accused_learns_of_the_case_when_asked_and_not_before(
        self, house: House
    ) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        await house.get(f"/center/cases/{case_id}", SUNRISE, status=404)
        await asked(house, case_id)
        assert (await house.get(f"/center/cases/{case_id}", SUNRISE))["asked_at"]
        listed = await house.get("/center/cases", SUNRISE)
        assert case_id in {each["id"] for each in listed["items"]}

    async def test_nothing_tells_the_accused_who_complained(self, house: House) -> None:
        product = new_product()
        filed = await house.intake.file(product_id=product, description="Жалоба Ивана.")
        case_id = await house.case_of(filed)
        await asked(house, case_id)
        await house.intake.answer(case_id)
        await house.eventually(
            lambda: house.get(f"/moderation/cases/{case_id}", MIA),
            lambda case: case["state"] == "counter_notice_received",
        )
        await house.send(case_id, "decide", outcome="dismissed", facts="It is right.")
        seen = await house.get(f"/center/cases/{case_id}", SUNRISE)
        listed = await house.get("/center/cases", SUNRISE)
        for secret in (filed.id, filed.number, "Жалоба", IVAN.email, IVAN.name, "ivan", "mia"):
            assert secret not in json.dumps([seen, listed], ensure_ascii=False)

    async def test_a_complaint_is_its_complainants_alone(self, house: House) -> None:
        filed = await house.intake.file(product_id=new_product())
        path = f"/center/complaints/{filed.id}"
        await house.get(path, IVAN, after=filed.sequence)
        for other in (LAYLA, SUNRISE, MIA):
            await house.get(path, other, status=404)
        await house.get(path, None, status=401)
        assert (await house.get("/center/complaints", LAYLA, status=200))["items"] is not None

    async def test_a_guest_reads_with_the_token_from_the_receipt(self, house: House) -> None:
        filed = await house.intake.file(GUEST, product_id=new_product())
        path = f"/center/complaints/{filed.id}"
        token = house.guest_token(filed.id)
        assert (await house.get(path, token=token, after=filed.sequence))["id"] == filed.id
        bearer = await house.http.get(
            f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"}
        )
        assert bearer.status_code == 200
        await house.get(path, status=403, token=token[:-2] + "xx")
        other = await house.intake.file(GUEST, product_id=new_product())
        await house.get(path, status=404, token=house.guest_token(other.id))
        await house.get("/center/complaints", status=401, token=token)

    async def test_files_are_given_to_whom_they_concern_as_attachments(self, house: House) -> None:
        shot = await house.intake.upload("фото.png", PICTURE, by=IVAN)
        filed = await house.intake.file(product_id=new_product(), evidence=(shot,))
        case_id = await house.case_of(filed)
        await asked(house, case_id)
        proof = await house.intake.upload("licence.png", b"a licence", by=SUNRISE)
        await house.intake.answer(case_id, evidence=(proof,))
        case = await house.eventually(
            lambda: house.get(f"/moderation/cases/{case_id}", MIA), lambda case: case["answers"]
        )
        for item in (case["complainants"][0]["evidence"][0], case["answers"][0]["evidence"][0]):
            given = await house.http.get(item["url"], headers=house.headers(MIA))
            assert given.status_code == 200
        mine = (await house.get(f"/center/complaints/{filed.id}", IVAN))["evidence"][0]
        got = await house.http.get(mine["url"], headers=house.headers(IVAN))
        assert got.content == PICTURE
        assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%D1")
        assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert got.headers["x-content-type-options"] == "nosniff"
        own = (await house.get(f"/center/cases/{case_id}", SUNRISE))["answers"][0]["evidence"][0]
        assert (await house.http.get(own["url"], headers=house.headers(SUNRISE))).is_success
        foreign = f"/center/cases/{case_id}/evidence/{shot.id}"
        await house.get(foreign, SUNRISE, status=404)
        await house.get(f"/center/complaints/{filed.id}/evidence/{proof.id}", IVAN, status=404)


class TestModeratorsAtWork:
    async def test_a_claimed_case_is_refused_to_others_by_name(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        await reviewed(house, case_id)
        refused = await house.send(case_id, "claim", SVEN, status=409)
        assert refused["type"] == "urn:redress:problem:claimed-by-someone-else"
        assert refused["holder"] == "mia"
        await house.send(case_id, "release")
        await house.send(case_id, "claim", SVEN)

    async def test_two_race_for_one_claim_and_one_wins(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        await house.send(case_id, "admit")
        answers = await asyncio.gather(
            *(
                house.http.post(
                    f"/api/v1/moderation/cases/{case_id}/claim", headers=house.headers(who)
                )
                for who in (MIA, SVEN)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]

    async def test_a_case_is_decided_once(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        await reviewed(house, case_id)
        await house.send(case_id, "decide", outcome="upheld", facts="Seen.")
        again = await house.send(case_id, "decide", status=409, outcome="dismissed", facts="No.")
        assert again["type"] == "urn:redress:problem:already-decided"
        assert again["instance"] == f"/api/v1/moderation/cases/{case_id}/decide"

    async def test_a_stale_version_is_refused_with_the_current_one(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        admitted = await house.send(case_id, "admit")
        stale = {"If-Match": f'"{admitted["version"] - 1}"'}
        refused = await house.send(case_id, "claim", status=412, headers=stale)
        assert refused["type"] == "urn:redress:problem:stale"
        assert refused["version"] == admitted["version"]
        fresh = {"If-Match": f'"{admitted["version"]}"'}
        await house.send(case_id, "claim", headers=fresh)

    async def test_the_version_that_is_read_is_the_one_to_match(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        admitted = await house.send(case_id, "admit")
        read = await house.http.get(
            f"/api/v1/moderation/cases/{case_id}",
            params={"after": admitted["sequence"]},
            headers=house.headers(MIA),
        )
        assert read.headers["etag"] == f'"{admitted["version"]}"'
        await house.send(case_id, "claim", headers={"If-Match": read.headers["etag"]})

    async def test_a_repeat_with_the_same_key_does_nothing_twice(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        key = {"Idempotency-Key": "admit-once"}
        first = await house.send(case_id, "admit", headers=key)
        again = await house.send(case_id, "admit", headers=key)
        assert again["sequence"] == first["sequence"]

    async def test_an_overlong_key_is_refused(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        key = {"Idempotency-Key": "k" * 201}
        problem = await house.send(case_id, "admit", status=422, headers=key)
        assert {each["field"] for each in problem["errors"]} == {"Idempotency-Key"}

    async def test_an_answer_says_what_is_allowed_next(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        admitted = await house.send(case_id, "admit")
        possible = {each["command"] for each in admitted["allowed"] if each["allowed"]}
        assert "claim" in possible
        assert not possible & {"admit", "decide", "request-counter-notice", "release"}
        claimed = await house.send(case_id, "claim")
        possible = {each["command"] for each in claimed["allowed"] if each["allowed"]}
        assert {"claim", "release", "request-counter-notice", "decide"} < possible

    async def test_an_appeals_officer_reads_and_does_not_act(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        assert (await house.get(f"/moderation/cases/{case_id}", OLGA))["id"] == case_id
        assert (await house.send(case_id, "admit", OLGA, status=403))["title"]


class TestTheQueue:
    async def test_it_is_filtered_and_paged(self, house: House) -> None:
        product = new_product()
        made = [
            await house.case_of(await house.intake.file(product_id=product, reason=reason))
            for reason in ("SM3", "CF1", "FI2", "OT1", "PR2")
        ]
        urgent = await house.get("/moderation/cases", MIA, product=product, limit=2)
        assert [each["type"] for each in urgent["items"]] == ["CF", "PR"]
        rest: list[str] = []
        page = urgent
        while page["next"]:
            page = await house.get(
                "/moderation/cases", MIA, product=product, limit=2, cursor=page["next"]
            )
            rest += [each["id"] for each in page["items"]]
        assert {*rest, *(each["id"] for each in urgent["items"])} == set(made)
        assert len(rest) == 3
        newest = await house.get("/moderation/cases", MIA, product=product, order="newest")
        assert [each["id"] for each in newest["items"]] == made[::-1]
        one = await house.get("/moderation/cases", MIA, product=product, type="FI", severity=3)
        assert [each["id"] for each in one["items"]] == [made[2]]
        none = await house.get("/moderation/cases", MIA, product=product, overdue=True)
        assert none["items"] == []

    async def test_mine_are_those_i_claimed(self, house: House) -> None:
        product = new_product()
        case_id = await house.case_of(await house.intake.file(product_id=product))
        await house.send(case_id, "claim", SVEN)
        mine: dict[str, Any] = {"mine": True, "product": product}
        assert [e["id"] for e in (await house.get("/moderation/cases", SVEN, **mine))["items"]]
        assert not (await house.get("/moderation/cases", MIA, **mine))["items"]
        assert (await house.get("/moderation/queues", SVEN))["queues"]["mine"] >= 1

    async def test_what_is_overdue_is_found(self, house: House) -> None:
        product = new_product()
        await house.case_of(await house.intake.file(product_id=product))
        house.clock.offset = timedelta(hours=73)
        try:
            late = await house.get("/moderation/cases", MIA, product=product, overdue=True)
        finally:
            house.clock.offset = timedelta()
        assert [each["overdue"] for each in late["items"]] == [True]

    async def test_counts_agree_with_the_lists(self, house: House) -> None:
        counts = (await house.get("/moderation/queues", MIA))["queues"]
        for queue, count in counts.items():
            listed = await house.get("/moderation/cases", MIA, queue=queue, limit=200)
            assert count == len(listed["items"]), queue


class TestBadInput:
    @pytest.mark.parametrize(
        ("path", "params", "field"),
        [
            ("/moderation/cases", {"state": "asleep"}, "query.state.0"),
            ("/moderation/cases", {"limit": 0}, "query.limit"),
            ("/moderation/cases", {"severity": "high"}, "query.severity"),
            ("/moderation/cases", {"cursor": "%%%"}, "cursor"),
            ("/moderation/cases", {"cursor": "MjAyNi0xMS0yMg"}, "cursor"),
            ("/moderation/cases", {"after": -1}, "query.after"),
            ("/moderation/cases", {"accused": "a\x00b"}, "accused"),
            ("/moderation/export", {"accused": "a\x00b"}, "accused"),
        ],
    )
    async def test_a_wrong_parameter_is_named(
        self, house: House, path: str, params: dict[str, Any], field: str
    ) -> None:
        refused = await house.get(path, MIA, status=422, **params)
        assert [error["field"] for error in refused["errors"]] == [field]

    async def test_nobody_and_others_do_not_see_cases(self, house: House) -> None:
        await house.get("/moderation/cases", None, status=401)
        await house.get("/moderation/cases", IVAN, status=403)

    @pytest.mark.parametrize("case_id", ["0" * 32, "Nonsense", "a.b", "*", "%3E", "%00"])
    async def test_what_does_not_exist_is_not_found(self, house: House, case_id: str) -> None:
        await house.get(f"/moderation/cases/{case_id}", MIA, status=404)
        await house.send(case_id, "admit", status=404)
        await house.get(f"/center/complaints/{case_id}", IVAN, status=404)

    async def test_a_wrong_body_is_told_beside_its_fields(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        await reviewed(house, case_id)
        empty = await house.send(case_id, "decide", status=422)
        assert {error["field"] for error in empty["errors"]} == {"outcome", "facts"}
        wrong = await house.send(
            case_id, "decide", status=422, outcome="upheld", facts="  ", restrictions=["jail"]
        )
        assert {error["field"] for error in wrong["errors"]} == {"facts", "restrictions.0"}
        odd = await house.send(
            case_id, "decide", status=422, outcome="upheld", facts="x", manifestly_unfounded=True
        )
        assert [error["field"] for error in odd["errors"]] == ["manifestly_unfounded"]
        headers = house.headers(MIA) | {"Content-Type": "application/json"}
        path = f"/api/v1/moderation/cases/{case_id}/decide"
        control = await house.send(case_id, "decide", status=422, outcome="upheld", facts="a\x00b")
        assert [error["field"] for error in control["errors"]] == ["facts"]
        broken = await house.http.post(path, content=b'{"outcome":', headers=headers)
        assert broken.status_code == 422
        assert broken.headers["content-type"] == "application/problem+json"

    async def test_a_wrong_if_match_is_named(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        await house.send(case_id, "admit", status=422, headers={"If-Match": '"abc"'})

    async def test_an_unknown_command_is_not_found(self, house: House) -> None:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        await house.send(case_id, "lapse", status=404)
