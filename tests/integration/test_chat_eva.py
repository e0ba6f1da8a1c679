"""The virtual agent with the real help articles, over real HTTP."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI, Request

from contracts.chat import ComplaintRequested, EmailCodeRequested, HandoffRequested
from services.intake.api import help as help_api
from services.intake.search import search
from services.runtime.evidence import EvidenceStore
from tests.chat_house import IVAN, LAYLA, PAVEL, House, Replica, Socket
from tests.serving import Server
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def intake() -> Iterator[str]:
    """Intake's own search, and moderation's Complaint Center as far as it is asked."""
    app = FastAPI()
    app.include_router(help_api.router(search()))

    @app.get("/api/v1/center/complaints")
    async def complaints(request: Request) -> Any:
        assert request.headers["authorization"].startswith(("Bearer ey", "Bearer link_"))
        item = {"id": "c1", "number": "C-7K3F9-QXD2M", "status": "Being looked at"}
        return {"items": [item], "next": None}

    with Server().serving(app) as url:
        yield url


@pytest.fixture
async def chat(home: House, intake: str) -> AsyncIterator[Replica]:
    async with home.replica(intake_url=intake, moderation_url=intake) as replica:
        yield replica


async def answers(socket: Socket, count: int) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        return [each for each in socket.events() if each["type"] == "answer"]

    await eventually(lambda: len(found()) >= count)
    return found()


async def test_she_says_that_she_is_a_program_and_answers_with_articles(chat: Replica) -> None:
    """R1, R2."""
    begun = await chat.begin(IVAN, way="bot", language="ru")
    async with chat.socket(f"/{begun['chat_id']}/socket", IVAN) as customer:
        (hello,) = await answers(customer, 1)
        assert "виртуальный помощник" in hello["text"]
        await customer.send(t="post", id="q-1", text="как мне зарегистрироваться?")
        _, answer = await answers(customer, 2)
        assert answer["sources"][0]["href"].startswith("/help/register")
        assert answer["sources"][0]["title"]
        assert answer["sources"][0]["version"] >= 1
        assert len(answer["sources"]) <= 3


@pytest.mark.parametrize("asked", ["operator please", "позовите оператора", "أريد مشغل"])
async def test_a_person_comes_when_asked_for_in_any_language(
    chat: Replica, home: House, asked: str
) -> None:
    """With what was said, so that nothing has to be said twice."""
    chat_id = (await chat.begin(IVAN, way="bot", language="en"))["chat_id"]
    await chat.say(chat_id, IVAN, "my parcel has not arrived")
    await chat.on_shift(PAVEL)
    async with chat.socket(f"/{chat_id}/socket", IVAN) as customer:
        await answers(customer, 2)
        await customer.send(t="post", id="q-2", text=asked)
        await customer.event("queued")
    assert await chat.offered(PAVEL) == chat_id
    (handoff,) = [
        fact
        for message in await home.messages(chat_id)
        for fact in message.facts
        if isinstance(fact, HandoffRequested)
    ]
    assert handoff.reason == "asked"
    assert handoff.summary.startswith("my parcel has not arrived")
    assert handoff.articles


async def test_two_questions_that_she_cannot_answer_bring_a_person(chat: Replica) -> None:
    chat_id = (await chat.begin(IVAN, way="bot"))["chat_id"]
    async with chat.socket(f"/{chat_id}/socket", IVAN) as customer:
        await answers(customer, 1)
        await customer.send(t="post", id="q-1", text="banana bread recipe")
        found = await answers(customer, 2)
        assert (found[1]["kind"], found[1]["sources"]) == ("none", [])
        await customer.send(t="post", id="q-2", text="who won the football match")
        handoff = await customer.event("handoff")
        assert handoff["reason"] == "low_scores"


async def test_when_her_library_is_away_a_person_takes_over(home: House) -> None:
    async with home.replica(intake_url="http://127.0.0.1:9") as chat:
        chat_id = (await chat.begin(IVAN, way="bot"))["chat_id"]
        async with chat.socket(f"/{chat_id}/socket", IVAN) as customer:
            await customer.send(t="post", id="q-1", text="how do I register?")
            assert (await customer.event("handoff"))["reason"] == "error"


async def test_out_of_hours_she_says_when_operators_are_back(chat: Replica, home: House) -> None:
    """Nobody is told “we are closed” on top of an answer."""
    home.clock.offset += _until_riyadh_sleeps(home)
    chat_id = (await chat.begin(LAYLA, way="operator", language="ar"))["chat_id"]
    async with chat.socket(f"/{chat_id}/socket", LAYLA) as customer:
        await answers(customer, 1)
        await customer.send(t="post", id="q-1", text="كيف أقدم شكوى على البائع")
        await answers(customer, 2)
        await customer.send(t="post", id="q-2", text="أريد مشغل")
        found = await answers(customer, 3)
        assert found[2]["kind"] == "hours"
        assert "Riyadh" in found[2]["text"]
    assert (await chat.call("GET", f"/{chat_id}", LAYLA))["phase"] == "bot"


def _until_riyadh_sleeps(home: House) -> Any:
    now = home.clock()
    sleeps = now.replace(hour=23, minute=0)
    return sleeps - now


async def test_she_tells_members_how_their_own_complaints_stand_and_asks_guests_who_they_are(
    chat: Replica,
) -> None:
    mine = (await chat.begin(IVAN, way="bot"))["chat_id"]
    async with chat.socket(f"/{mine}/socket", IVAN) as customer:
        await customer.send(t="post", id="q-1", text="what is the status of my complaint?")
        found = await answers(customer, 2)
        assert "C-7K3F9-QXD2M: Being looked at" in found[-1]["text"]
        assert found[-1]["sources"][0]["href"] == "/center/complaints/c1"
    guest = await chat.begin(way="bot")
    async with chat.socket(f"/{guest['chat_id']}/socket", token=guest["token"]) as customer:
        await customer.send(t="post", id="q-1", text="status of my complaint C-7K3F9-QXD2M")
        found = await answers(customer, 2)
        assert "C-7K3F9" not in found[-1]["text"]
        assert "six digits" in found[-1]["text"]


async def test_a_guest_who_proved_the_address_is_told_of_own_complaints(
    chat: Replica, home: House
) -> None:
    guest = await chat.begin(way="bot")
    chat_id, token = guest["chat_id"], guest["token"]
    await chat.call("POST", f"/{chat_id}/code", token, {"email": "guest@example.org"})
    asked = next(
        fact
        for message in await home.messages(chat_id)
        for fact in message.facts
        if isinstance(fact, EmailCodeRequested)
    )
    await chat.call("POST", f"/{chat_id}/code/try", token, {"code": home.digits(asked.request_id)})
    async with chat.socket(f"/{chat_id}/socket", token=token) as customer:
        await customer.send(t="post", id="q-1", text="what is the status of my complaint?")
        assert "C-7K3F9-QXD2M" in (await answers(customer, 2))[-1]["text"]


async def test_a_chat_becomes_a_complaint_with_its_transcript(chat: Replica, home: House) -> None:
    """R14."""
    chat_id = (await chat.begin(IVAN, way="bot"))["chat_id"]
    await chat.say(chat_id, IVAN, "the item is listed in the wrong category")
    link = "https://aliexpress.com/item/32700000001.html"
    wizard = await chat.call(
        "POST", f"/{chat_id}/complaint", IVAN, {"product_link": link, "consent": True}
    )
    told = parse_qs(urlsplit(wizard["url"]).query)
    assert told["chat"] == [chat_id]
    assert told["product_link"] == [link]
    assert told["type"] == ["SM"]
    assert told["description"] == ["the item is listed in the wrong category"]
    evidence = EvidenceStore(chat.app.state.parts.bus)
    file, chunks = await evidence.get(told["evidence"][0])
    text = b"".join([chunk async for chunk in chunks]).decode()
    assert file.media_type == "text/plain"
    assert "the item is listed in the wrong category" in text

    await chat.call("POST", f"/{chat_id}/complaint", IVAN, {"consent": False})
    facts = [fact for message in await home.messages(chat_id) for fact in message.facts]
    requests = [fact for fact in facts if isinstance(fact, ComplaintRequested)]
    assert requests[-1].transcript is None


class Model:
    """A small server of OpenAI's chat protocol."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.says: Any = ""
        self.app = FastAPI()

        @self.app.post("/v1/chat/completions")
        async def complete(request: Request) -> Any:
            self.asked.append(await request.json())
            choice = {"index": 0, "message": {"role": "assistant", "content": self.says}}
            return {"object": "chat.completion", "choices": [choice]}


@pytest.mark.parametrize(
    ("says", "used"),
    [
        ("Open the register page and enter your address.", True),
        ("See https://evil.example/register for it.", False),
        ("It costs 42 dollars.", False),
        ("NONE", False),
        ("", False),
        (None, False),
        ("word " * 200, False),
    ],
)
async def test_a_language_model_may_only_put_what_was_found_into_other_words(
    home: House, intake: str, says: Any, used: bool
) -> None:
    model = Model()
    model.says = says
    with Server().serving(model.app) as url:
        async with home.replica(intake_url=intake, assistant_url=f"{url}/v1") as chat:
            chat_id = (await chat.begin(IVAN, way="bot"))["chat_id"]
            async with chat.socket(f"/{chat_id}/socket", IVAN) as customer:
                await customer.send(t="post", id="q-1", text="how do I sign up?")
                found = await answers(customer, 2)
                assert found[-1]["sources"]
                assert (found[-1]["text"] == says) is used
    (asked,) = model.asked
    assert asked["messages"][0]["role"] == "system"
    assert "how do I sign up?" in asked["messages"][1]["content"]
