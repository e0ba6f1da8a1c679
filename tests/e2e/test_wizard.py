"""R15 to R33: the way in, as a buyer and a guest walk it: from a product page, by telephone,
without scripts, with interruptions."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.people import DESKTOP, PHONE, photo, someone
from tests.e2e.test_journey import new_item_of_sunrise_store
from tests.e2e.wizard import choose, describe, go, submit, to_details

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

PASTE = """(zone) => {
  const files = new DataTransfer();
  const bytes = Uint8Array.from(atob("%s"), (c) => c.charCodeAt(0));
  files.items.add(new File([bytes], "%s", { type: "image/jpeg" }));
  const event = "%s" === "paste"
    ? new ClipboardEvent("paste", { clipboardData: files, bubbles: true })
    : new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
  zone.dispatchEvent(event);
}"""


async def test_a_buyer_comes_from_a_product_page_and_is_interrupted(
    browser: Browser, site: str
) -> None:
    item = new_item_of_sunrise_store()
    async with someone(browser, site, "buyer", DESKTOP, language="ru") as ivan:
        page = ivan.page
        await ivan.sign_in("Иван Петров")
        await page.goto(f"{site}/marketplace/item/{item}.html")
        await page.get_by_role("link", name="Report this item").click()
        await ivan.look("from a product page")
        await expect(page.locator(".product-title")).to_be_visible()
        await choose(ivan, "choice", "complaint")
        await go(ivan, "product")
        await page.locator("#field-product_link").press("Enter")
        await page.wait_for_load_state()
        await choose(ivan, "type", "FI")
        await go(ivan, "reason")
        await choose(ivan, "reason", "FI3")
        await go(ivan, "description")
        # Files by choosing, pasting and dropping; one is taken away again.
        await describe(ivan, "Фото не соответствует товару, прилагаю снимки.", ["first.jpg"])
        content = _base64(photo()["buffer"])
        await page.evaluate(f"({PASTE % (content, 'pasted.jpg', 'paste')})(document.body)")
        await page.locator("[data-files]").evaluate(PASTE % (content, "dropped.jpg", "drop"))
        await expect(page.locator(".files-sent")).to_have_count(3)
        await page.get_by_role("button", name=re.compile("pasted.jpg")).click()
        await expect(page.locator(".files-sent")).to_have_count(2)
        await expect(page.locator("[data-language-of] option").first).to_contain_text("Русский")
        # The page is left before anything of it was sent, and gone on with.
        await page.goto(f"{site}/help/evidence")
        await ivan.open("/complaints/new", "begun before")
        await page.locator("a[href$='go=on']").click()
        await expect(page.locator("#field-description")).to_have_value(re.compile("^Фото не"))
        await expect(page.locator(".files-sent")).to_have_count(2)
        number = await submit(ivan)
        assert number.startswith("C-")
        assert await page.evaluate("Object.keys(localStorage).length") == 0
        await page.locator("a[href*='/center/complaints/']").first.click()
        await page.wait_for_url("**/center/complaints/*")
        await expect(page.get_by_text(number).first).to_be_visible()


async def test_r27_a_description_too_long_for_a_cookie_outlives_signing_in_and_another_tab(
    browser: Browser, site: str
) -> None:
    item = new_item_of_sunrise_store()
    # Without repetitions, which would make it small.
    story = "Messages: " + " ".join(sha256(bytes([n])).hexdigest() for n in range(200))
    async with someone(browser, site, "long-story", DESKTOP) as ivan:
        await to_details(ivan, f"https://www.aliexpress.com/item/{item}.html", "SM3")
        page = ivan.page
        await describe(ivan, story, [])
        await page.locator("#field-name").fill("Ivan")
        await page.locator("#field-email").fill("ivan@example.org")
        await page.locator("label:has(#field-good_faith)").click(position={"x": 10, "y": 10})
        await go(ivan, "summary")
        await ivan.sees(re.compile("^Messages: "))
        await ivan.sign_in("Иван Петров")
        ivan.page = await page.context.new_page()
        await ivan.open("/complaints/new?go=on", "gone on with in another tab")
        await expect(ivan.page.locator("#field-description")).to_have_value(story)


async def test_a_guest_files_by_telephone_in_arabic(browser: Browser, site: str) -> None:
    """Several links in one text, a mistake, a correction from the summary."""
    one, other = new_item_of_sunrise_store(), new_item_of_sunrise_store()
    link = "https://m.aliexpress.com/item/{}.html"
    async with someone(browser, site, "guest", PHONE, language="ar") as guest:
        page = guest.page
        await guest.open("/complaints/new", "dispute or complaint")
        await page.locator("#field-product_link").fill(link.format(one))
        await choose(guest, "problem", "conduct")
        await expect(page.locator("#advice .notice")).to_be_visible()
        await choose(guest, "choice", "complaint")
        await go(guest, "product")
        await page.locator("#field-product_link").fill(
            f"انظر {link.format(one)} و {link.format(other)}"
        )
        await go(guest, "which of them")
        await choose(guest, "picked", str(other))
        await go(guest, "type")
        await choose(guest, "type", "OT")
        await go(guest, "reason")
        await choose(guest, "reason", "OT1")
        await go(guest, "description")
        await go(guest, "told what is missing")
        assert await page.locator(".error-summary a").count() == 4
        guest.complaints.clear()  # Chromium reports the 422 as an error of the page
        await page.locator("#field-name").fill("ليلى")
        await page.locator("#field-email").fill("layla.guest@example.org")
        await describe(guest, "طلب البائع الدفع خارج الموقع.", ["chat.png"])
        await page.locator("label:has(#field-good_faith)").click()
        await go(guest, "summary")
        await go(guest, "correction", "to:product")
        await page.locator("#field-product_link").fill(link.format(one))
        await go(guest, "summary again")
        await expect(page.locator(".product-link")).to_contain_text(str(one))
        await go(guest, "receipt")
        number = await page.locator(".receipt-number").inner_text()
        await page.locator("a[href*='/center/complaints/']").first.click()
        await page.wait_for_url("**/center/complaints/*token=*")
        await guest.look("my complaint")
        await expect(page.get_by_text(number).first).to_be_visible()


async def test_everything_can_be_filed_without_scripts(
    browser: Browser, site: str, tmp_path: Path
) -> None:
    picture = tmp_path / "photo.jpg"
    picture.write_bytes(photo()["buffer"])
    context = await browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = await context.new_page()

    async def press(button: str = "next") -> None:
        await page.locator(f'main button[name="go"][value="{button}"]').first.click()

    await page.goto(f"{site}/complaints/new?lang=en")
    await page.locator("#field-product_link").fill(
        f"https://www.aliexpress.com/item/{new_item_of_sunrise_store()}.html"
    )
    await page.get_by_label("I only saw it on the page").check()
    await press("advise")
    await expect(page.get_by_text("A complaint fits best")).to_be_visible()
    await page.locator("input[name=choice][value=complaint]").check()
    await press()
    await press()
    await page.locator("input[value=SM]").check()
    await press()
    await page.locator("input[value=SM1]").check()
    await press()
    await page.get_by_label("What happened?").fill("The title is stuffed with other goods.")
    await page.locator("input[type=file]").set_input_files(picture)
    await page.get_by_label("Your name").fill("No scripts")
    await page.get_by_label("Your e-mail address").fill("noscript@example.org")
    await page.get_by_label("I believe in good faith").check()
    await press()
    await expect(page.get_by_text("photo.jpg")).to_be_visible()
    await page.reload()  # the same page again, and nothing twice
    await expect(page.get_by_text("photo.jpg")).to_have_count(1)
    await press()
    await expect(page.get_by_text("Complaint received").first).to_be_visible()
    await context.close()


def _base64(content: bytes) -> str:
    return b64encode(content).decode()
