"""Two-way translation in a chat, by a server of LibreTranslate's protocol that really runs."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from tests.chat_house import LAYLA, PAVEL, House, Replica
from tests.serving import Server
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

OPEN = Path(__file__).parents[1] / "data" / "always-open.json"
LEARNT = {
    ("ما حالة طردي؟", "ru"): ("ar", "Что с моей посылкой?"),
    ("Она в пути.", "ar"): ("ru", "إنها في الطريق."),
}


@pytest.fixture(scope="module")
def machine() -> Iterator[str]:
    """Two sentences learnt by heart; everything else is too difficult."""
    app = FastAPI()

    @app.post("/translate")
    async def translate(request: Request) -> Response:
        body = await request.json()
        assert body["source"] == "auto"
        known = LEARNT.get((body["q"], body["target"]))
        if known is None:
            return JSONResponse({"error": "Too difficult"}, 400)
        source, text = known
        return JSONResponse({"translatedText": text, "detectedLanguage": {"language": source}})

    with Server().serving(app) as url:
        yield url


@pytest.fixture
async def chat(home: House, machine: str) -> AsyncIterator[Replica]:
    settings = {"translator_url": machine, "schedules": OPEN, "intake_url": "http://127.0.0.1:9"}
    async with home.replica(**settings) as replica:
        yield replica


async def test_an_operator_reads_what_a_customer_wrote_in_another_language(
    chat: Replica, home: House
) -> None:
    """Once; what the machine cannot do stays as it was written."""
    await chat.on_shift(PAVEL, languages=["ru"])
    chat_id = (await chat.begin(LAYLA, language="ru"))["chat_id"]
    await chat.accept(PAVEL)
    async with chat.socket(f"/{chat_id}/socket", LAYLA) as customer:
        await chat.say(chat_id, LAYLA, "ما حالة طردي؟")
        told = await customer.event("translated")
        assert (told["text"], told["language"]) == ("Что с моей посылкой?", "ru")
        await chat.say_as_staff(chat_id, PAVEL, "Слишком трудно")
        await eventually(lambda: len(customer.texts()) == 2)
    facts = await home.facts(chat_id)
    assert (facts.count("MessageTranslated"), facts.count("MessagePosted")) == (1, 2)


async def test_a_customer_reads_what_an_operator_wrote_in_another_language(chat: Replica) -> None:
    await chat.on_shift(PAVEL, languages=["ru", "ar"])
    chat_id = (await chat.begin(LAYLA, language="ar"))["chat_id"]
    await chat.accept(PAVEL)
    await chat.say_as_staff(chat_id, PAVEL, "Она в пути.")
    async with chat.socket(f"/{chat_id}/socket", LAYLA) as customer:
        await customer.event("translated")
    page = await chat.http.get("/chat", params={"chat": chat_id}, headers=chat.headers(LAYLA))
    assert "Она в пути." in page.text
    assert "إنها في الطريق." in page.text
