"""What the notifier mails about chats, from the facts that a real chat leaves in the log."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from contracts.envelope import Aggregate
from contracts.ids import derived_id
from contracts.mail import MailQueued
from services.notifier.chats import ChatMails
from services.notifier.rendering import Links, Rendered, render
from services.runtime.auth.codes import code_digits, code_key
from tests.chat_house import IVAN, PAVEL, House, Replica
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def chat(home: House) -> AsyncIterator[Replica]:
    async with home.replica(intake_url="http://127.0.0.1:9") as replica:
        yield replica


async def mailed(home: House, chat_id: str) -> list[tuple[MailQueued, Rendered]]:
    """Every mail that the chat leads to, its messages read twice."""
    mails = ChatMails(home.events, clock=home.clock)
    for _ in range(2):
        for message in await home.messages(chat_id):
            await mails.on_message(message)
    key = code_key(home.settings().secret_key.get_secret_value())
    links = Links("https://market.example", lambda *_: "token", partial(code_digits, key))
    found = []
    for message in await home.messages(chat_id):
        for fact in message.facts:
            template, one = {
                "EmailCodeRequested": ("chat_code", "request_id"),
                "TranscriptSent": ("chat_transcript", "request_id"),
                "MessagePosted": ("chat_answer", "message_id"),
            }.get(fact.type, ("", ""))
            if not template:
                continue
            mail_id = derived_id("chat-mail", template, getattr(fact, one))
            history = await home.events.read(Aggregate(kind="mail", id=mail_id))
            found += [
                (mail, render(mail, links, brand="Support"))
                for mail in history.facts
                if isinstance(mail, MailQueued)
            ]
    return found


async def test_the_code_is_mailed_and_stands_nowhere_in_the_log(chat: Replica, home: House) -> None:
    begun = await chat.begin(way="bot", language="ru")
    path = f"/{begun['chat_id']}"
    await chat.call("POST", f"{path}/code", begun["token"], {"email": "guest@example.org"})
    ((mail, letter),) = await mailed(home, begun["chat_id"])
    assert mail.to_address == "guest@example.org"
    digits = letter.subject[:6]
    assert digits.isdigit()
    assert digits in letter.html
    assert digits not in mail.model_dump_json()
    await chat.call("POST", f"{path}/code/try", begun["token"], {"code": digits})


async def test_a_transcript_has_what_was_said_and_a_link_back(chat: Replica, home: House) -> None:
    """R11."""
    begun = await chat.begin(way="bot", name="Guest")
    await chat.say(begun["chat_id"], begun["token"], "Where is my parcel?")
    sent = {"email": "guest@example.org", "language": "en"}
    await chat.call("POST", f"/{begun['chat_id']}/transcript", begun["token"], sent)
    ((_, letter),) = await mailed(home, begun["chat_id"])
    assert "· Guest\n> Where is my parcel?\n" in letter.text
    assert f"/chat?chat={begun['chat_id']}&token=" in letter.text


async def test_what_was_left_out_of_hours_is_answered_by_mail(chat: Replica, home: House) -> None:
    chat_id = (await chat.begin(IVAN, way="bot", language="en"))["chat_id"]
    left = {"client_id": "l-1", "text": "Call me", "email": "ivan@example.com"}
    await chat.call("POST", f"/{chat_id}/offline-message", IVAN, left)
    await chat.on_shift(PAVEL)
    await eventually(lambda: _left(chat))
    await chat.call("POST", f"/desk/chats/{chat_id}/take", PAVEL)
    await chat.say_as_staff(chat_id, PAVEL, "I called; nobody was there.")
    ((mail, letter),) = await mailed(home, chat_id)
    assert mail.to_address == "ivan@example.com"
    assert "Call me" in letter.text
    assert "I called; nobody was there." in letter.text
    assert "token=" not in letter.text.split("/chat?")[1].split()[0]


async def _left(chat: Replica) -> bool:
    return bool((await chat.call("GET", "/desk/messages", PAVEL))["chats"])


async def test_what_was_mailed_elsewhere_is_marked_and_mailed_to_nobody(
    chat: Replica, home: House
) -> None:
    begun = await chat.begin(way="bot", name="Guest")
    sent = {"email": "guest@example.org", "language": "en"}
    await chat.call("POST", f"/{begun['chat_id']}/transcript", begun["token"], sent)
    mails = ChatMails(home.events, clock=home.clock)

    async def mark(*, dry: bool) -> list[tuple[str, str]]:
        marked = [await mails.mark(m, dry=dry) for m in await home.messages(begun["chat_id"])]
        return [each for some in marked for each in some]

    would = await mark(dry=True)
    assert would == [("customer", "chat_transcript")]
    assert await mark(dry=False) == would
    assert await mark(dry=False) == []
    ((mail, _),) = await mailed(home, begun["chat_id"])  # the reaction finds it told
    told = (await home.events.read(Aggregate(kind="mail", id=mail.mail_id))).facts
    assert [fact.type for fact in told] == ["MailQueued", "MailSuppressed"]
