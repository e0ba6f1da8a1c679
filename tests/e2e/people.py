"""People at their browsers: what each of them does, step by step, as they see the pages.

With `REDRESS_SCREENSHOTS=folder` every page that they come to is kept there as a picture.
"""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, ViewportSize, expect

from services.runtime.web.languages import COOKIE as LANGUAGE

SCREENSHOTS = os.environ.get("REDRESS_SCREENSHOTS")
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}


def photo() -> FilePayload:
    """A picture as a telephone takes it, for a file field."""
    stored = BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(stored, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": stored.getvalue()}


class Person:
    """One person's browser. Fails the test on any script error that the page reports."""

    def __init__(self, page: Page, site: str, name: str) -> None:
        self.page = page
        self.site = site
        self._name = name
        self._shots = 0
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )

    async def look(self, what: str) -> None:
        """Nothing sticks out sideways, and a picture is kept where one is wanted."""
        wide = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{what}: the page is {wide} px wider than the window"
        if SCREENSHOTS:
            self._shots += 1
            name = f"{self._name}-{self._shots:02d}-{what.replace(' ', '-')}.png"
            await self.page.screenshot(path=f"{SCREENSHOTS}/{name}", full_page=True)

    async def open(self, path: str, what: str) -> None:
        await self.page.goto(self.site + path)
        await self.look(what)

    async def sign_in(self, name: str) -> None:
        """Chooses one of the demo people at the marketplace's sign-in."""
        await self.page.goto(f"{self.site}/sign-in?next=/")
        await self.look("sign in")
        await self.page.get_by_role("button", name=name).click()
        await self.page.wait_for_url(f"{self.site}/")

    async def press(self, button: str | re.Pattern[str], what: str) -> None:
        await self.page.get_by_role("button", name=button, exact=isinstance(button, str)).click()
        await self.page.wait_for_load_state()
        await self.look(what)

    async def sees(self, text: str | re.Pattern[str]) -> None:
        await expect(self.page.locator("main").get_by_text(text).first).to_be_visible()

    async def get_json(self, path: str) -> Any:
        answer = await self.page.request.get(self.site + path)
        assert answer.ok, await answer.text()
        return await answer.json()


@asynccontextmanager
async def someone(
    browser: Browser, site: str, name: str, viewport: ViewportSize, *, language: str = "en"
) -> AsyncIterator[Person]:
    """A new browser, in which `language` was chosen before."""
    context = await browser.new_context(viewport=viewport, has_touch=viewport is PHONE)
    await context.add_cookies([{"name": LANGUAGE, "value": language, "url": site}])
    person = Person(await context.new_page(), site, f"{viewport['width']}-{name}")
    try:
        yield person
        assert not person.complaints, person.complaints
    finally:
        await context.close()
