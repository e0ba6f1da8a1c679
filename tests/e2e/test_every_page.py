"""Every page, in every language: accessible to everybody (WCAG 2.2 AA and axe's best practices),
told in that language, in its direction, and light."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from services.runtime.locales import LANGUAGES, direction
from tests.e2e.people import DESKTOP, PHONE, Person, someone

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

HEAVIEST_PAGE = 100_000
"""Bytes on the wire, with style and scripts, without what people sent."""

_PLACES_OF_A_KIND = 4
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Walk:
    """Who walks where: the pages to begin with, and which links of theirs to follow."""

    name: str | None
    begin: tuple[str, ...]
    follow: tuple[str, ...] = ()


WALKS = {
    "nobody": Walk(
        None,
        (
            "/",
            "/help",
            "/help?q=refund",
            "/help/file-a-complaint",
            "/help/nothing-here",
            "/complaints/new",
            "/center",
            "/center/mine",
        ),
    ),
    "buyer": Walk("Иван Петров", ("/center",), ("/center/complaints/", "/complaints/")),
    "seller": Walk(
        "Sunrise Store", ("/center",), ("/center/cases/", "/cases/", "/center/standing")
    ),
    "moderator": Walk(
        "Mia Novak",
        ("/moderation", "/moderation?queue=done", "/mail", "/mail/mailbox"),
        ("/moderation/",),
    ),
}


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
        results = await Axe().run(page)
        for each in results.response["violations"]:
            places = "; ".join(node["html"][:200] for node in each["nodes"][:3])
            self.said.append(f"{what} ({language}): {each['id']}: {each['help']}: {places}")


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
async def test_every_page_is_accessible_in_every_language_and_light(
    browser: Browser, furnished: str, walk: Walk
) -> None:
    findings = Findings()
    async with someone(browser, furnished, "reader", PHONE) as person:
        person.complaints = []
        if walk.name:
            await person.sign_in(walk.name)
        weight = await Weight.of(person.page)
        async for path in places(person, walk):
            for language in LANGUAGES:
                weight.start()
                between = "&" if "?" in path else "?"
                await person.page.goto(f"{furnished}{path}{between}lang={language}")
                await person.page.wait_for_load_state("load")
                if weight.bytes > HEAVIEST_PAGE:
                    findings.said.append(f"{path} ({language}): {weight.bytes} bytes")
                await findings.look_at(person.page, language, path)
        person.complaints.clear()  # a page that is not there is among the pages
    assert not findings.said, "\n".join(findings.said)


async def test_the_wizard_is_accessible_and_keeps_what_was_typed_in_another_language(
    browser: Browser, furnished: str
) -> None:
    findings = Findings()
    async with someone(browser, furnished, "guest", DESKTOP) as guest:
        page = guest.page
        link = "https://www.aliexpress.com/item/32845522857.html"
        await page.goto(f"{furnished}/complaints/new?product_link={link}&lang=en")
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
    browser: Browser, furnished: str
) -> None:
    async with someone(browser, furnished, "typist", DESKTOP) as guest:
        keys = Keys(guest.page)
        await guest.page.goto(f"{furnished}/complaints/new")
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


async def places(person: Person, walk: Walk) -> AsyncIterator[str]:
    """The paths that the walker comes to, a few of each kind."""
    waiting, seen, kinds = list(walk.begin), set(walk.begin), dict[str, int]()
    while waiting:
        path = waiting.pop(0)
        yield path
        links: list[str] = await person.page.locator("main a").evaluate_all(
            "all => all.filter(a => !a.hasAttribute('download')).map(a => a.pathname)"
        )
        for link in links:
            kind = _ID.sub("*", link)
            if link in seen or not link.startswith(walk.follow or ("//",)):
                continue
            if "/evidence/" in link or kinds.get(kind, 0) >= _PLACES_OF_A_KIND:
                continue
            seen.add(link)
            kinds[kind] = kinds.get(kind, 0) + 1
            waiting.append(link)


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
