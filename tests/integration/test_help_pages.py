"""The Help Center as browsers get it: every article, in three languages, by menu and by search."""

import gzip
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from itertools import pairwise

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from typing_extensions import override

from services.intake.app import build
from services.intake.articles import LANGUAGES, library
from services.intake.settings import Settings
from tests.intake_house import IVAN, sqlite

pytestmark = pytest.mark.anyio

ELSEWHERE = ("/center", "/chat", "/sign-in")
"""Pages that are not intake's, or that need the marketplace."""


class Outline(HTMLParser):
    """What assistive technology is told about a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def heading_levels(self) -> list[int]:
        return [int(tag[1]) for tag, _ in self.elements if re.fullmatch(r"h[1-6]", tag)]

    @property
    def links(self) -> list[str]:
        return [str(attributes["href"]) for attributes in self.all("a")]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Intake, connected to nothing: help needs neither log nor database."""
    return build(
        Settings.model_validate(
            {
                "nats_url": "nats://127.0.0.1:1",
                "database_url": sqlite(tmp_path_factory.mktemp("intake")),
                "secret_key": "k" * 40,
                "public_url": "http://intake",
            }
        )
    )


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"accept": "text/html"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://intake", headers=headers
    ) as client:
        yield client


async def page(browser: httpx.AsyncClient, path: str, **request: object) -> str:
    answer = await browser.get(path, **request)  # type: ignore[arg-type]
    assert answer.status_code == 200, path
    return answer.text


def addresses() -> list[str]:
    articles = (article.href for language in LANGUAGES for article in library().all(language))
    return [*(f"/help?lang={language}" for language in LANGUAGES), *articles]


@pytest.mark.parametrize("path", ["/", "/help", "/help/register", "/complaints/new"])
async def test_help_is_at_the_top_of_every_page(browser: httpx.AsyncClient, path: str) -> None:
    """R3, R17: Help, then Help Center or Submit a complaint, without a script too."""
    header = (await page(browser, path)).partition("<header")[2].partition("</header>")[0]
    menu = header.partition("<details")[2].partition("</details>")[0]
    assert re.search(r"<summary>\s*Help\s*</summary>", menu)
    assert re.findall(r'href="([^"]+)"[^>]*>([^<]+)<', menu) == [
        ("/help", "Help Center"),
        ("/chat", "Online help"),
        ("/complaints/new", "Submit a complaint"),
    ]


async def test_a_newcomer_finds_how_to_register(browser: httpx.AsyncClient) -> None:
    """R2."""
    center = await page(browser, "/help")
    assert 'href="/help/register?lang=en"' in center
    assert "You do not need an account to complain" in await page(browser, "/help/register")


@pytest.mark.parametrize("address", addresses())
async def test_a_page_has_one_title_an_outline_and_its_language(
    browser: httpx.AsyncClient, address: str
) -> None:
    language = address.rpartition("=")[2]
    outline = Outline(await page(browser, address))
    levels = outline.heading_levels
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
    ids = [a["id"] for _, a in outline.elements if "id" in a]
    assert len(ids) == len(set(ids))
    written = {(a["lang"], a.get("dir")) for a in outline.all("article", "ul", "ol") if "lang" in a}
    assert written == {(language, "rtl" if language == "ar" else "ltr")}
    labels = {a.get("for") for a in outline.all("label")}
    named = [a for a in outline.all("input") if a.get("type") != "hidden"]
    assert all(a.get("id") in labels for a in named)


async def test_every_link_of_every_page_leads_to_a_page(browser: httpx.AsyncClient) -> None:
    pages = {address: await page(browser, address) for address in addresses()}
    links = {
        (link.partition("#")[0] or address, link.partition("#")[2])
        for address, content in pages.items()
        for link in Outline(content).links
        if not link.startswith(("https://eur-lex.europa.eu/eli/reg/", *ELSEWHERE))
    }
    for path, anchor in sorted(links):
        content = pages.get(path) or await page(browser, path)
        assert not anchor or f'id="{anchor}"' in content, (path, anchor)


@pytest.mark.parametrize(
    ("path", "accepted", "title"),
    [
        ("/help/refunds", "ru-RU,ru;q=0.9,en;q=0.5", "Вернёт ли жалоба мои деньги?"),
        ("/help/refunds", "fr, ar;q=0.7", "هل تعيد الشكوى إليّ مالي؟"),
        ("/help/refunds", "fr", "Can a complaint get my money back?"),
        ("/help/refunds?lang=ar", "ru", "هل تعيد الشكوى إليّ مالي؟"),
        ("/help/refunds?lang=AR-eg", "ru", "هل تعيد الشكوى إليّ مالي؟"),
        ("/help/refunds?lang=<b>", "ru", "Вернёт ли жалоба мои деньги?"),
    ],
)
async def test_an_article_is_in_the_language_asked_for_or_the_browsers(
    browser: httpx.AsyncClient, path: str, accepted: str, title: str
) -> None:
    content = await page(browser, path, headers={"accept-language": accepted})
    assert f"<h1>{title}</h1>" in content


async def test_a_member_reads_in_the_language_of_the_account(
    app: FastAPI, browser: httpx.AsyncClient
) -> None:
    signed_in = {"Authorization": f"Bearer {app.state.auth.tokens.issue(IVAN)}"}
    assert "Вернёт ли жалоба" in await page(browser, "/help/refunds", headers=signed_in)
    asked = await page(browser, "/help/refunds?lang=en", headers=signed_in)
    assert "Can a complaint get my money back?" in asked


async def test_other_languages_of_an_article_are_one_press_away(
    browser: httpx.AsyncClient,
) -> None:
    content = await page(browser, "/help/evidence?lang=ar")
    for language in LANGUAGES:
        assert f'href="/help/evidence?lang={language}" hreflang="{language}"' in content
        assert f'hreflang="{language}" href="/help/evidence?lang={language}"' in content


async def test_a_search_shows_what_answers_and_keeps_the_question(
    browser: httpx.AsyncClient,
) -> None:
    content = await page(browser, "/help", params={"lang": "ru", "q": "верните деньги"})
    results = content.partition('class="help-results"')[2].partition("</ol>")[0]
    assert 'href="/help/refunds?lang=ru' in results.partition("</li>")[0]
    assert "<mark>" in results
    assert 'value="верните деньги"' in content


async def test_a_search_that_finds_nothing_says_so_and_shows_all_articles(
    browser: httpx.AsyncClient,
) -> None:
    content = await page(browser, "/help", params={"q": '<script>"zzzz'})
    assert "Nothing found for" in content
    assert "&lt;script&gt;&#34;zzzz" in content
    assert '<script>"' not in content
    assert 'href="/help/register?lang=en"' in content


async def test_an_article_that_does_not_exist_is_told_with_a_way_on(
    browser: httpx.AsyncClient,
) -> None:
    answer = await browser.get("/help/nothing-of-the-kind")
    assert answer.status_code == 404
    assert "There is no help article at this address." in answer.text
    assert 'href="/help"' in answer.text


@pytest.mark.parametrize("address", addresses())
async def test_pages_are_light(browser: httpx.AsyncClient, address: str) -> None:
    assert len(gzip.compress((await page(browser, address)).encode())) < 20_000
