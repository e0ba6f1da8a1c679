"""A moderator's day without a mouse."""

import re
from dataclasses import dataclass

import httpx2 as httpx
import pytest
from playwright.async_api import Browser, Page, expect

from contracts.ids import new_id
from tests.e2e.people import DESKTOP, someone

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

WORD = "keyboardonly"
CASES = (
    ("CF1", "uphold"),
    ("PR6", "uphold"),
    ("SM3", "uphold"),
    ("OT4", "dismiss"),
    ("FI2", "dismiss"),
    ("CF2", "uphold"),
    ("SM1", "retype"),
    ("OT1", "ask"),
    ("FI1", "inadmissible"),
    ("PR1", "uphold"),
)


@dataclass
class Keyboard:
    """Keys, and eyes that see what came of them."""

    page: Page

    async def press(self, key: str) -> None:
        await self.page.keyboard.press(key)

    async def go(self, key: str) -> None:
        """A key that leads to another page."""
        async with self.page.expect_navigation(wait_until="load"):
            await self.page.keyboard.press(key)

    async def write(self, text: str) -> None:
        await self.page.keyboard.insert_text(text)

    async def tab_to(self, selector: str) -> None:
        for _press in range(40):
            if await self.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {selector}")

    async def says(self, text: str) -> None:
        await expect(self.page.locator(".done")).to_contain_text(text)


async def uphold(keys: Keyboard) -> None:
    """With one of the texts for this type of complaint, its fields filled in."""
    await keys.go("a")
    await keys.press("d")
    await keys.press("Space")
    await keys.tab_to("#template")
    await keys.press("ArrowDown")
    await keys.tab_to("button[value=template]")
    await keys.go("Enter")
    await keys.tab_to("[name=facts]")
    begun = await keys.page.locator("#field-facts").input_value()
    assert "[" in begun
    await keys.press("Control+a")
    await keys.write(re.sub(r"\[[^]]+\]", "what was found", begun))
    await keys.go("Control+Enter")
    await keys.says("The decision stands.")


async def dismiss(keys: Keyboard) -> None:
    await keys.go("a")
    await keys.press("d")
    await keys.press("ArrowUp")  # from the first to the last of the outcomes
    assert await keys.page.locator("[name=outcome][value=dismissed]").is_checked()
    await keys.tab_to("[name=facts]")
    await keys.write("What was alleged was not shown.")
    await keys.go("Control+Enter")
    await keys.says("The decision stands.")


async def retype(keys: Keyboard) -> None:
    """Moved to another reason of its type, then decided."""
    await keys.go("a")
    await keys.press("t")
    await keys.press("ArrowDown")
    await keys.tab_to("[name=explanation]")
    await keys.write("Another reason of the same type.")
    await keys.go("Control+Enter")
    await keys.says("The case was moved.")
    await keys.press("d")
    await keys.press("Space")
    await keys.tab_to("[name=facts]")
    await keys.write("It is as the complaint says.")
    await keys.go("Control+Enter")
    await keys.says("The decision stands.")


async def ask(keys: Keyboard) -> None:
    await keys.go("a")
    await keys.press("q")
    await keys.write("Buyers were asked to pay outside the marketplace.")
    await keys.go("Control+Enter")
    await keys.says("The accused was asked to answer")


async def inadmissible(keys: Keyboard) -> None:
    await keys.press("x")
    await keys.write("The link leads to a listing of another marketplace.")
    await keys.go("Control+Enter")
    await keys.says("The case is closed as inadmissible.")


WAYS = {
    "uphold": uphold,
    "dismiss": dismiss,
    "retype": retype,
    "ask": ask,
    "inadmissible": inadmissible,
}


def file_cases(site: str) -> dict[str, str]:
    """What is to be done with each, by the complaint's number."""
    wanted = {}
    with httpx.Client(base_url=site, timeout=30) as http:
        for place, (reason, way) in enumerate(CASES):
            answer = http.post(
                "/api/v1/complaints",
                headers={"Idempotency-Key": new_id()},
                json={
                    "product_link": f"https://www.aliexpress.com/item/{41_000_000 + place}.html",
                    "reason": reason,
                    "description": f"It is not as it should be ({WORD}).",
                    "email": f"guest{place}@example.org",
                    "name": "A guest",
                    "language": "en",
                    "evidence": [],
                    "good_faith": True,
                },
            )
            assert answer.status_code < 300, answer.text
            wanted[answer.json()["number"]] = way
    return wanted


async def test_a_moderator_clears_ten_mixed_cases_by_keyboard_alone(
    browser: Browser, site: str
) -> None:
    wanted = file_cases(site)
    async with someone(browser, site, "mia", DESKTOP) as mia:
        keys = Keyboard(mia.page)
        await mia.page.goto(f"{site}/sign-in?next=/moderation")
        await keys.tab_to("button[value=mia]")
        await keys.go("Enter")
        await expect(mia.page).to_have_url(f"{site}/moderation")
        await keys.press("/")
        await keys.write(WORD)
        await keys.go("Enter")
        while await mia.page.locator(".row-link").count() < len(CASES):
            await keys.go("Control+r")  # the last ones are being opened
        await keys.go("n")
        while wanted:
            number = await mia.page.locator("#complaints .number-tag").first.inner_text()
            await WAYS[wanted.pop(number)](keys)
            await mia.look("after a command")
            await keys.go("n")
        await keys.says("No case of this queue waits for anybody just now.")
