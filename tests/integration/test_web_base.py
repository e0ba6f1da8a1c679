"""The ground that every page stands on: headers, escaping, caching, refusals as pages."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.support import NullTranslations
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from httpx2 import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from services.runtime import auth, http
from services.runtime.catalogues import catalogues
from services.runtime.precedence import Precedence
from services.runtime.problems import Conflict, Invalid, NotFound
from services.runtime.sentences import Sentence, joined, ngettext
from services.runtime.sentences import gettext as _
from services.runtime.web import Form, Pages
from services.runtime.web.filters import (
    date_text,
    filename,
    filesize,
    relative_text,
    urgency,
    user_text,
)
from services.runtime.web.text import Reader, languages_accepted, negotiate, reading

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ORIGIN = "http://redress.test"
BROWSER = {"accept": "text/html"}

pytestmark = pytest.mark.anyio

TEMPLATE = """
{% extends "base.html" %}{% import "components.html" as ui %}
{% block title %}{{ heading }}{% endblock %}
{% block head %}<link rel="stylesheet" href="{{ own_asset('words.css') }}">{% endblock %}
{% block main %}
{{ ui.error_summary(form) }}
{% call ui.form("/words", version=7) %}
{{ ui.textarea(form, "words", _("Your words"), hint="Any language") }}
{% endcall %}
{{ ui.facts([("Link", ui.product({"link": heading}))]) }}
{{ heading|user_text }}
{% endblock %}
"""


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "words.html").write_text(TEMPLATE)
    static = tmp_path / "static"
    static.mkdir()
    (static / "words.css").write_text("p { color: teal }")
    translations = tmp_path / "translations"
    translations.mkdir()
    for language, said in (("ru", "Ваши слова"), ("ar", "كلماتك")):
        (translations / f"{language}.po").write_text(f'msgid "Your words"\nmsgstr "{said}"\n')
    app = FastAPI()
    keys = auth.Auth(secret_key="k" * 40, public_url=ORIGIN, clock=lambda: NOW)
    http.install(app, Precedence())
    auth.install(app, keys)
    pages = Pages(
        templates,
        service="words",
        clock=lambda: NOW,
        static=static,
        translations=translations,
    )
    pages.install(app)

    @app.get("/words")
    async def words(request: Request, heading: str = "Hello") -> HTMLResponse:
        return pages.render(request, "words.html", heading=heading, form=Form())

    @app.post("/words")
    async def refused(request: Request) -> HTMLResponse:
        await auth.verify_csrf(request)
        refusal = Invalid([{"field": "words", "message": "Say a little more."}])
        form = Form.refused(await request.form(), refusal)
        return pages.render(request, "words.html", status=422, heading="Hello", form=form)

    @app.get("/api/v1/taken")
    @app.get("/taken")
    async def taken() -> None:
        raise Conflict("Mia decided this case a moment ago.")

    @app.get("/missing")
    async def missing() -> None:
        raise NotFound("No complaint has this number.")

    @app.get("/fault")
    async def fault() -> None:
        raise ZeroDivisionError

    return app


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=ORIGIN, headers=BROWSER) as client:
        yield client


async def test_a_page_forbids_inline_scripts_framing_and_telling_other_sites_its_address(
    browser: AsyncClient,
) -> None:
    page = await browser.get("/words")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"].startswith("private")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page.text)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '" onload="x', "{{ 7 * 7 }}"])
async def test_what_people_type_is_shown_and_never_run(browser: AsyncClient, text: str) -> None:
    page = (await browser.get("/words", params={"heading": text})).text
    assert "<script>alert" not in page
    assert ' onload="x' not in page
    assert ">49<" not in page


@given(st.text())
def test_no_words_break_out_of_their_isolated_element(text: str) -> None:
    shown = str(user_text(text))
    assert shown.startswith('<div class="user-text" dir="auto">')
    assert shown.count("<") == 2


def test_a_direction_override_cannot_disguise_a_file_name() -> None:
    assert "photo_gpj.exe" in filename("photo_\u202egpj.exe")
    assert filename("../../etc/passwd") == '<bdi dir="ltr">passwd</bdi>'


async def test_a_refused_form_keeps_what_was_typed_and_says_why_beside_the_field(
    browser: AsyncClient,
) -> None:
    token = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get("/words")).text)
    assert token
    page = await browser.post("/words", data={"csrf_token": token[1], "words": "Слишком <мало>"})
    assert page.status_code == 422
    assert "Слишком &lt;мало&gt;</textarea>" in page.text
    assert 'href="#field-words">Say a little more.' in page.text
    assert 'aria-describedby="hint-words error-words" aria-invalid="true"' in page.text
    assert 'name="version" value="7"' in page.text


async def test_a_form_without_its_token_changes_nothing(browser: AsyncClient) -> None:
    page = await browser.post("/words", data={"words": "x"})
    assert page.status_code == 403
    assert "Nothing was changed" in page.text


async def test_static_files_are_kept_for_ever_at_an_address_that_changes_with_them(
    browser: AsyncClient,
) -> None:
    address = re.search(
        r'href="(/assets/[0-9a-f]+/redress\.css)"', (await browser.get("/words")).text
    )
    assert address
    current = await browser.get(address[1])
    assert current.status_code == 200
    assert "immutable" in current.headers["cache-control"]
    assert "text/css" in current.headers["content-type"]
    earlier = await browser.get("/assets/000000000000/redress.css")
    assert earlier.text == current.text
    assert "immutable" not in earlier.headers["cache-control"]
    assert (await browser.get("/assets/000000000000/../pages.py")).status_code == 404


async def test_a_service_serves_its_own_files_below_its_own_name(browser: AsyncClient) -> None:
    page = (await browser.get("/words")).text
    address = re.search(r'href="(/words/assets/[0-9a-f]+/words\.css)"', page)
    assert address
    file = await browser.get(address[1])
    assert file.text == "p { color: teal }"
    assert "immutable" in file.headers["cache-control"]


async def test_a_refusal_is_a_page_for_browsers_and_a_problem_document_for_the_api(
    browser: AsyncClient,
) -> None:
    page = await browser.get("/taken")
    assert page.status_code == 409
    assert "<h1>Somebody else acted at the same time</h1>" in page.text
    assert "Mia decided this case a moment ago." in page.text
    document = await browser.get("/api/v1/taken")
    assert document.headers["content-type"] == "application/problem+json"
    assert document.json()["detail"] == "Mia decided this case a moment ago."


@pytest.mark.parametrize(
    ("path", "status"), [("/missing", 404), ("/nowhere", 404), ("/fault", 500)]
)
async def test_a_page_that_is_not_there_or_failed_gives_a_way_back_and_a_number(
    browser: AsyncClient, path: str, status: int
) -> None:
    page = await browser.get(path)
    assert page.status_code == status
    assert 'href="/"' in page.text
    assert re.search(r"<code[^>]*>[0-9a-f]{32}</code>", page.text)
    assert "ZeroDivisionError" not in page.text


async def test_a_page_speaks_the_readers_language_in_its_direction(browser: AsyncClient) -> None:
    page = (
        await browser.get("/words", headers={"accept-language": "fr-CH, ar;q=0.8, en;q=0.5"})
    ).text
    assert '<html lang="ar" dir="rtl">' in page
    assert "كلماتك" in page
    assert '<html lang="en" dir="ltr">' in (await browser.get("/words")).text
    asked = await browser.get("/words?lang=ar", headers={"accept-language": "en"})
    assert '<html lang="ar" dir="rtl">' in asked.text


async def test_a_language_once_chosen_sticks_and_the_choice_is_on_every_page(
    browser: AsyncClient,
) -> None:
    page = await browser.get("/words?heading=Hi&lang=ru")
    assert page.headers["content-language"] == "ru"
    assert 'href="/words?heading=Hi&amp;lang=ar" hreflang="ar" lang="ar"' in page.text
    assert "Ваши слова" in (await browser.get("/words")).text
    assert "httponly" in page.headers["set-cookie"].lower()
    assert "set-cookie" not in (await browser.get("/words?lang=tlh")).headers
    assert 'lang="ru"' in (await browser.get("/words?lang=tlh")).text


async def test_what_a_form_is_answered_with_offers_the_page_of_the_form_in_other_languages(
    browser: AsyncClient,
) -> None:
    token = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get("/words")).text)
    assert token
    page = await browser.post(
        "/words",
        data={"csrf_token": token[1], "words": "x"},
        headers={"referer": f"{ORIGIN}/words?heading=Hi"},
    )
    assert 'href="/words?heading=Hi&amp;lang=ar"' in page.text


async def test_a_refusal_made_far_from_any_page_is_told_in_the_readers_language(
    browser: AsyncClient,
) -> None:
    russian = {"accept-language": "ru"}
    page = await browser.get("/taken", headers=russian)
    assert "<h1>Кто-то другой сделал это одновременно с вами</h1>" in page.text
    document = await browser.get("/api/v1/taken", headers=russian)
    assert document.json()["title"] == "Кто-то другой сделал это одновременно с вами"
    assert document.json()["type"] == "urn:redress:problem:conflict"
    assert document.headers["content-language"] == "ru"
    plain = await browser.get("/api/v1/taken")
    assert plain.json()["title"] == "Somebody else acted at the same time"


def test_a_sentence_takes_its_values_along_into_every_language() -> None:
    said = _("A request may have at most %(n)s MB.") % {"n": 20_000}
    assert said == "A request may have at most 20,000 MB."
    assert told_in("ru", said) == "Запрос может быть не больше 20\u00a0000 МБ."
    counted = ngettext("%(n)s byte", "%(n)s bytes", 3) % {"n": 3}
    assert counted == "3 bytes"
    assert told_in("ru", counted) == "3 байта"
    both = joined([_("Not Found"), said])
    assert both == f"Not Found; {said}"
    assert told_in("ru", both).startswith("Не найдено; Запрос")
    due = Sentence.of("%(due)s", values={"due": NOW})
    assert due == "2 March 2026, 12:00 UTC"
    assert told_in("ar", due) == "2 مارس 2026، 12:00 UTC"
    assert json.dumps({"detail": said}) == '{"detail": "A request may have at most 20,000 MB."}'


def told_in(language: str, text: str) -> str:
    assert isinstance(text, Sentence)
    return text.told(catalogues()[language], language)


def test_times_and_sizes_are_told_as_the_reader_writes_them() -> None:
    with reading(Reader("ru", NOW, catalogues()["ru"], "")):
        assert relative_text(NOW + timedelta(days=3, hours=2)) == "через 3 дня"
        assert relative_text(NOW - timedelta(minutes=61)) == "1 час назад"
        assert date_text(NOW) == "2 мар. 2026\u202fг."
        assert filesize(2_430_000) == "2,4 МБ"
    with reading(Reader("ar", NOW, catalogues()["ar"], "")):
        assert relative_text(NOW + timedelta(days=2, hours=2)) == "خلال يومين"


def test_languages_are_read_in_the_order_wanted() -> None:
    assert languages_accepted("en;q=0.3, ru-RU, *;q=0.1, ar;q=nonsense") == ["ru-ru", "en"]
    assert negotiate(["ru-ru", "en"], ("en", "ru")) == "ru"
    assert negotiate(["tlh"], ("en", "ru")) == "en"


def test_deadlines_are_told_from_now_and_grow_urgent() -> None:
    with reading(Reader("en", NOW, NullTranslations(), "")):
        assert relative_text(NOW + timedelta(days=3, hours=2)) == "in 3 days"
        assert relative_text(NOW - timedelta(minutes=61)) == "1 hour ago"
        assert urgency(NOW + timedelta(days=2)) == "calm"
        assert urgency(NOW + timedelta(hours=23)) == "soon"
        assert urgency(NOW - timedelta(seconds=1)) == "late"


def test_sizes_are_told_in_the_unit_that_matters() -> None:
    assert [filesize(n) for n in (1, 840_000, 2_430_000)] == ["1 byte", "840 KB", "2.4 MB"]
