"""Pages of the Complaint Center keep themselves up to date while others act: nobody reloads.

R31: the complainant sees every change. R34: the accused learns of the case.
"""

import re

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from tests.e2e.people import DESKTOP, PHONE, Person, someone
from tests.e2e.test_journey import (
    ALLEGATION,
    ANSWER,
    FINDING,
    asks_the_seller,
    files_a_complaint,
    finds_it_in_the_complaint_center,
    new_item_of_sunrise_store,
)

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

NOTE = "We wait for the maker's answer."
SOON = 15_000


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_open_pages_change_while_a_moderator_acts(
    browser: Browser, site: str, viewport: ViewportSize
) -> None:
    link = f"https://www.aliexpress.com/item/{new_item_of_sunrise_store()}.html"
    async with (
        someone(browser, site, "ivan-live", viewport) as ivan,
        someone(browser, site, "seller-live", viewport) as seller,
        someone(browser, site, "mia-live", DESKTOP) as mia,
    ):
        await ivan.sign_in("Иван Петров")
        number = await files_a_complaint(ivan, link)
        await finds_it_in_the_complaint_center(ivan, number)
        await seller.sign_in("Sunrise Store")
        await seller.open("/center", "cases about me before")
        await mia.sign_in("Mia Novak")

        case = await asks_the_seller(mia, number)

        standing = ivan.page.locator("#standing-part")
        await expect(standing.get_by_role("heading")).to_have_text(
            "The other side was asked to answer", timeout=SOON
        )
        await expect(ivan.page.locator("[data-live]")).to_have_text(
            "This page was brought up to date."
        )
        await ivan.look("told live that the other side was asked")

        listed = seller.page.locator(f'#cases-part a[href="/center/cases/{case}"]')
        await expect(listed).to_be_visible(timeout=SOON)
        await keeps_the_place(seller, mia, case)

        await seller.page.keyboard.press("Enter")
        await seller.page.wait_for_url("**/answer*")
        await seller.page.get_by_label("Your side").fill(ANSWER)
        await seller.press("Send the answer", "answered")
        await expect(standing).to_contain_text("The other side has answered", timeout=SOON)

        await command(mia, case, "claim", {})
        await command(mia, case, "decide", {"outcome": "partly_upheld", "facts": FINDING})
        await expect(ivan.page.locator("#decision")).to_contain_text(FINDING, timeout=SOON)
        await expect(seller.page.locator("#decision")).to_contain_text(FINDING, timeout=SOON)
        await seller.look("decided live")


async def keeps_the_place(seller: Person, mia: Person, case: str) -> None:
    """Whoever goes by keyboard stays where they are when the page around them changes."""
    page = seller.page
    await page.locator(f'#cases-part a[href="/center/cases/{case}"]').focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/center/cases/{case}")
    await seller.sees(ALLEGATION)
    answer = page.get_by_role("link", name="Answer now")
    for _ in range(40):
        if await answer.evaluate("link => link === document.activeElement"):
            break
        await page.keyboard.press("Tab")
    await expect(answer).to_be_focused()
    await command(mia, case, "hold", {"reason": "Not for others to read."})
    await command(mia, case, "add-note", {"visibility": "public", "text": NOTE})
    await expect(page.locator("#decision-part")).to_contain_text(NOTE, timeout=SOON)
    await expect(page.locator("#standing-part")).to_contain_text("The case is on hold")
    await expect(answer).to_be_focused()
    await seller.look("on hold, live")
    await command(mia, case, "resume", {})
    await expect(page.get_by_role("timer")).to_have_text(re.compile(r"\d"), timeout=SOON)
    await expect(answer).to_be_focused()


async def command(mia: Person, case: str, name: str, body: dict[str, str]) -> None:
    """As another tab of the moderator's, or a script of the marketplace's, would."""
    token = await mia.page.locator("input[name=csrf_token]").first.get_attribute("value")
    answer = await mia.page.request.post(
        f"{mia.site}/api/v1/moderation/cases/{case}/{name}",
        data=body,
        headers={"X-CSRF-Token": token or "", "Origin": mia.site},
    )
    assert answer.ok, await answer.text()
