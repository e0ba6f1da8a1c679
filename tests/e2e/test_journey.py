"""The guide's own example, walked by everybody whom it concerns, in real browsers.

A buyer complains that a telephone case is listed under cosmetics bags (third type, third reason),
the seller answers, a moderator decides, and everyone is told: R15, R17–R27, R29–R35.
"""

import random
import re
from typing import Any

import pytest
from playwright.async_api import Browser, ViewportSize

from deploy.marketplace import catalogue
from tests.e2e.people import DESKTOP, PHONE, Person, photo, someone
from tests.waiting import eventually, found

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

STORY = "Чехол для телефона выставлен в категории «Косметички»."
ALLEGATION = "The item is a case for a telephone and is listed under cosmetics bags."
ANSWER = "We moved the listing to the right category on the same day."
FINDING = "The goods are telephone cases; the listing stood in Beauty › Cosmetic bags."


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_a_complaint_is_filed_answered_decided_and_told(
    browser: Browser, site: str, viewport: ViewportSize
) -> None:
    link = f"http://ru.aliexpress.com/item/Crystal-Case-Cover/{new_item_of_sunrise_store()}.html"
    async with (
        someone(browser, site, "ivan", viewport) as ivan,
        someone(browser, site, "seller", viewport) as seller,
        someone(browser, site, "mia", viewport) as mia,
    ):
        await ivan.sign_in("Иван Петров")
        number = await files_a_complaint(ivan, link)
        await finds_it_in_the_complaint_center(ivan, number)

        await mia.sign_in("Mia Novak")
        case = await asks_the_seller(mia, number)

        await seller.sign_in("Sunrise Store")
        await answers(seller, case)

        await decides(mia, case)

        await ivan.page.reload()
        await ivan.sees("Upheld")
        await ivan.sees(FINDING)
        await ivan.look("my decided complaint")
        await seller.open(f"/center/cases/{case}", "the decision against me")
        await seller.sees(FINDING)
        await seller.sees("Warning")

        await reads_the_mails(mia, number, case)
        await sees_when_they_were_told(ivan)
        await sees_when_they_were_told(seller)


def new_item_of_sunrise_store() -> int:
    """An item that nobody has complained about yet, in an installation that may be in use."""
    while True:
        item = random.randrange(10**10, 10**11)
        product = catalogue.find(str(item))
        if product is not None and product.seller_id == "sunrise-store":
            return item


async def files_a_complaint(ivan: Person, link: str) -> str:
    """The wizard, step by step (R17 to R30). Returns the receipt's number."""
    page = ivan.page
    await ivan.open("/complaints/new", "dispute or complaint")
    await page.get_by_text("A complaint about the listing or the seller").click()
    await ivan.press("Continue", "product link")
    await page.get_by_label("Link to the item").fill(link)
    await ivan.press("Continue", "type")
    await page.get_by_text("Search exposure cheating").click()
    await ivan.press("Report", "reason")
    await page.get_by_text("Wrong category").click()
    await ivan.press("Continue", "description")
    await page.get_by_label("What happened?").fill(STORY)
    await page.locator("input[type=file]").set_input_files(photo())
    await page.get_by_text("I believe in good faith").click()
    await ivan.look("description filled in")
    await ivan.press("Continue", "summary")
    await ivan.sees(STORY)
    await ivan.sees("photo.jpg")
    await ivan.press(re.compile("Submit"), "receipt")
    await ivan.sees(re.compile("mail"))
    number = re.search(r"C-[0-9A-Z]{5}-[0-9A-Z]{5}", await page.inner_text("main"))
    assert number, await page.inner_text("main")
    return number[0]


async def finds_it_in_the_complaint_center(ivan: Person, number: str) -> None:
    await ivan.open("/center", "my complaints")
    mine = ivan.page.locator("main li, main article").filter(has_text=number)
    await mine.get_by_role("link").first.click()
    await ivan.page.wait_for_url("**/center/complaints/*")
    await ivan.look("my complaint")
    await ivan.sees(STORY)


async def asks_the_seller(mia: Person, number: str) -> str:
    """From the queue into the case: admit, claim, ask. Returns the case's id."""
    page = mia.page
    await mia.open("/moderation", "queue")
    case = await found(lambda: _case_of(mia, number))
    await mia.open(f"/moderation/cases/{case}", "case")
    await mia.sees(STORY)
    await mia.press("Admit", "case admitted")
    await mia.press("Claim this case", "case claimed")
    await page.locator("summary", has_text="Ask the other side to answer").click()
    await page.get_by_label("What they are told").fill(ALLEGATION)
    await mia.press("Send the request", "seller asked")
    await mia.sees(ALLEGATION)
    return case


async def _case_of(mia: Person, number: str) -> str | None:
    """The case that a complaint joined, once there is one."""
    newest = await mia.get_json("/api/v1/moderation/cases?order=newest&limit=50")
    for listed in newest["items"]:
        case = await mia.get_json(f"/api/v1/moderation/cases/{listed['id']}")
        if number in {complaint["number"] for complaint in case["complainants"]}:
            return str(case["id"])
    return None


async def answers(seller: Person, case: str) -> None:
    """The accused learns of it in the Complaint Center and answers with evidence (R34, R35)."""
    page = seller.page
    await seller.open("/center", "cases about me")
    await seller.open(f"/center/cases/{case}", "what is alleged")
    await seller.sees(ALLEGATION)
    told = await page.inner_text("body")
    for secret in ("Иван", "ivan", STORY):
        assert secret not in told
    await page.get_by_role("link", name=re.compile("[Aa]nswer")).first.click()
    await page.wait_for_url("**/answer*")
    await seller.look("answer form")
    await page.get_by_label("Your side").fill(ANSWER)
    await page.locator("input[type=file]").set_input_files(photo())
    await seller.press("Send the answer", "answered")
    await seller.sees(ANSWER)


async def decides(mia: Person, case: str) -> None:
    page = mia.page
    await eventually(lambda: _has_answer(mia, case))
    await mia.open(f"/moderation/cases/{case}", "case answered")
    await mia.sees(ANSWER)
    await page.locator("#decision-form").get_by_text("Upheld", exact=True).click()
    await page.get_by_role("textbox", name="The facts").fill(FINDING)
    await page.locator("#decision-form").get_by_text("Warning").click()
    await mia.press("Preview", "decision preview")
    await mia.press("Decide and tell both sides", "decided")
    await mia.sees(FINDING)


async def _has_answer(mia: Person, case: str) -> bool:
    seen = await mia.get_json(f"/api/v1/moderation/cases/{case}")
    return bool(seen["answers"])


async def reads_the_mails(mia: Person, number: str, case: str) -> None:
    """Both sides were told by mail, and neither was told of the other (R32, R34)."""

    async def sent(to: str, *templates: str) -> list[Any] | None:
        mails = (await mia.get_json(f"/api/v1/mails?to={to}&limit=200"))["items"]
        about = [mail for mail in mails if mail["case_id"] == case or number in mail["subject"]]
        arrived = {mail["template"] for mail in about if mail["state"] == "sent"}
        return about if arrived.issuperset(templates) else None

    to_ivan = await found(
        lambda: sent("ivan@example.org", "receipt", "counter_notice_requested", "decided"), 30
    )
    to_the_seller = await found(
        lambda: sent("sunrise-store@example.org", "counter_notice_requested", "decided"), 30
    )
    assert all(number in mail["subject"] for mail in to_ivan)
    decided = [mail["text"] for mail in to_ivan if mail["template"] == "decided"]
    assert all(FINDING in re.sub(r"[\s>|]+", " ", text) for text in decided)
    for mail in to_the_seller:
        assert "ivan" not in str(mail).lower()
        assert number not in str(mail)
    await mia.open("/mail", "mails sent")


async def sees_when_they_were_told(party: Person) -> None:
    """R32, R34: the page's timeline says when the mail about the decision was sent."""

    async def told() -> bool:
        await party.page.reload()
        decided = party.page.locator(".timeline li").first
        return "Told by e-mail" in await decided.inner_text()

    await eventually(told)
    await party.look("told by mail")
