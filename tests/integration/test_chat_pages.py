"""The customer's window: without a script, in three languages, and alive with one."""

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from tests.chat_house import PAVEL, House, Replica
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def chat(home: House) -> AsyncIterator[Replica]:
    async with home.replica(intake_url="http://127.0.0.1:9") as replica:
        yield replica


async def page(browser: Browser, chat: Replica, *, script: bool = True) -> Page:
    context = await browser.new_context(
        base_url=str(chat.http.base_url), java_script_enabled=script, locale="en"
    )
    return await context.new_page()


async def test_there_are_three_ways_in(browser: Browser, chat: Replica) -> None:
    """R2, R5: sign in, not a member, or Eva; and a newcomer is pointed to registering."""
    shown = await page(browser, chat)
    await shown.goto("/chat?lang=en")
    assert await shown.locator("main a[href='/sign-in?next=/chat']").count() == 1
    assert await shown.locator("button[value=operator]").count() == 1
    assert await shown.locator("button[value=bot]").count() == 1
    assert await shown.locator("main a[href='/help/register']").count() == 1


async def test_the_whole_way_goes_without_a_script(browser: Browser, chat: Replica) -> None:
    """R6, R10, R12, R13."""
    await chat.on_shift(PAVEL)
    shown = await page(browser, chat, script=False)
    await shown.goto("/chat?lang=en")
    await shown.fill("#field-name", "Guest")
    await shown.click("button[value=operator]")
    await chat.accept(PAVEL, greeting="Hello, how can I help?")
    await shown.fill("#chat-text", "Where is my parcel?")
    await shown.click(".chat-form button")
    lines = " ".join(await shown.locator(".chat-line").all_inner_texts())
    assert "Hello, how can I help?" in lines
    assert "Where is my parcel?" in lines
    await shown.click("text=End session")
    await shown.check("input[name=score][value='5']")
    await shown.click("text=Send the rating")
    assert await shown.locator("#rating").count() == 0


async def test_what_is_new_arrives_by_itself_and_what_is_written_is_ticked(
    browser: Browser, chat: Replica
) -> None:
    """R7, R9: the place in the queue, and a visible signal when somebody joins."""
    shown = await page(browser, chat)
    await shown.goto("/chat?lang=en")
    await shown.click("button[value=operator]")
    await shown.wait_for_selector("text=Your place in the queue: 1.")
    await chat.on_shift(PAVEL)
    chat_id = await chat.accept(PAVEL, greeting="Hello!")
    await shown.wait_for_selector("text=Pavel has joined.")
    await eventually(lambda: _titled(shown))
    await shown.fill("#chat-text", "My card is 4242 4242 4242 4242")
    await shown.keyboard.press("Enter")
    await shown.wait_for_selector(".chat-tick:text('Sent')")
    await shown.wait_for_selector("text=•••• 4242")
    await chat.say_as_staff(chat_id, PAVEL, "Please keep it to yourself.")
    await shown.wait_for_selector("text=Please keep it to yourself.")
    assert await shown.locator(".chat-customer").count() == 1


async def _titled(shown: Page) -> bool:
    return (await shown.title()).startswith("●")


@pytest.mark.parametrize(("language", "you"), [("en", "You"), ("ru", "Вы"), ("ar", "أنت")])
async def test_the_script_speaks_the_pages_language(chat: Replica, language: str, you: str) -> None:
    begun = await chat.begin(way="bot")
    answer = await chat.http.get(
        "/chat", params={"chat": begun["chat_id"], "token": begun["token"], "lang": language}
    )
    told = re.search(r'data-words="([^"]+)"', answer.text)
    assert told is not None
    assert json.loads(unescape(told[1]))["you"] == you
    assert f'lang="{language}"' in answer.text


async def test_an_operator_works_at_the_desk_in_a_browser(browser: Browser, chat: Replica) -> None:
    shown = await page(browser, chat)
    session = chat.app.state.auth.sessions._tokens.issue(PAVEL)
    await shown.context.add_cookies(
        [{"name": "redress_session", "value": session, "url": str(chat.http.base_url)}]
    )
    await shown.goto("/desk?lang=en")
    await shown.click("text=Take chats")
    begun = await chat.begin(name="Guest")
    await shown.click("text=Accept")
    await chat.say(begun["chat_id"], begun["token"], "Where is my parcel?")
    await shown.wait_for_selector("text=Where is my parcel?")
    await shown.fill("#desk-text", "Let me look.")
    await shown.keyboard.press("Enter")
    await shown.wait_for_selector(".desk-operator:has-text('Let me look.')")
    await shown.click("text=End session")
    await shown.select_option("#field-code", "order")
    await shown.click("text=Done")
    await shown.wait_for_selector("text=0 of 3 chats")


async def test_a_customer_sees_what_came_to_the_desk_before_anybody_looked(
    browser: Browser, chat: Replica, home: House
) -> None:
    desk = await page(browser, chat)
    session = chat.app.state.auth.sessions._tokens.issue(PAVEL)
    await desk.context.add_cookies(
        [{"name": "redress_session", "value": session, "url": str(chat.http.base_url)}]
    )
    await chat.on_shift(PAVEL)
    begun = await chat.begin(name="Guest")
    await chat.accept(PAVEL)
    await desk.goto("/desk?lang=en")  # the list, and no chat
    await desk.wait_for_selector("text=Guest")
    await chat.say(begun["chat_id"], begun["token"], "Where is my parcel?")

    async def delivered() -> bool:
        return "MessageDelivered" in await home.facts(begun["chat_id"])

    await eventually(delivered)
    assert "MessageRead" not in await home.facts(begun["chat_id"])


async def test_what_is_being_written_stays_while_a_copy_is_mailed(
    browser: Browser, chat: Replica
) -> None:
    """R11."""
    shown = await page(browser, chat)
    await shown.goto("/chat?lang=en")
    await shown.click("button[value=bot]")
    await shown.fill("#chat-text", "I was just about to say")
    await shown.click("summary[title='Copy of the chat']")
    await shown.fill("#mail-to", "guest@example.org")
    await shown.click("text=Send by e-mail")
    await shown.wait_for_selector("text=The copy is on its way.")
    assert await shown.locator("#mail-to").is_hidden()
    assert await shown.input_value("#chat-text") == "I was just about to say"


async def test_what_was_opened_and_written_stays_when_the_chat_goes_on(
    browser: Browser, chat: Replica
) -> None:
    """R14."""
    shown = await page(browser, chat)
    await shown.goto("/chat?lang=en")
    await shown.click("button[value=operator]")
    await shown.click("summary:has-text('Make a complaint of it')")
    link = shown.get_by_label(re.compile("Link"))
    await link.fill("https://www.aliexpress.com/item/32700000001.html")
    await chat.on_shift(PAVEL)
    await chat.accept(PAVEL, greeting="Hello!")
    await expect(shown.locator("[data-part=after][data-is^=connected]")).to_have_count(1)
    await expect(link).to_be_visible()
    await expect(link).to_have_value("https://www.aliexpress.com/item/32700000001.html")


class Network:
    """What lies between a page and the chat, and may be away."""

    def __init__(self) -> None:
        self.up = True
        self.sockets: list[WebSocketRoute] = []

    async def carry(self, socket: WebSocketRoute) -> None:
        if not self.up:
            await socket.close(code=1012)
            return
        socket.connect_to_server()
        self.sockets.append(socket)

    async def drop(self) -> None:
        self.up = False
        for socket in self.sockets:
            await socket.close(code=1012)
        self.sockets.clear()


async def test_nothing_is_lost_or_doubled_while_a_telephone_sleeps(
    browser: Browser, chat: Replica, home: House
) -> None:
    """Ten minutes without a line: what both sides wrote meanwhile is there once, in order."""
    network = Network()
    await chat.on_shift(PAVEL)
    shown = await page(browser, chat)
    await shown.route_web_socket(re.compile("/socket"), network.carry)
    await shown.goto("/chat?lang=en")
    await shown.click("button[value=operator]")
    chat_id = await chat.accept(PAVEL, greeting="Hello!")
    await shown.wait_for_selector("text=Pavel has joined.")
    await shown.route("**/api/v1/chats/**", lambda route: route.abort())
    await network.drop()
    await shown.wait_for_selector("[data-chat][data-line=connecting]")
    await shown.wait_for_selector("[data-connection]:not([hidden])")
    for n in range(3):
        await chat.say_as_staff(chat_id, PAVEL, f"answer {n}")
        await shown.fill("#chat-text", f"question {n}")
        await shown.keyboard.press("Enter")
    await shown.wait_for_selector(".chat-tick[data-tick=sending] >> nth=2")
    home.move(minutes=10)
    await shown.reload()  # the browser had thrown the page away
    await shown.wait_for_selector(".chat-tick[data-tick=sending] >> nth=2")
    network.up = True
    await shown.unroute("**/api/v1/chats/**")
    await shown.evaluate("dispatchEvent(new Event('online'))")
    await shown.wait_for_selector(".chat-tick[data-tick=sending]", state="detached")
    texts = [event["text"] for event in await _said(chat, chat_id)]
    asked, answered = ([f"{word} {n}" for n in range(3)] for word in ("question", "answer"))
    assert [text for text in texts if text in asked] == asked
    for wanted, line in ((asked, ".chat-customer"), (answered, ".chat-operator")):
        lines = await shown.locator(f"{line} .chat-text").all_inner_texts()
        assert [text for text in lines if text in wanted] == wanted


async def test_the_talk_goes_on_where_sockets_are_blocked(browser: Browser, chat: Replica) -> None:
    """An event stream and POST carry the same."""
    network = Network()
    network.up = False
    await chat.on_shift(PAVEL)
    shown = await page(browser, chat)
    await shown.route_web_socket(re.compile("/socket"), network.carry)
    await shown.goto("/chat?lang=en")
    await shown.click("button[value=operator]")
    chat_id = await chat.accept(PAVEL, greeting="Hello!")
    await shown.wait_for_selector("text=Pavel has joined.")
    await shown.fill("#chat-text", "Do you hear me?")
    await shown.keyboard.press("Enter")
    await shown.wait_for_selector(".chat-tick:text('Sent')")
    await chat.say_as_staff(chat_id, PAVEL, "I do.")
    await shown.wait_for_selector("text=I do.")
    assert await shown.locator(".chat-customer").count() == 1


async def _said(chat: Replica, chat_id: str) -> list[dict[str, Any]]:
    events = (await chat.call("GET", f"/desk/chats/{chat_id}", PAVEL))["events"]
    return [event for event in events if event["type"] == "message"]


async def test_a_message_out_of_hours_is_left_with_what_was_typed_kept(
    browser: Browser, chat: Replica, home: House
) -> None:
    """Nobody is told “we are closed”: Eva is there, and a message is taken."""
    home.clock.offset += home.clock().replace(hour=23, minute=0) - home.clock()
    shown = await page(browser, chat, script=False)
    await shown.goto("/chat?lang=ar")
    await shown.click("button[value=bot]")
    await shown.click("summary:has-text('اترك رسالة')")
    await shown.fill("#field-text", "أين طردي؟")
    await shown.fill("#field-email", "not an address")
    await shown.click("form[action^='/chat/leave-message'] button")
    assert await shown.locator("#error-email").count() == 1
    assert await shown.input_value("#field-text") == "أين طردي؟"
    await shown.fill("#field-email", "guest@example.org")
    await shown.click("form[action^='/chat/leave-message'] button")
    assert "أين طردي؟" in await shown.locator(".chat-log").inner_text()
    assert "بالبريد" in await shown.locator("[data-state]").inner_text()
