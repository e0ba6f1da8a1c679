"""The chat window's row of functions: each of them does what its button says."""

import base64
import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.people import DESKTOP, photo, someone

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

SOON = 15_000
QUESTION = "Where is my parcel?"
BRINGS = """(target, [kind, content]) => {
  const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], `${kind}.jpg`, { type: "image/jpeg" }));
  const how = { bubbles: true, cancelable: true };
  target.dispatchEvent(kind === "paste"
    ? new ClipboardEvent("paste", { ...how, clipboardData: carried })
    : new DragEvent("drop", { ...how, dataTransfer: carried }));
}"""
SCREEN = """() => {
  const screen = document.createElement("canvas");
  screen.width = 64; screen.height = 48;
  const pen = screen.getContext("2d");
  let at = 0;
  setInterval(() => pen.fillRect(at++ % 64, 0, 1, 48), 20);  // a screen on which something moves
  navigator.mediaDevices.getDisplayMedia = async () => screen.captureStream(10);
}"""
"""Which screen to show is asked by the browser itself; this is a screen that was chosen."""


async def test_r11_every_function_of_the_row_does_what_it_says(browser: Browser, site: str) -> None:
    async with someone(browser, site, "row", DESKTOP) as person:
        await person.sign_in("Shenzhen Gadgets")
        page = person.page
        await page.goto(f"{site}/chat")
        await page.get_by_role("button", name=re.compile("Eva")).first.click()
        await expect(page.locator("[data-chat]")).to_be_visible()
        row = page.get_by_role("group", name="Functions")
        await emoji_and_files(page, row)
        await sound_and_size(page, row)
        await copies(page, row)
        await row.locator("summary", has_text="Language").click()
        await row.get_by_role("link", name="Русский").click()
        await expect(page.locator("html")).to_have_attribute("lang", "ru")
        await expect(page.get_by_role("log")).to_contain_text(QUESTION)
        await page.goto(page.url.replace("lang=ru", "lang=en"))
        await page.get_by_role("button", name="Call an operator").click()
        await expect(page.locator("[data-state]")).to_contain_text("queue", timeout=SOON)
        await page.get_by_role("button", name="Talk to Eva meanwhile").click()
        await page.get_by_role("button", name="End session").click(timeout=SOON)
        await expect(page.locator("[data-state]")).to_contain_text("has ended", timeout=SOON)
        await page.get_by_role("link", name="Earlier chats").click()
        await expect(page.locator("main")).to_contain_text(QUESTION)


async def emoji_and_files(page: Page, row: Locator) -> None:
    """Pictures are chosen, pasted, dragged, and taken of the screen."""
    await row.get_by_role("button", name="Emoji").click()
    await page.get_by_role("button", name="🙏").click()
    text = page.get_by_label("Your message", exact=True)
    await expect(text).to_have_value("🙏")
    await text.fill(f"{QUESTION} 🙏")
    picture = base64.b64encode(photo()["buffer"]).decode()
    async with page.expect_file_chooser() as chooser:
        await row.get_by_role("button", name="Picture or file").click()
    await (await chooser.value).set_files(photo())
    for kind in ("paste", "drop"):
        await text.evaluate(BRINGS, [kind, picture])
    await page.evaluate(SCREEN)
    await row.get_by_role("button", name="Screenshot").click()
    chosen = page.get_by_role("list", name="Files to be sent")
    for name in ("photo", "paste", "drop", "screenshot"):
        await expect(chosen).to_contain_text(name, timeout=SOON)
    await text.press("Enter")
    line = page.locator(".chat-customer").last
    await expect(line).to_contain_text(f"{QUESTION} 🙏")
    await expect(line.locator("img")).to_have_count(4, timeout=SOON)


async def sound_and_size(page: Page, row: Locator) -> None:
    """Both are kept in this browser."""
    sound = row.get_by_role("button", name="Sound")
    await expect(sound).to_have_attribute("aria-pressed", "true")
    await sound.click()
    chat = page.locator("[data-chat]")
    small = await height_of(page)
    await row.get_by_role("button", name="Text size").click()
    await expect(chat).to_have_attribute("data-size", "115")
    assert await height_of(page) > small
    await page.reload()
    await expect(sound).to_have_attribute("aria-pressed", "false")
    await expect(chat).to_have_attribute("data-size", "115")


async def height_of(page: Page) -> float:
    """Of the letters in what the customer said, in px."""
    said = page.locator(".chat-customer .chat-text").first
    return float(await said.evaluate("said => parseFloat(getComputedStyle(said).fontSize)"))


async def copies(page: Page, row: Locator) -> None:
    """The transcript: printed, downloaded, mailed."""
    menu = row.locator("summary", has_text="Copy of the chat")
    await menu.click()
    async with page.expect_popup() as popup:
        await row.get_by_role("link", name="Print").click()
    paper = await popup.value
    await expect(paper.locator("body")).to_contain_text(QUESTION)
    await paper.close()
    async with page.expect_download() as download:
        await row.get_by_role("link", name="Download the chat").click()
    kept = await (await download.value).path()
    assert QUESTION in kept.read_text("utf-8")
    if not await row.get_by_role("button", name="Send by e-mail").is_visible():
        await menu.click()
    await row.get_by_role("button", name="Send by e-mail").click()
    await expect(page.locator(".chat-said")).to_be_visible(timeout=SOON)
