"""The console and the Complaint Center as browsers get them: forms, refusals, who sees what."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest

from deploy.topology import Topology
from services.runtime.auth import Principal
from tests.moderation_house import (
    GUEST,
    IVAN,
    LAYLA,
    MIA,
    SUNRISE,
    SVEN,
    Filed,
    House,
    MovedClock,
    moderation,
    new_product,
    sqlite,
)
from tests.visiting import Visitor, text_of

pytestmark = pytest.mark.anyio

WORDS = "Чехол <script>alert(1)</script> в категории «Косметички»"
FACTS = "The listing stands in Cosmetic bags; the goods are phone cases."


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("pages")
    with Topology(folder, only=["streams", "marketplace"]) as topology:
        async with moderation(topology, database_url=sqlite(folder), clock=MovedClock()) as running:
            yield running


async def opened(house: House, who: Principal = IVAN, **filed: Any) -> tuple[Filed, str]:
    complaint = await house.intake.file(who, product_id=new_product(), description=WORDS, **filed)
    return complaint, await house.case_of(complaint)


async def reviewed(house: House, who: Principal = IVAN, **filed: Any) -> tuple[Filed, str]:
    return await house.under_review(who, description=WORDS, **filed)


class TestTheConsole:
    async def test_is_for_moderators(self, house: House) -> None:
        stranger = await Visitor(house, None).http.get("/moderation")
        assert stranger.status_code == 303
        assert stranger.headers["location"] == "/sign-in?next=/moderation"
        assert "needs another role" in await Visitor(house, IVAN).page("/moderation", status=403)

    async def test_lists_cases_by_queue_and_type(self, house: House) -> None:
        _, case_id = await opened(house)
        mia = Visitor(house, MIA)
        link = f"/moderation/cases/{case_id}"
        assert link in await mia.page("/moderation?queue=new&type=SM")
        assert link not in await mia.page("/moderation?queue=new&type=CF")
        assert link not in await mia.page("/moderation?queue=mine")
        await house.send(case_id, "claim")
        await mia.page(link)
        assert "You" in text_of(await mia.page("/moderation?queue=mine"))

    async def test_shows_complaints_in_their_own_words_and_direction(self, house: House) -> None:
        filed, case_id = await opened(house)
        page = await Visitor(house, MIA).page(f"/moderation/cases/{case_id}")
        assert '<div class="user-text" dir="auto" lang="ru">' in page
        assert "<script>alert" not in page
        assert WORDS in text_of(page)
        assert filed.number in text_of(page)
        assert IVAN.email in text_of(page)

    async def test_offers_only_what_is_possible(self, house: House) -> None:
        _, case_id = await opened(house)
        path = f"/moderation/cases/{case_id}"
        new = await Visitor(house, MIA).page(path)
        assert f'action="{path}/admit"' in new
        assert f'action="{path}/decide"' not in new
        await house.send(case_id, "admit")
        await house.send(case_id, "claim")
        assert f'action="{path}/decide"' in await Visitor(house, MIA).page(path)
        others = await Visitor(house, SVEN).page(path)
        assert f'action="{path}/decide"' not in others
        assert "mia is working on this case" in text_of(others)

    async def test_carries_out_a_command_and_says_what_it_came_to(self, house: House) -> None:
        _, case_id = await opened(house)
        mia = Visitor(house, MIA)
        answer = await mia.send(await mia.page(f"/moderation/cases/{case_id}"), "admit")
        assert answer.status_code == 303
        assert "The case is admitted." in await mia.page(answer.headers["location"])

    async def test_refuses_a_form_that_another_site_could_have_sent(self, house: House) -> None:
        _, case_id = await opened(house)
        mia = Visitor(house, MIA)
        answer = await mia.http.post(f"/moderation/cases/{case_id}/admit", data={})
        assert answer.status_code == 403
        case = await house.get(f"/moderation/cases/{case_id}", MIA)
        assert case["state"] == "open"

    async def test_says_beside_each_field_what_a_decision_lacks(self, house: House) -> None:
        _, case_id = await reviewed(house)
        mia = Visitor(house, MIA)
        page = await mia.page(f"/moderation/cases/{case_id}")
        answer = await mia.send(
            page,
            "decide",
            ground_kind="law",
            ground_reference="Regulation <1>",
            territory="Germany",
            ends_on="soon",
        )
        assert answer.status_code == 422
        assert 'href="#field-ends_on">Enter the last day as a date' in answer.text
        answer = await mia.send(
            page, "decide", ground_kind="law", ground_reference="Regulation <1>", territory="Mars"
        )
        assert answer.status_code == 422
        for field in ("outcome", "facts", "ground_explanation", "territory"):
            assert f'href="#field-{field}"' in answer.text
        assert 'value="Regulation &lt;1&gt;"' in answer.text

    async def test_tells_contradictions_beside_their_fields(self, house: House) -> None:
        _, case_id = await reviewed(house)
        mia = Visitor(house, MIA)
        page = await mia.page(f"/moderation/cases/{case_id}")
        answer = await mia.send(
            page,
            "decide",
            outcome="dismissed",
            facts=FACTS,
            restrictions=["warning"],
            territory="worldwide",
            ends_on="2020-01-01",
        )
        assert answer.status_code == 422
        assert 'href="#field-restrictions">A dismissed complaint restricts nothing.' in answer.text
        assert 'href="#field-ends_on"' in answer.text
        assert FACTS in answer.text

    async def test_shows_a_decision_as_the_accused_will_read_it(self, house: House) -> None:
        _, case_id = await reviewed(house)
        mia = Visitor(house, MIA)
        decision = {
            "outcome": "upheld",
            "facts": FACTS,
            "restrictions": ["listing_hidden"],
            "territory": "de, fr",
            "ends_on": "2199-12-31",
        }
        page = await mia.page(f"/moderation/cases/{case_id}")
        preview = await mia.send(page, "decide", intent="preview", **decision)
        assert preview.status_code == 200
        assert (await house.get(f"/moderation/cases/{case_id}", MIA))["state"] == "under_review"
        answer = await mia.send(preview.text, "decide", intent="decide", **decision)
        assert answer.status_code == 303
        told = await Visitor(house, SUNRISE).page(f"/center/cases/{case_id}")
        assert _statement(preview.text) == _statement(told)
        assert "DE, FR" in _statement(told)
        assert "1 Jan 2200" in _statement(told)

    async def test_keeps_what_was_typed_when_the_case_has_changed(self, house: House) -> None:
        _, case_id = await reviewed(house)
        mia = Visitor(house, MIA)
        page = await mia.page(f"/moderation/cases/{case_id}")
        await house.send(case_id, "claim")
        decision = {"outcome": "upheld", "facts": FACTS, "territory": "worldwide"}
        answer = await mia.send(page, "decide", **decision)
        assert answer.status_code == 412
        assert "The case has changed since you opened it." in answer.text
        assert FACTS in answer.text
        again = await mia.page(f"/moderation/cases/{case_id}")
        assert (await mia.send(again, "decide", **decision)).status_code == 303

    async def test_tells_who_holds_a_case_that_cannot_be_claimed(self, house: House) -> None:
        _, case_id = await opened(house)
        sven = Visitor(house, SVEN)
        page = await sven.page(f"/moderation/cases/{case_id}")
        await house.send(case_id, "claim")
        page = re.sub(r'(name="version" value=")\d+', r"\g<1>", page)  # an old form, no version
        answer = await sven.send(page, "claim")
        assert answer.status_code == 409
        assert "mia is working on this case until" in answer.text

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/moderation/cases/nothing-here", 404),
            ("/moderation/cases/No%20id", 404),
            ("/moderation?queue=unheard-of", 404),
            ("/moderation?cursor=nonsense", 422),
        ],
    )
    async def test_answers_wrong_addresses_with_a_page(
        self, house: House, path: str, status: int
    ) -> None:
        page = await Visitor(house, MIA).page(path, status=status)
        assert "To the start page" in text_of(page)


class TestTheComplaintCenter:
    async def test_shows_strangers_the_ways_in(self, house: House) -> None:
        page = text_of(await Visitor(house, None).page("/center"))
        assert "Sign in" in page
        assert "Open the link in the receipt" in page
        filed, _ = await opened(house)
        await Visitor(house, None).page(f"/center/complaints/{filed.id}", status=401)

    async def test_shows_complainants_how_their_complaint_stands(self, house: House) -> None:
        """R31, R33: the state of the complaint; that mail is sent too, and to watch for it."""
        filed, case_id = await reviewed(house)
        ivan = Visitor(house, IVAN)
        assert f"/center/complaints/{filed.id}" in await ivan.page("/center")
        page = text_of(await ivan.page(f"/center/complaints/{filed.id}"))
        assert filed.number in page
        assert "A moderator is working on it" in page
        assert WORDS in page
        assert "Every change is also sent to you by e-mail" in page
        assert "Watch the mailbox of" in page
        await house.send(case_id, "request-counter-notice", allegation="Wrong category.")
        page = text_of(await ivan.page(f"/center/complaints/{filed.id}"))
        assert "The other side was asked to answer" in page
        await Visitor(house, LAYLA).page(f"/center/complaints/{filed.id}", status=404)

    async def test_opens_a_guests_complaint_by_the_receipts_link(self, house: House) -> None:
        picture = await house.intake.upload("shop.png", b"\x89PNG", by=GUEST)
        filed, _ = await opened(house, GUEST, evidence=(picture,))
        token = house.guest_token(filed.id)
        guest = Visitor(house, None)
        page = await guest.page(f"/center/complaints/{filed.id}?token={token}")
        assert filed.number in page
        file = re.search(r'href="(/api/v1/center/[^"]+/evidence/[^"]+)"', page)
        assert file
        download = await guest.http.get(unescape(file[1]))
        assert download.status_code == 200
        assert "attachment" in download.headers["content-disposition"]
        other, _ = await opened(house, GUEST)
        await guest.page(f"/center/complaints/{other.id}?token={token}", status=404)
        await guest.page(f"/center/complaints/{filed.id}?token={token}x", status=403)

    async def test_tells_the_accused_what_is_alleged_and_never_who_complained(
        self, house: House
    ) -> None:
        """R34, R35, and Art. 16: the complainant's identity stays with the moderators."""
        who = Principal("member", "anna-k", "Anna Karenina", "anna@example.net", "ru")
        filed, case_id = await reviewed(house, who)
        seller = Visitor(house, SUNRISE)
        await seller.page(f"/center/cases/{case_id}", status=404)
        await house.send(case_id, "request-counter-notice", allegation="Wrong category.")
        pages = [await seller.page(f"/center/cases/{case_id}"), await seller.page("/center")]
        assert "Wrong category." in text_of(pages[0])
        assert f'href="/cases/{case_id}/answer"' in pages[0]
        assert f"/center/cases/{case_id}" in pages[1]
        house.written = await house.intake.answer(case_id, text="It is right: see the photo.")
        await house.eventually(
            lambda: house.get(f"/moderation/cases/{case_id}", MIA),
            lambda case: case["state"] == "counter_notice_received",
        )
        pages.append(await seller.page(f"/center/cases/{case_id}"))
        assert "It is right: see the photo." in text_of(pages[-1])
        await house.send(case_id, "claim")
        await house.send(case_id, "decide", outcome="upheld", facts=FACTS)
        pages.append(await seller.page(f"/center/cases/{case_id}"))
        assert "The complaint about you was upheld" in text_of(pages[-1])
        assert FACTS in text_of(pages[-1])
        for page in pages:
            for secret in (who.id, who.name, who.email, WORDS, filed.id, filed.number):
                assert secret not in unescape(page)

    async def test_shows_the_accused_the_files_that_a_moderator_marked_and_no_other(
        self, house: House
    ) -> None:
        """R34: evidence reaches the accused as far as needed, without names."""
        one = await house.intake.upload("anna-at-home.png", b"\x89PNG 1", by=IVAN)
        two = await house.intake.upload("my-order.png", b"\x89PNG 2", by=IVAN)
        _, case_id = await reviewed(house, IVAN, evidence=(one, two))
        console = await Visitor(house, MIA).page(f"/moderation/cases/{case_id}")
        assert f'name="evidence" value="{one.id}"' in console
        ask = "Wrong category."
        refused = await house.send(
            case_id, "request-counter-notice", status=422, evidence=["0" * 32], allegation=ask
        )
        assert refused["errors"][0]["field"] == "evidence"
        await house.send(case_id, "request-counter-notice", evidence=[one.id], allegation=ask)
        await Visitor(house, MIA).page(f"/moderation/cases/{case_id}")
        seller = Visitor(house, SUNRISE)
        page = await seller.page(f"/center/cases/{case_id}")
        assert one.id in page
        for secret in ("anna-at-home", "my-order", two.id):
            assert secret not in page
        for file, status in ((one, 200), (two, 404)):
            address = f"/api/v1/center/cases/{case_id}/evidence/{file.id}"
            answer = await house.http.get(address, headers=house.headers(SUNRISE))
            assert answer.status_code == status
            assert "anna" not in str(answer.headers)
            assert status == 404 or answer.content == b"\x89PNG 1"

    async def test_tells_complainants_the_decision_with_its_reasons(self, house: House) -> None:
        filed, case_id = await reviewed(house)
        await house.send(case_id, "decide", outcome="dismissed", facts=FACTS)
        page = text_of(await Visitor(house, IVAN).page(f"/center/complaints/{filed.id}"))
        assert "Your complaint was dismissed" in page
        assert FACTS in page
        assert "You can appeal" in page

    async def test_tells_complainants_why_it_could_not_be_admitted(self, house: House) -> None:
        filed, case_id = await opened(house)
        mia = Visitor(house, MIA)
        page = await mia.page(f"/moderation/cases/{case_id}")
        answer = await mia.send(page, "declare-inadmissible", explanation="Nothing sold here.")
        assert answer.status_code == 303
        page = text_of(await Visitor(house, IVAN).page(f"/center/complaints/{filed.id}"))
        assert "Your complaint could not be admitted" in page
        assert "Nothing sold here." in page


def _statement(page: str) -> str:
    """The statement of reasons on a page, without the minute it was made in."""
    found = re.search(r'<div class="statement.*?</div>\s*</section>', page, re.DOTALL)
    assert found
    return re.sub(r"\d+ \w+ 20\d\d, \d\d:\d\d UTC", "", text_of(found[0]), count=1)
