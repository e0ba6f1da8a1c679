"""A chat from its beginning to the rating, on a real log and real sockets."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from contracts.chat import EmailCodeRequested
from services.chat.schedule import Schedules
from services.runtime import logs
from services.runtime.feed import Delivered, Feed
from tests.chat_house import IVAN, OLGA, PAVEL, SUSAN, House, Replica
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def chat(home: House) -> AsyncIterator[Replica]:
    async with home.replica() as replica:
        yield replica


async def test_a_chat_goes_from_the_queue_to_the_rating(chat: Replica, home: House) -> None:
    """R6, R7, R10, R12, R13."""
    await chat.on_shift(PAVEL)
    async with chat.socket("/desk/socket", PAVEL) as desk:
        begun = await chat.begin(IVAN)
        chat_id = begun["chat_id"]
        async with chat.socket(f"/{chat_id}/socket", IVAN) as customer:
            await desk.frame("desk", lambda frame: bool(frame["offers"]))
            await chat.accept(PAVEL, greeting="Hello, how can I help?")
            connected = await customer.event("connected")
            assert connected["operator"] == "Pavel"
            assert connected["greeting"] == "Hello, how can I help?"

            await customer.send(t="post", id="m-1", text="Where is my parcel?")
            acknowledged = await customer.frame("ack")
            await desk.event("message")
            assert desk.texts() == ["Where is my parcel?"]
            await desk.send(t="post", id="o-1", chat=chat_id, text="Let me look.")
            await customer.event("message")
            await eventually(lambda: customer.texts() == ["Where is my parcel?", "Let me look."])
            await desk.send(t="read", chat=chat_id, seq=acknowledged["seq"])
            read = await customer.event("read")
            assert (read["role"], read["up_to"]) == ("operator", acknowledged["seq"])

            await chat.call("POST", f"/{chat_id}/end", IVAN)
            await customer.event("rating_requested")
            await chat.call("POST", f"/{chat_id}/rating", IVAN, {"score": 5, "comment": "Thanks"})
            await customer.event("rated")
    await chat.call("POST", f"/desk/chats/{chat_id}/wrap-up", PAVEL, {"code": "delivery"})
    await eventually(lambda: _free(chat))
    assert (await home.facts(chat_id))[-1] == "WrapUpCompleted"
    again = await chat.call("POST", f"/{chat_id}/rating", IVAN, {"score": 1}, status=409)
    assert again["type"].endswith("already-rated")


async def _free(chat: Replica) -> bool:
    return bool((await chat.desk(PAVEL))["operator"]["taken"] == 0)


async def test_a_chat_begins_though_the_queue_is_behind_and_its_place_is_told_later(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = asyncio.Event()

    class HeldFeed(Feed):
        async def next(self) -> list[Delivered]:
            await goes_on.wait()
            return await super().next()

    monkeypatch.setattr("services.chat.board.Feed", HeldFeed)
    monkeypatch.setattr("services.chat.board.PATIENCE_SECONDS", 0.1)
    async with home.replica() as chat:
        await chat.on_shift(PAVEL)
        begun = await chat.begin(IVAN)
        assert (begun["phase"], begun["place"]) == ("queued", None)
        async with chat.socket(f"/{begun['chat_id']}/socket", IVAN) as customer:
            goes_on.set()
            assert (await customer.frame("place"))["position"] == 1
        assert await chat.offered(PAVEL) == begun["chat_id"]


async def test_a_message_that_is_sent_again_is_stored_once_for_good(
    chat: Replica, home: House
) -> None:
    chat_id = (await chat.begin(IVAN))["chat_id"]
    body = {"client_id": "m-1", "text": "Hello"}
    first = await chat.call("POST", f"/{chat_id}/messages", IVAN, body)
    home.move(days=3)
    async with chat.socket(f"/{chat_id}/socket", IVAN) as customer:
        await customer.send(t="post", id="m-1", text="Hello")
        assert (await customer.frame("ack"))["seq"] == first["seq"]
        assert customer.texts() == ["Hello"]


async def test_numbers_of_cards_and_telephones_are_hidden_before_they_are_stored(
    chat: Replica, home: House
) -> None:
    begun = await chat.begin()
    sent = await chat.say(
        begun["chat_id"], begun["token"], "Card 4242 4242 4242 4242, call +7 912 345-67-89"
    )
    assert sent["masked"] == 2
    stored = str(await home.messages(begun["chat_id"]))
    assert "4242 4242 4242" not in stored
    assert "345-67" not in stored


async def test_a_guest_opens_the_chat_with_its_token_and_nobody_else_does(chat: Replica) -> None:
    begun = await chat.begin(name="Guest")
    chat_id = begun["chat_id"]
    assert (await chat.call("GET", f"/{chat_id}", begun["token"]))["customer"] == "anonymous"
    await chat.call("GET", f"/{chat_id}", status=403)
    await chat.call("GET", f"/{chat_id}", IVAN, status=403)
    await chat.call("GET", f"/{'0' * 32}", IVAN, status=404)
    async with chat.socket(f"/{chat_id}/socket", IVAN) as refused:
        await refused.connection.wait_closed()
        assert refused.connection.close_code == 4403


async def test_a_member_goes_on_with_the_chat_that_is_open(chat: Replica) -> None:
    first = await chat.begin(IVAN)
    await eventually(lambda: _mine(chat, 1))
    second = await chat.begin(IVAN)
    assert (second["chat_id"], second["resumed"]) == (first["chat_id"], True)


async def _mine(chat: Replica, count: int) -> bool:
    return len((await chat.call("GET", "", IVAN))["chats"]) == count


async def test_a_declined_chat_goes_to_another_operator(chat: Replica, home: House) -> None:
    await chat.on_shift(PAVEL)
    await chat.on_shift(OLGA, languages=["en"])
    await chat.begin(IVAN)
    chat_id, first, second = None, PAVEL, OLGA
    for _ in range(200):
        if (await chat.desk(PAVEL))["offers"]:
            chat_id, first, second = await chat.offered(PAVEL), PAVEL, OLGA
            break
        if (await chat.desk(OLGA))["offers"]:
            chat_id, first, second = await chat.offered(OLGA), OLGA, PAVEL
            break
    await chat.call("POST", f"/desk/chats/{chat_id}/decline", first)
    assert await chat.offered(second) == chat_id
    assert (await chat.desk(first))["offers"] == []


async def test_a_supervisor_whispers_to_the_operator_and_the_customer_hears_nothing(
    chat: Replica,
) -> None:
    await chat.on_shift(PAVEL)
    chat_id = (await chat.begin(IVAN))["chat_id"]
    async with (
        chat.socket(f"/{chat_id}/socket", IVAN) as customer,
        chat.socket("/desk/socket", PAVEL) as desk,
    ):
        await chat.accept(PAVEL)
        silent = await chat.call(
            "POST",
            f"/desk/chats/{chat_id}/messages",
            SUSAN,
            {"client_id": "s-0", "text": "x"},
            status=403,
        )
        assert silent["type"].endswith("not-your-chat")
        await chat.call("PUT", f"/desk/chats/{chat_id}/supervision", SUSAN, {"mode": "whisper"})
        await chat.say_as_staff(chat_id, SUSAN, "Offer a refund.")
        await desk.event("message")
        await chat.call("PUT", f"/desk/chats/{chat_id}/supervision", SUSAN, {"mode": "barge"})
        await chat.say_as_staff(chat_id, SUSAN, "I am the supervisor.")
        await customer.event("message")
        assert customer.texts() == ["I am the supervisor."]
        assert desk.texts() == ["Offer a refund.", "I am the supervisor."]


async def test_a_transferred_chat_goes_to_the_one_asked_for(chat: Replica, home: House) -> None:
    await chat.on_shift(PAVEL)
    chat_id = (await chat.begin(IVAN))["chat_id"]
    await chat.accept(PAVEL)
    await chat.on_shift(OLGA, languages=["en"])
    await chat.call(
        "POST", f"/desk/chats/{chat_id}/transfer", PAVEL, {"to_operator": "olga", "reason": "x"}
    )
    assert await chat.accept(OLGA) == chat_id
    assert "TransferCompleted" in await home.facts(chat_id)
    await eventually(lambda: _free(chat))


async def test_out_of_hours_the_virtual_agent_answers_and_a_message_can_be_left(
    chat: Replica, home: House
) -> None:
    """R1, R4: Russian operators work 09:00–18:00 Moscow; the virtual agent always does."""
    hours = Schedules.load().of("ru")
    assert hours is not None
    closing = hours.closes_at(home.clock()) or home.clock()
    opening = hours.opens_at(closing)
    assert opening is not None
    home.clock.offset += closing - home.clock() + (opening - closing) / 2
    begun = await chat.begin(IVAN, language="ru")
    assert begun["phase"] == "bot"
    assert begun["hours"]["open"] is False
    assert begun["hours"]["opens_at"] == opening.isoformat()
    chat_id = begun["chat_id"]
    await chat.call(
        "POST",
        f"/{chat_id}/offline-message",
        IVAN,
        {"client_id": "l-1", "text": "Позвоните мне", "email": "ivan@example.com"},
    )
    await chat.on_shift(PAVEL, languages=["ru"])
    await eventually(lambda: _left(chat, 1))
    await chat.call("POST", f"/desk/chats/{chat_id}/take", PAVEL)
    await chat.say_as_staff(chat_id, PAVEL, "Отвечаю письмом.")
    await chat.call("POST", f"/desk/chats/{chat_id}/end", PAVEL, {})
    facts = [fact for message in await home.messages(chat_id) for fact in message.facts]
    assert facts[-1].model_dump()["reason"] == "answered_by_mail"


async def _left(chat: Replica, count: int) -> bool:
    return len((await chat.call("GET", "/desk/messages", PAVEL))["chats"]) == count


async def test_the_digits_that_were_mailed_prove_a_guests_address(
    chat: Replica, home: House
) -> None:
    begun = await chat.begin(way="bot", name="Guest")
    path, token = f"/{begun['chat_id']}", begun["token"]
    await chat.call("POST", f"{path}/code", token, {"email": "guest@example.org"})
    right = await _mailed(home, begun["chat_id"])
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    refused = await chat.call("POST", f"{path}/code/try", token, {"code": wrong}, status=422)
    assert refused["left"] == 2
    await chat.call("POST", f"{path}/code/try", token, {"code": right})
    assert (await chat.call("GET", path, token))["customer"] == "guest"


async def test_a_code_is_void_after_three_wrong_tries_and_after_ten_minutes(
    chat: Replica, home: House
) -> None:
    begun = await chat.begin(way="bot")
    path, token = f"/{begun['chat_id']}", begun["token"]
    await chat.call("POST", f"{path}/code", token, {"email": "guest@example.org"})
    right = await _mailed(home, begun["chat_id"])
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for left in (2, 1, 0):
        refused = await chat.call("POST", f"{path}/code/try", token, {"code": wrong}, status=422)
        assert refused["left"] == left
    await chat.call("POST", f"{path}/code/try", token, {"code": right}, status=422)
    await chat.call("POST", f"{path}/code", token, {"email": "guest@example.org"})
    right = await _mailed(home, begun["chat_id"])
    home.move(minutes=11)
    await chat.call("POST", f"{path}/code/try", token, {"code": right}, status=422)


async def _mailed(home: House, chat_id: str) -> str:
    """The digits of the code that was asked for last."""
    requests = [
        fact.request_id
        for message in await home.messages(chat_id)
        for fact in message.facts
        if isinstance(fact, EmailCodeRequested)
    ]
    return home.digits(requests[-1])


async def test_figures_tell_what_became_of_the_chats_of_a_day(chat: Replica) -> None:
    """R8: the service level within two minutes, measured and shown."""
    await chat.on_shift(PAVEL)
    chat_id = (await chat.begin(IVAN))["chat_id"]
    await chat.accept(PAVEL)
    await chat.say(chat_id, IVAN, "Hello")
    await chat.say_as_staff(chat_id, PAVEL, "Hello!")
    await chat.call("POST", f"/{chat_id}/end", IVAN)
    await chat.call("POST", f"/{chat_id}/rating", IVAN, {"score": 4})
    gone = await chat.begin(name="Guest")
    await chat.call("POST", f"/{gone['chat_id']}/end", gone["token"])

    async def counted() -> bool:
        found = await chat.call("GET", "/desk/figures", SUSAN)
        return bool(found["queued"] == 2 and found["ratings"] == 1 and found["abandoned"] == 1)

    await eventually(counted)
    found = await chat.call("GET", "/desk/figures", SUSAN)
    assert (found["answered"], found["service_level"], found["abandonment"]) == (1, 0.5, 0.5)
    assert (found["rating"], found["promises_kept"]) == (4.0, None)
    await chat.call("GET", "/desk/figures", IVAN, status=403)


async def test_who_was_blocked_cannot_begin_again_for_a_day(chat: Replica, home: House) -> None:
    await chat.on_shift(PAVEL)
    chat_id = (await chat.begin(IVAN))["chat_id"]
    await chat.accept(PAVEL)
    await chat.call("POST", f"/desk/chats/{chat_id}/end", PAVEL, {"reason": "blocked"})

    async def blocked() -> bool:
        answer = await chat.http.post(
            "/api/v1/chats", headers=chat.headers(IVAN), json={"way": "bot"}
        )
        return answer.status_code == 403

    await eventually(blocked)
    home.move(hours=25)
    assert (await chat.begin(IVAN, way="bot"))["phase"] == "bot"


async def test_writing_too_fast_is_refused_with_the_time_to_wait(chat: Replica) -> None:
    chat_id = (await chat.begin(IVAN, way="bot"))["chat_id"]
    async with chat.socket(f"/{chat_id}/socket", IVAN) as customer:
        for number in range(60):
            await customer.send(t="post", id=f"m-{number}", text="x")
        refused = await customer.frame("refused")
        assert refused["problem"]["type"].endswith("too-fast")
        assert 1 <= refused["problem"]["retry_after"] <= 20
        assert int(refused["id"].removeprefix("m-")) >= 20


@pytest.fixture
def logged_as_deployed() -> Iterator[None]:
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    logs.configure(service="chat", level="info", style="json")
    yield
    structlog.configure(**before)
    root.handlers = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("logged_as_deployed")
async def test_a_sockets_token_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("uvicorn.error").info('"WebSocket /api/v1/chats/1/socket?token=link_x.y"')
    assert "link_x" not in capsys.readouterr().err


async def test_what_was_read_is_marked_once_however_often_the_desk_is_opened(
    chat: Replica, home: House
) -> None:
    """A mark is a fact itself: one that answered it would be answered in turn."""
    await chat.on_shift(PAVEL)
    chat_id = (await chat.begin(IVAN))["chat_id"]
    await chat.accept(PAVEL)
    said = await chat.say(chat_id, IVAN, "Where is my parcel?")

    async def marks() -> int:
        page = await chat.http.get(f"/desk?chat={chat_id}", headers=chat.headers(PAVEL))
        assert f'data-seq="{said["seq"]}"' in page.text
        return (await home.facts(chat_id)).count("MessageRead")

    await eventually(marks)
    assert await marks() == 1
    assert await marks() == 1
