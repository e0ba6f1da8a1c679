"""A machine's translation beside the original, from a server of LibreTranslate's protocol that
really runs; and the original alone when that server is away, slow or wrong."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from deploy.topology import Topology
from services.runtime.translator import LibreTranslate, Original, Translation
from tests.moderation_house import MIA, MovedClock, moderation, sqlite
from tests.serving import Server

pytestmark = pytest.mark.anyio

RUSSIAN = Original("Чехол лежит среди косметичек", "ru-RU")
MADE = "The case lies among cosmetic bags"


@dataclass
class Machine:
    """The protocol's server, with one sentence learnt by heart. `fault` makes it fail."""

    url: str
    fault: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def machine() -> Iterator[Machine]:
    server = Server()
    machine = Machine(server.url)
    app = FastAPI()

    @app.post("/translate")
    async def translate(request: Request) -> Response:
        body = await request.json()
        machine.asked.append(body)
        if machine.fault == "slow":
            await asyncio.sleep(4)
        if machine.fault == "broken":
            return JSONResponse({"error": "Out of memory"}, 500)
        if machine.fault == "odd":
            return Response("<html>a login page</html>")
        if body.get("api_key") != "key":
            return JSONResponse({"error": "Please contact the server operator"}, 403)
        if body["q"] != RUSSIAN.text:
            return JSONResponse({"error": f"{body['source']} is not supported"}, 400)
        told: dict[str, Any] = {"translatedText": MADE}
        if body["source"] == "auto":
            told["detectedLanguage"] = {"confidence": 90, "language": "ru"}
        return JSONResponse(told)

    with server.serving(app):
        yield machine


@dataclass
class Time:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def translator(machine: Machine, time: Time) -> AsyncIterator[LibreTranslate]:
    translator = LibreTranslate(machine.url, key="key", patience=2, seconds=time)
    yield translator
    await translator.aclose()


async def test_words_are_translated_once(machine: Machine, translator: LibreTranslate) -> None:
    for _again in range(2):
        made = await translator.translate([RUSSIAN], "en")
        assert made == {RUSSIAN.text: Translation(MADE, "ru")}
    assert [(each["source"], each["target"]) for each in machine.asked] == [("ru", "en")]


async def test_a_language_that_is_not_known_is_found_by_the_machine(
    machine: Machine, translator: LibreTranslate
) -> None:
    unknown = Original(RUSSIAN.text)
    assert (await translator.translate([unknown], "en"))[RUSSIAN.text].source == "ru"
    assert await translator.translate([unknown], "ru") == {}


async def test_what_the_reader_can_read_is_not_sent_anywhere(
    machine: Machine, translator: LibreTranslate
) -> None:
    assert await translator.translate([RUSSIAN, Original("  ", "en")], "ru") == {}
    assert machine.asked == []


async def test_a_text_that_cannot_be_translated_leaves_the_others_alone(
    machine: Machine, translator: LibreTranslate
) -> None:
    made = await translator.translate([Original("nuqneH", "tlh"), RUSSIAN], "en")
    assert list(made) == [RUSSIAN.text]


@pytest.mark.parametrize("fault", ["slow", "broken", "odd"])
async def test_a_machine_that_fails_is_left_alone_for_a_while(
    machine: Machine, translator: LibreTranslate, time: Time, fault: str
) -> None:
    machine.fault = fault
    assert await translator.translate([RUSSIAN], "en") == {}
    machine.fault = ""
    assert await translator.translate([RUSSIAN], "en") == {}
    assert len(machine.asked) == 1, "it was asked again at once"
    time.now += 31
    assert (await translator.translate([RUSSIAN], "en"))[RUSSIAN.text].text == MADE


async def test_r28_moderators_see_the_original_and_its_translation_marked_as_one(
    machine: Machine, tmp_path: Path
) -> None:
    with Topology(tmp_path, only=["streams", "marketplace"]) as topology:
        async with moderation(
            topology,
            database_url=sqlite(tmp_path),
            clock=MovedClock(),
            translator_url=machine.url,
            translator_key="key",
        ) as house:
            filed = await house.intake.file(description=RUSSIAN.text)
            case = await house.case_of(filed)
            token = house.app.state.auth.tokens.issue(MIA)
            page = await house.http.get(
                f"/moderation/cases/{case}?after={house.written}",
                headers={"authorization": f"Bearer {token}", "accept": "text/html"},
            )
    original, translated = page.text.index(RUSSIAN.text), page.text.index(MADE)
    assert original < translated
    assert "Machine translation from Russian; the original counts." in page.text
    assert f'<div class="user-text" dir="auto" lang="en">{MADE}' in page.text


async def test_nobody_at_the_address_is_no_translation() -> None:
    server = Server()
    translator = LibreTranslate(server.url)
    assert await translator.translate([RUSSIAN], "en") == {}
    await translator.aclose()
