"""The start of a talk is heard and seen, whatever the customer looks at meanwhile."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.chat_house import PAVEL, House, Replica

pytestmark = pytest.mark.anyio

SOON = 10_000
NEWS = re.compile("^●")
"""How the title of a tab begins in which something is new."""


@pytest.fixture
async def chat(home: House) -> AsyncIterator[Replica]:
    async with home.replica(intake_url="http://127.0.0.1:9") as replica:
        await replica.on_shift(PAVEL)
        yield replica


@pytest.fixture
async def window(browser: Browser, chat: Replica) -> AsyncIterator[Page]:
    """A customer's, who has just asked for an operator."""
    context = await browser.new_context(base_url=str(chat.http.base_url), locale="en")
    page = await context.new_page()
    await page.goto("/chat?lang=en")
    await page.click("button[value=operator]")
    await expect(page.locator("[data-chat]")).to_be_visible()
    yield page
    await context.close()


async def test_r9_the_start_of_the_talk_is_announced_by_a_sound_and_a_visible_signal(
    chat: Replica, window: Page
) -> None:
    shown = window.locator("[data-chat]")
    assert await shown.get_attribute("data-sounded") is None
    await window.locator("#chat-text").click()  # without a gesture no browser plays a sound
    await chat.accept(PAVEL, greeting="Hello!")
    await expect(shown).to_have_attribute("data-sounded", "1", timeout=SOON)
    await expect(shown.locator("[data-state]")).to_contain_text("You are talking to Pavel")
    await expect(shown.get_by_role("log")).to_contain_text("Pavel has joined.")
    await expect(window).to_have_title(NEWS)
    assert "chat-new" in (await shown.get_attribute("class") or "")


async def test_r9_whoever_turned_the_sound_off_still_sees_that_it_starts(
    chat: Replica, window: Page
) -> None:
    shown = window.locator("[data-chat]")
    await window.get_by_role("button", name="Sound").click()
    await expect(window.get_by_role("button", name="Sound")).to_have_attribute(
        "aria-pressed", "false"
    )
    await chat.accept(PAVEL, greeting="Hello!")
    await expect(shown.get_by_role("log")).to_contain_text("Pavel has joined.", timeout=SOON)
    await expect(window).to_have_title(NEWS)
    assert await shown.get_attribute("data-sounded") is None
