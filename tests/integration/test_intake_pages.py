"""The wizard, the receipt and the answer as a browser without scripts meets them (R15 to R35)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.runtime.projection import Projector
from tests.browsing import Browser
from tests.intake_house import IVAN, LINK, SHENZHEN, SUNRISE, House, intake, picture, sqlite
from tests.servers import NatsServer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def house(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: object
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("intake")
    server = NatsServer(folder / "nats")
    server.start()
    async with intake(server, database_url=sqlite(folder)) as house:
        yield house
    server.stop()


@pytest.fixture
async def guest(house: House) -> AsyncIterator[Browser]:
    async with Browser.of(house) as browser:
        yield browser


@pytest.fixture
async def ivan(house: House) -> AsyncIterator[Browser]:
    async with Browser.of(house, IVAN) as browser:
        yield browser


ABOUT_ME = {
    "description": "Чехол для телефона выставлен в категории «Косметички».",
    "name": "A guest",
    "email": "guest@example.org",
    "good_faith": "true",
}


async def test_the_start_page_leads_everybody_in(guest: Browser) -> None:
    page = await guest.open("/")
    for way in ('href="/complaints/new"', 'href="/center"', 'href="/sign-in'):
        assert way in guest.answer.text
    assert "Search exposure cheating" in page.text


async def test_r15_to_r33_a_guest_walks_through_the_guides_example(
    house: House, guest: Browser
) -> None:
    page = await guest.open("/complaints/new")
    assert page.choices["choice"] == ["complaint", "dispute"]
    await guest.press(choice="complaint")
    page = await guest.press(product_link=f"see here: {LINK}).")
    assert "Item 32700000001" in page.text
    assert page.choices["type"] == ["CF", "PR", "SM", "OT", "FI"]
    assert "Report" in page.text
    page = await guest.press(type="SM")
    assert page.choices["reason"][2] == "SM3"
    page = await guest.press(reason="SM3")
    assert "What helps a moderator" in page.text
    page = await guest.press(files=[("case.jpg", picture())], typed=ABOUT_ME)
    assert "Is everything right?" in page.text
    assert "Русский" in page.text
    assert "case.jpg" in page.text
    page = await guest.press()
    assert "Complaint received" in page.text
    assert "Watch your mailbox" in page.text
    assert "guest@example.org" in page.text
    assert guest.answer.history[0].status_code == 303
    complaint_id = guest.answer.url.path.rpartition("/")[2]
    _, filed = await house.filed(complaint_id)
    assert filed.number in page.text
    assert f"/center/complaints/{complaint_id}?after=" in guest.answer.text
    assert (filed.reason, filed.language, filed.description) == (
        "SM3",
        "ru",
        ABOUT_ME["description"],
    )
    assert [each.name for each in filed.evidence] == ["case.jpg"]


async def test_a_member_is_not_asked_for_name_and_address(house: House, ivan: Browser) -> None:
    await ivan.to_details()
    assert not ivan.value("email")
    page = await ivan.press(description="Подделка.", good_faith="true")
    assert "ivan@example.com" in page.text
    await ivan.press()
    _, filed = await house.filed(ivan.answer.url.path.rpartition("/")[2])
    assert filed.complainant.id == "ivan"


async def test_r18_a_dispute_is_explained_and_complaining_stays_possible(guest: Browser) -> None:
    await guest.open("/complaints/new?product_link=" + LINK)
    page = await guest.press(choice="dispute")
    assert "dispute is opened with the order" in page.text
    assert "48 hours" in page.text
    await guest.press()
    assert guest.value("product_link") == [LINK]


async def test_a_link_given_in_the_address_is_filled_in(guest: Browser) -> None:
    await guest.open("/complaints/new?product_link=" + LINK)
    await guest.press(choice="complaint")
    assert guest.value("product_link") == [LINK]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Paste the link to the product."),
        ("https://www.aliexpress.com.evil.example/item/1.html", "evil.example"),
        ("https://www.aliexpress.com/store/1", "a shop"),
    ],
)
async def test_r19_a_wrong_link_is_told_beside_its_field_and_kept(
    guest: Browser, typed: str, sentence: str
) -> None:
    await guest.open("/complaints/new")
    await guest.press(choice="complaint")
    page = await guest.press(product_link=typed, status=422)
    assert sentence in page.text
    assert guest.value("product_link") == [typed]


async def test_a_short_link_is_taken_unresolved(house: House, guest: Browser) -> None:
    await guest.open("/complaints/new")
    await guest.press(choice="complaint")
    page = await guest.press(product_link="https://a.aliexpress.com/_mKjL9Cq")
    assert "Item not identified yet" in page.text


async def test_each_step_asks_for_its_answer(guest: Browser) -> None:
    await guest.open("/complaints/new")
    assert "Choose one of the two." in (await guest.press(status=422)).text
    await guest.press(choice="complaint")
    await guest.press(product_link=LINK)
    assert "Choose what kind" in (await guest.press(status=422)).text
    await guest.press(type="SM")
    assert "Choose the reason" in (await guest.press(reason="CF1", status=422)).text
    await guest.press(reason="SM3")
    text = (await guest.press(status=422)).text
    for sentence in ("in your own words", "your name", "your e-mail address", "Confirm that"):
        assert sentence in text


async def test_nothing_typed_or_attached_is_lost_on_the_way_back_and_forth(
    guest: Browser,
) -> None:
    await guest.to_details()
    await guest.press(
        "back",
        files=[("case.jpg", picture())],
        typed=ABOUT_ME,
        good_faith="",
        name="<b>Я</b>",
    )
    assert guest.value("reason") == ["SM3"]
    page = await guest.press()
    assert guest.value("description") == ["\n" + ABOUT_ME["description"]]
    assert guest.value("name") == ["<b>Я</b>"]
    assert "case.jpg" in page.text
    assert "<b>Я</b>" not in guest.answer.text


async def test_a_bad_file_is_named_and_the_good_one_and_all_words_stay(guest: Browser) -> None:
    await guest.to_details()
    files = [("case.jpg", picture()), ("virus.jpg", b"MZ\x90\0" * 100)]
    page = await guest.press(files=files, status=422, typed=ABOUT_ME)
    assert "virus.jpg looks like this" in page.text
    assert len(guest.value("evidence")) == 1
    assert guest.value("email") == ["guest@example.org"]
    page = await guest.press(f"remove:{guest.value('evidence')[0]}")
    assert not guest.value("evidence")
    page = await guest.press(files=[("big.jpg", b"\xff\xd8\xff" + b"\0" * 11_000_000)], status=422)
    assert "big.jpg has 11 MB" in page.text


async def test_at_most_five_files_are_attached(guest: Browser) -> None:
    await guest.to_details()
    files = [(f"{n}.jpg", picture((60, 40 + n))) for n in range(6)]
    page = await guest.press(files=files, status=422, typed=ABOUT_ME)
    assert "At most 5 files" in page.text
    assert len(guest.value("evidence")) == 5


async def test_a_correction_from_the_summary_leads_straight_back_to_it(guest: Browser) -> None:
    await guest.to_details()
    await guest.press(typed=ABOUT_ME)
    await guest.press("to:product")
    page = await guest.press(product_link="https://www.aliexpress.com/item/4000900052700.html")
    assert "Is everything right?" in page.text
    assert "Item 4000900052700" in page.text
    await guest.press("to:type")
    page = await guest.press(type="CF")
    assert "What exactly?" in page.text  # the old reason is none of the new type


async def test_submitting_twice_files_once(house: House, guest: Browser) -> None:
    await guest.to_details()
    await guest.press(typed=ABOUT_ME)
    summary, answer = guest.page, guest.answer
    await guest.press()
    first = guest.answer.url
    guest.page, guest.answer = summary, answer
    await guest.press()
    assert guest.answer.url == first
    guest.page, guest.answer = summary, answer
    guest.page.fields = [
        (name, "Something else." if name == "description" else value)
        for name, value in guest.page.fields
    ]
    page = await guest.press(status=422)
    assert "another complaint was filed" in page.text


async def test_a_form_sent_by_another_site_files_nothing(guest: Browser) -> None:
    await guest.open("/complaints/new")
    await guest.press(choice="complaint", csrf_token="forged", status=403)


async def test_a_form_made_up_by_hand_is_led_to_the_first_flaw(guest: Browser) -> None:
    await guest.open("/complaints/new")
    page = await guest.press(step="summary", product_link=LINK, choice="x", status=422)
    assert "Choose what kind" in page.text


async def test_what_is_reported_already_is_said(house: House, guest: Browser) -> None:
    projector: Projector = house.app.state.parts.projectors[0]
    _, sequence = await house.case(product_id="32700000001", complaints=2)
    await projector.wait_for(sequence)
    await guest.open("/complaints/new")
    await guest.press(choice="complaint")
    await guest.press(product_link=LINK)
    page = await guest.press(type="SM")
    assert "There are 2 complaints of this type about this item." in page.text


async def test_a_receipt_is_shown_only_to_who_filed(house: House, guest: Browser) -> None:
    receipt = await house.post(
        "/complaints", {**ABOUT_ME, "product_link": LINK, "reason": "SM3", "good_faith": True}
    )
    path = f"/complaints/{receipt['id']}"
    await guest.open(path, status=404)
    assert receipt["number"] in (await guest.open(f"{path}?token={receipt['token']}")).text
    await guest.open(f"{path}?token=link_x.y", status=403)
    await guest.open("/complaints/" + "0" * 32, status=404)
    async with Browser.of(house, SHENZHEN) as other:
        await other.open(path, status=404)


# --- the accused ------------------------------------------------------------------------------


async def test_r35_the_accused_answers_on_a_page(house: House) -> None:
    case_id, _ = await house.case()
    async with Browser.of(house, SUNRISE) as seller:
        page = await seller.open(f"/cases/{case_id}/answer")
        assert "What is alleged" in page.text
        page = await seller.press(files=[("proof.jpg", picture())], text=" ", status=422)
        assert "Describe the situation" in page.text
        assert len(seller.value("evidence")) == 1
        await seller.press(text="The category is right.", status=404)  # the center is moderation's
        assert str(seller.answer.url.path) == f"/center/cases/{case_id}"
        assert seller.answer.url.params["after"]
        assert "You have answered already" in (await seller.open(f"/cases/{case_id}/answer")).text


async def test_after_the_deadline_the_page_says_that_an_answer_is_late(house: House) -> None:
    case_id, _ = await house.case(due_in=timedelta(seconds=-1))
    async with Browser.of(house, SUNRISE) as seller:
        page = await seller.open(f"/cases/{case_id}/answer")
        assert "The time to answer is over" in page.text


async def test_who_may_not_answer_sees_why(house: House, guest: Browser) -> None:
    asked, _ = await house.case()
    unasked, _ = await house.case(due_in=None)
    guest.http.follow_redirects = False
    await guest.open(f"/cases/{asked}/answer", status=303)
    assert guest.answer.headers["location"].startswith("/sign-in?next=")
    async with Browser.of(house, SHENZHEN) as other:
        await other.open(f"/cases/{asked}/answer", status=404)
    async with Browser.of(house, SUNRISE) as seller:
        page = await seller.open(f"/cases/{unasked}/answer", status=409)
        assert "not been asked" in page.text


async def test_r17_every_pages_help_menu_leads_to_submit_a_complaint(guest: Browser) -> None:
    for path in ("/", "/help", "/complaints/new"):
        page = await guest.open(path)
        assert "Submit a complaint" in page.text
        assert 'href="/complaints/new"' in guest.answer.text


async def test_r21_r24_r27_report_leads_to_a_description_with_guidance_beside_it(
    guest: Browser,
) -> None:
    await guest.open("/complaints/new")
    await guest.press(choice="complaint")
    page = await guest.press(product_link=LINK)
    assert "Report" in page.text
    await guest.press(type="SM")
    page = await guest.press(reason="SM3")
    assert "Describe the situation clearly" in page.text
    assert "In your own words and in your own language" in page.text
    assert "What the page says, and what is true instead." in page.text


# --- what was begun is kept -------------------------------------------------------------------


async def test_a_complaint_that_was_begun_is_gone_on_with_after_closing_the_page(
    house: House, guest: Browser
) -> None:
    await guest.to_details()
    await guest.press(files=[("case.jpg", picture())], typed=ABOUT_ME, email="nobody", status=422)
    page = await guest.open("/complaints/new")
    assert "You have begun a complaint here" in page.text
    page = await guest.open("/complaints/new?go=on")
    assert guest.value("description") == ["\n" + ABOUT_ME["description"]]
    assert guest.value("email") == ["nobody"]
    assert len(guest.value("evidence")) == 1
    await guest.press(email="guest@example.org")
    page = await guest.press()
    assert "Complaint received" in page.text
    page = await guest.open("/complaints/new")
    assert "You have begun" not in page.text


async def test_what_was_begun_can_be_dropped(guest: Browser) -> None:
    await guest.to_details()
    page = await guest.open("/complaints/new?go=afresh")
    assert "You have begun" not in page.text
    page = await guest.open("/complaints/new?go=on")
    assert "What is it about?" in page.text


async def test_what_somebody_else_began_on_this_machine_is_not_shown(house: House) -> None:
    async with Browser.of(house, IVAN) as ivan:
        await ivan.to_details()
        kept = dict(ivan.http.cookies)
    async with Browser.of(house, SHENZHEN) as other:
        other.http.cookies.update(kept)
        assert "You have begun" not in (await other.open("/complaints/new")).text


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "e30.aaaa.bbbb"])
async def test_a_cookie_that_is_none_of_ours_begins_nothing(guest: Browser, cookie: str) -> None:
    guest.http.cookies.set("redress_draft", cookie)
    assert "You have begun" not in (await guest.open("/complaints/new?go=on")).text


async def test_a_description_too_long_for_a_cookie_costs_only_itself(guest: Browser) -> None:
    await guest.to_details()
    long = "".join(chr(0x430 + n * n % 32) + chr(0x4E00 + n * 7919 % 20000) for n in range(9_000))
    await guest.press(typed=ABOUT_ME | {"description": long})
    await guest.open("/complaints/new?go=on")
    assert guest.value("reason") == ["SM3"]
    assert guest.value("email") == ["guest@example.org"]


async def test_r28_the_language_is_found_while_writing(house: House) -> None:
    for text, language in (
        ("Чехол в другой категории", "ru"),
        ("Die Ware ist nicht das, was auf der Seite steht", "de"),
        ("La funda no está en la categoría que dice el título", "es"),
        ("غير صحيح", "ar"),
    ):
        found = await house.post("/languages", {"text": text}, status=200)
        assert found == {"language": language}


async def test_several_products_in_one_text_are_a_choice(guest: Browser) -> None:
    await guest.open("/complaints/new")
    await guest.press(choice="complaint")
    other = "https://www.aliexpress.com/item/4000900052700.html"
    page = await guest.press(product_link=f"{LINK} and {other}")
    assert "You named several items" in page.text
    assert page.choices["picked"] == ["32700000001", "4000900052700"]
    page = await guest.press(picked="4000900052700")
    assert "Item 4000900052700" in page.text
    assert guest.value("product_link") == [other]


async def test_r25_reasons_come_with_examples_and_help(guest: Browser) -> None:
    await guest.open("/complaints/new")
    await guest.press(choice="complaint")
    await guest.press(product_link=LINK)
    page = await guest.press(type="SM")
    assert "cosmetic bags" in page.text
    assert 'href="/help/search-manipulation"' in guest.answer.text
