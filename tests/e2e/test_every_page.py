"""Every page, in every language: accessible to everybody (WCAG 2.2 AA and axe's best practices),
told in that language, in its direction, and light."""

import re
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from fastapi.routing import iter_route_contexts
from playwright.async_api import Browser, Page
from starlette.routing import compile_path

from services.runtime.locales import LANGUAGES, direction
from tests.e2e.every_page import NOT_PAGES, WALKS, Walk
from tests.e2e.furnishing import Furnishing
from tests.e2e.people import DESKTOP, PHONE, Person, someone

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

HEAVIEST_PAGE = 100_000
"""Bytes on the wire, with style and scripts, without what people sent."""

NAMELESS = """[...document.querySelectorAll(".table td:not([data-label])")]
    .filter(cell => getComputedStyle(cell).display === "grid" && cell.textContent.trim()).length"""
"""Cells of rows that became cards, where no heading stands above them."""


@dataclass
class Findings:
    """What is wrong with which page; nothing, one hopes."""

    said: list[str] = field(default_factory=list)

    async def look_at(self, page: Page, language: str, what: str) -> None:
        html = page.locator("html")
        if await html.get_attribute("lang") != language:
            self.said.append(f"{what}: not in {language}")
        if await html.get_attribute("dir") != direction(language):
            self.said.append(f"{what}: not in the direction of {language}")
        wide = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wide > 0:
            self.said.append(f"{what} ({language}): {wide} px wider than the window")
        nameless = await page.evaluate(NAMELESS)
        if nameless:
            self.said.append(f"{what} ({language}): {nameless} cells do not say what they tell")
        results = await Axe().run(page, options={"resultTypes": ["violations"]})
        for each in results.response["violations"]:
            places = "; ".join(node["html"][:200] for node in each["nodes"][:3])
            self.said.append(f"{what} ({language}): {each['id']}: {each['help']}: {places}")


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
async def test_every_page_is_accessible_in_every_language_and_light(
    browser: Browser, furnishing: Furnishing, site: str, walk: Walk
) -> None:
    findings = Findings()
    if walk.chats:
        furnishing.chats()
    async with someone(browser, site, "reader", PHONE) as person:
        if walk.name:
            await person.sign_in(walk.name)
        person.complaints.clear()
        weight = await Weight.of(person.page)
        for path in walk.pages:
            path = path.format_map(furnishing.names)
            status = 200
            for language in LANGUAGES if walk.translated else ("en",):
                weight.start()
                between = "&" if "?" in path else "?"
                address = f"{site}{path}{between}lang={language}"
                answer = await person.page.goto(address, wait_until="load")
                status = answer.status if answer else 0
                if status >= 500:
                    findings.said.append(f"{path} ({language}): {status}")
                if weight.bytes > HEAVIEST_PAGE:
                    findings.said.append(f"{path} ({language}): {weight.bytes} bytes")
                await findings.look_at(person.page, language, path)
            if status >= 400:  # which the browser's console tells as an error
                person.complaints.clear()
    assert not findings.said, "\n".join(findings.said)


@pytest.mark.parametrize("service", ["intake", "moderation", "notifier", "chat"])
def test_every_page_is_in_the_table(service: str, tmp_path: Path) -> None:
    settings = import_module(f"services.{service}.settings").Settings
    app = import_module(f"services.{service}.app").build(
        settings(
            port=1,
            secret_key="k" * 40,
            database_url=f"sqlite+aiosqlite:///{tmp_path}/none.db",
            maildir=tmp_path,
        )
    )
    walked = [
        re.sub(r"\{[a-z_]+\}", "0", path.partition("?")[0])
        for walk in WALKS.values()
        for path in walk.pages
    ]
    pages = [
        route.path or "/"
        for route in iter_route_contexts(app.routes)
        if "GET" in (route.methods or ()) and not route.include_in_schema
    ]
    assert pages
    missing = [
        page
        for page in pages
        if not page.startswith("/sign-") and not page.endswith(NOT_PAGES)
        if not any(compile_path(page)[0].match(path) for path in walked)
    ]
    assert not missing, f"no row of tests/e2e/every_page.py leads to {missing}"


async def test_the_wizard_is_accessible_and_keeps_what_was_typed_in_another_language(
    browser: Browser, site: str
) -> None:
    findings = Findings()
    async with someone(browser, site, "guest", DESKTOP) as guest:
        page = guest.page
        link = "https://www.aliexpress.com/item/32845522857.html"
        await page.goto(f"{site}/complaints/new?product_link={link}&lang=en")
        await in_each_language(guest, findings, "the choice")
        await page.check("input[name=choice][value=complaint]")
        await go_on(page)
        await in_each_language(guest, findings, "the link")
        await go_on(page)
        await in_each_language(guest, findings, "the type")
        await page.check("input[name=type][value=SM]")
        await go_on(page)
        await in_each_language(guest, findings, "the reason")
        await page.check("input[name=reason][value=SM3]")
        await go_on(page)
        await go_on(page)
        await findings.look_at(page, "ar", "the description, refused")
        summary = page.locator(".error-summary")
        assert await summary.evaluate("summary => summary === document.activeElement")
        await summary.locator("a").first.click()
        assert await page.evaluate("document.activeElement.name") == "description"
        await page.fill("[name=description]", "Чехол в категории «Косметички».")
        await in_each_language(guest, findings, "the description")
        assert await page.input_value("[name=description]") == "Чехол в категории «Косметички»."
        await page.fill("[name=name]", "Guest")
        await page.fill("[name=email]", "guest@example.org")
        await page.check("[name=good_faith]")
        await go_on(page)
        await in_each_language(guest, findings, "the summary")
        await go_on(page)
        await findings.look_at(page, "ar", "the receipt")
        guest.complaints.clear()
    assert not findings.said, "\n".join(findings.said)


async def test_the_whole_wizard_can_be_walked_with_the_keyboard_alone(
    browser: Browser, site: str
) -> None:
    async with someone(browser, site, "typist", DESKTOP) as guest:
        keys = Keys(guest.page)
        await guest.page.goto(f"{site}/complaints/new")
        await keys.choose("choice", "complaint")
        await keys.submit()
        await keys.type("product_link", "https://www.aliexpress.com/item/32845522857.html")
        await keys.submit()
        await keys.choose("type", "SM")
        await keys.submit()
        await keys.choose("reason", "SM3")
        await keys.submit()
        await keys.type("description", "The case is listed among cosmetic bags.")
        await keys.type("name", "Guest")
        await keys.type("email", "guest@example.org")
        await keys.to("[name=good_faith]")
        await guest.page.keyboard.press("Space")
        await keys.submit()
        await keys.submit()
        await guest.sees("Complaint received")


async def in_each_language(guest: Person, findings: Findings, what: str) -> None:
    for language, name in LANGUAGES.items():
        await guest.page.locator("nav.language summary").click()
        await guest.page.locator("nav.language").get_by_role("button", name=name).click()
        await guest.page.wait_for_load_state("load")
        await findings.look_at(guest.page, language, what)


async def go_on(page: Page) -> None:
    await page.locator("main button[value=next]").click()
    await page.wait_for_load_state("load")


@dataclass
class Weight:
    """What came over the wire for a page, as if nothing were in the browser's cache."""

    bytes: int = 0
    theirs: set[str] = field(default_factory=set)

    @classmethod
    async def of(cls, page: Page) -> "Weight":
        weight = cls()
        session = await page.context.new_cdp_session(page)
        session.on("Network.responseReceived", weight._begun)
        session.on("Network.loadingFinished", weight._finished)
        await session.send("Network.enable")
        await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        return weight

    def start(self) -> None:
        self.bytes = 0

    def _begun(self, event: dict[str, Any]) -> None:
        if event["type"] == "Image" and "/assets/" not in event["response"]["url"]:
            self.theirs.add(event["requestId"])

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] not in self.theirs:
            self.bytes += round(event["encodedDataLength"])


@dataclass
class Keys:
    """A keyboard, and nothing else."""

    page: Page

    async def to(self, selector: str) -> None:
        """Presses Tab until the focus is there, as somebody does who sees where it is."""
        for _press in range(80):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate(
                "selector => document.activeElement.matches(selector)", selector
            ):
                seen = await self.page.evaluate(
                    "getComputedStyle(document.activeElement).outlineStyle !== 'none' || "
                    "getComputedStyle(document.activeElement).boxShadow !== 'none' || "
                    "getComputedStyle(document.activeElement.parentElement).outlineStyle !== 'none'"
                )
                assert seen, f"{selector} has the focus, and nobody can see it"
                return
        raise AssertionError(f"the keyboard does not reach {selector}")

    async def type(self, name: str, text: str) -> None:
        await self.to(f"[name={name}]")
        await self.page.keyboard.type(text)

    async def choose(self, name: str, value: str) -> None:
        """Tab leads into a group of options, the arrows through it."""
        await self.to(f"[name={name}]")
        await self.page.keyboard.press("Space")
        for _press in range(30):
            if await self.page.locator(f"[name={name}][value={value}]").is_checked():
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows do not reach {value}")

    async def submit(self) -> None:
        await self.to("main button[value=next]")
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")
