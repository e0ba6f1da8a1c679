"""The operator's desk in a browser and without a script: one service for the whole file."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from services.runtime.auth import Principal
from tests.chat_house import OLGA, PAVEL, SUSAN, Replica, house
from tests.servers import NatsServer
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

ALWAYS = Path(__file__).parents[1] / "data" / "schedules-always.json"
MARA = Principal("member", "mara", "Mara", "mara@example.com", "en", frozenset({"customer"}))


@pytest.fixture(scope="module")
async def chat(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: object
) -> AsyncIterator[Replica]:
    folder = tmp_path_factory.mktemp("desk")
    nats = NatsServer(folder / "nats")
    nats.start()
    try:
        async with (
            house(nats, folder) as home,
            home.replica(
                intake_url="http://127.0.0.1:9",
                moderation_url="http://127.0.0.1:9",
                internal_marketplace_url="http://127.0.0.1:9",
                schedules=ALWAYS,
            ) as replica,
        ):
            yield replica
    finally:
        nats.stop()


async def at_desk(
    browser: Browser, chat: Replica, who: Principal, *, script: bool = True, width: int = 1280
) -> Page:
    context = await browser.new_context(
        base_url=str(chat.http.base_url),
        java_script_enabled=script,
        locale="en",
        viewport={"width": width, "height": 900},
    )
    session = chat.app.state.auth.sessions._tokens.issue(who)
    await context.add_cookies(
        [{"name": "redress_session", "value": session, "url": str(chat.http.base_url)}]
    )
    return await context.new_page()


async def finish(chat: Replica, who: Principal, chat_id: str) -> None:
    await chat.call("POST", f"/desk/chats/{chat_id}/end", who, {})
    await chat.call("POST", f"/desk/chats/{chat_id}/wrap-up", who, {"code": "other"})


async def test_an_offer_rings_and_counts_down_and_several_chats_keep_their_unread_marks(
    browser: Browser, chat: Replica
) -> None:
    await chat.on_shift(PAVEL, capacity=2)
    shown = await at_desk(browser, chat, PAVEL)
    await shown.goto("/desk?lang=en")
    first = await chat.begin(name="Anna")
    await shown.wait_for_selector("[data-offer]")
    await eventually(lambda: _rang(shown))
    left = await shown.locator("[data-until]").inner_text()
    assert re.fullmatch(r"(1\d|20) s left", left)
    assert (await shown.title()).startswith("(1)")
    await shown.click("text=Accept")
    await shown.wait_for_selector(".desk-operator:has-text('Hello Anna! My name is Pavel')")
    second = await chat.begin(name="Boris")
    await chat.accept(PAVEL)
    await chat.say(second["chat_id"], second["token"], "Is anybody there?")
    await shown.wait_for_selector(".desk-unread:has-text('1')")
    await shown.click("text=Boris")
    await shown.wait_for_selector("text=Is anybody there?")
    await eventually(lambda: _nothing_unread(shown))
    for begun in (first, second):
        await finish(chat, PAVEL, begun["chat_id"])


async def _rang(shown: Page) -> bool:
    return bool(await shown.evaluate("Number(document.documentElement.dataset.rang ?? 0) > 0"))


async def _nothing_unread(shown: Page) -> bool:
    return await shown.locator(".desk-unread").count() == 0


async def test_a_canned_reply_is_chosen_by_its_shortcut_and_with_keys_alone(
    browser: Browser, chat: Replica
) -> None:
    await chat.on_shift(PAVEL)
    begun = await chat.begin(MARA, language="ru")
    await chat.on_shift(PAVEL, languages=["en", "ru"])
    chat_id = await chat.accept(PAVEL)
    shown = await at_desk(browser, chat, PAVEL)
    await shown.goto(f"/desk?chat={chat_id}&lang=en")
    await shown.keyboard.type("/hel")
    await shown.keyboard.press("Tab")
    assert await shown.input_value("#desk-text") == (
        "Здравствуйте, Mara! Меня зовут Pavel. Чем могу помочь?"
    )
    await shown.keyboard.press("Enter")
    await shown.wait_for_selector(".desk-operator:has-text('Здравствуйте, Mara!')")
    await expect(shown.locator("#desk-text")).to_have_value("")
    assert await shown.evaluate("document.activeElement.id") == "desk-text"
    await finish(chat, PAVEL, begun["chat_id"])


async def test_the_desk_works_without_a_script(browser: Browser, chat: Replica) -> None:
    await chat.on_shift(PAVEL, languages=["en"], capacity=3)
    chat_id = (await chat.begin(MARA))["chat_id"]
    await chat.offered(PAVEL)
    shown = await at_desk(browser, chat, PAVEL, script=False, width=820)
    await shown.goto("/desk?lang=en")
    await shown.click("text=Accept")
    await chat.say(chat_id, MARA, "shit, see https://evil.example/a and http://127.0.0.1/b")
    await shown.goto(f"/desk?chat={chat_id}")
    assert await shown.locator(".desk-veiled").inner_text() == "s•••"
    assert await shown.locator(".desk-line a").count() == 1
    await shown.fill("#desk-text", "/moment")
    await shown.click("text=Send")
    assert await shown.locator(".desk-operator:has-text('One moment, please')").count() == 1
    await shown.click("text=Internal note")
    await shown.fill("#field-text", "Second time this week")
    await shown.click("text=Add the note")
    assert await shown.locator(".desk-note").count() == 1
    await chat.on_shift(OLGA, languages=["en"], capacity=1)
    await shown.goto(f"/desk?chat={chat_id}")
    await shown.click("text=Hand over")
    await shown.select_option("#field-to", "operator:olga")
    await shown.click("button:has-text('Hand over')")
    assert await chat.offered(OLGA) == chat_id
    await chat.accept(OLGA)
    assert "Second time this week" not in str(await chat.call("GET", f"/{chat_id}", MARA))
    await finish(chat, OLGA, chat_id)
    await chat.call("DELETE", "/desk/shift", OLGA)


async def test_a_supervisor_whispers_from_the_desk_and_an_operator_may_not(
    browser: Browser, chat: Replica
) -> None:
    await chat.on_shift(PAVEL, languages=["en"], capacity=3)
    begun = await chat.begin(MARA)
    chat_id = begun["chat_id"]
    await chat.accept(PAVEL)
    shown = await at_desk(browser, chat, SUSAN)
    await shown.goto(f"/desk?chat={chat_id}&lang=en")
    await shown.click("button:has-text('Whisper')")
    await shown.fill("#desk-text", "Offer a refund")
    await shown.keyboard.press("Enter")
    await shown.wait_for_selector(".desk-whisper:has-text('Offer a refund')")
    assert "Offer a refund" not in str(await chat.call("GET", f"/{chat_id}", MARA))
    assert "Offer a refund" in str(await chat.call("GET", f"/desk/chats/{chat_id}", PAVEL))
    await finish(chat, PAVEL, chat_id)


async def test_history_figures_and_team_tell_what_happened(browser: Browser, chat: Replica) -> None:
    """R8: the service level within two minutes, shown; promises kept, public."""
    await chat.on_shift(PAVEL, languages=["en"], capacity=3)
    begun = await chat.begin(MARA)
    await chat.accept(PAVEL)
    await chat.say_as_staff(begun["chat_id"], PAVEL, "Hello")
    await finish(chat, PAVEL, begun["chat_id"])
    shown = await at_desk(browser, chat, SUSAN)
    await eventually(lambda: _counted(chat))
    await shown.goto("/desk/history?q=mara&lang=en")
    assert await shown.locator("a.row-link:has-text('Mara')").count() >= 1
    await shown.goto("/desk/figures")
    assert await shown.locator("dt:has-text('Service level') + dd").inner_text() == "100 %"
    answer = await shown.request.get("/desk/report.csv?days=7")
    lines = (await answer.text()).splitlines()
    assert lines[0].startswith("by,of,queued,answered,within,service_level")
    assert {line.split(",")[0] for line in lines[1:]} == {"all", "language", "operator"}
    assert (await chat.call("GET", "/promises"))["languages"] == []
    await shown.goto("/desk/team")
    row = shown.locator("tr:has(input[value='pavel'])")
    await row.locator("input[name=skills]").fill("refunds, legal")
    await row.locator("button").click()
    operators = (await chat.call("GET", "/desk/operators", SUSAN))["operators"]
    pavel = next(each for each in operators if each["id"] == "pavel")
    assert pavel["skills"] == ["legal", "refunds"]


async def _counted(chat: Replica) -> bool:
    rows = (await chat.call("GET", "/desk/report", SUSAN))["rows"]
    return bool(rows and rows[0]["answered"] and rows[0]["response"] is not None)


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ru", 820), ("ar", 820)])
async def test_the_desk_is_accessible_in_every_language(
    browser: Browser, chat: Replica, language: str, width: int
) -> None:
    await chat.on_shift(PAVEL, languages=["en"], capacity=3)
    begun = await chat.begin(MARA)
    await chat.accept(PAVEL)
    await chat.say(begun["chat_id"], MARA, "Where is my parcel?")
    await chat.begin(name="Anna")
    await chat.offered(PAVEL)
    paths = [f"/desk?chat={begun['chat_id']}&lang={language}"]
    paths += [f"/desk/{each}?lang={language}" for each in ("history", "figures", "team")]
    shown = await at_desk(browser, chat, PAVEL, width=width)
    for path in paths:
        await shown.goto(path)
        found = await Axe().run(shown)
        assert found.violations_count == 0, found.generate_report()
        wider = "document.documentElement.scrollWidth > innerWidth"
        assert not await shown.evaluate(wider), f"{path} is wider than {width}"
    await shown.context.close()
    await finish(chat, PAVEL, begun["chat_id"])
    anna = await chat.accept(PAVEL)
    await finish(chat, PAVEL, anna)
