"""The support chat from Help to rating, and on to a complaint: a customer in Arabic on a telephone,
an operator in Russian at a desk.

R3, R5 to R7, R9 to R14.
"""

import contextlib
import re
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect
from playwright.async_api import TimeoutError as Gone

from tests.e2e.people import DESKTOP, PHONE, Person, photo, someone
from tests.e2e.wizard import submit

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

QUESTION = "البضاعة مدرجة في فئة ليست فئتها"
ANSWER = "Здравствуйте! Сейчас посмотрю."
LINK = "https://www.aliexpress.com/item/32700000001.html"
SOON = 15_000


async def test_a_customer_and_an_operator_from_help_to_rating_to_a_complaint(
    browser: Browser, site: str
) -> None:
    async with (
        someone(browser, site, "layla-chat", PHONE, language="ar") as layla,
        someone(browser, site, "pavel-desk", DESKTOP, language="ru") as pavel,
    ):
        await a_supervisor_lets_him_take_arabic_chats(browser, site)
        await pavel.sign_in("Павел Орлов")
        await pavel.open("/desk", "the desk")
        await is_on_shift(pavel)
        await asks_eva_then_waits_for_a_person(layla)
        await takes_the_chat(pavel)
        await they_talk(layla, pavel)
        await rates(layla)
        await complains(layla)


async def a_supervisor_lets_him_take_arabic_chats(browser: Browser, site: str) -> None:
    async with someone(browser, site, "susan-desk", DESKTOP) as susan:
        await susan.sign_in("Susan Clarke")
        token = await susan.page.locator("input[name=csrf_token]").first.get_attribute("value")
        answer = await susan.page.request.put(
            f"{site}/api/v1/chats/desk/operators/pavel",
            data={"name": "Павел Орлов", "languages": ["ru", "ar"], "capacity": 3},
            headers={"X-CSRF-Token": token or "", "Origin": site},
        )
        assert answer.ok, await answer.text()


async def is_on_shift(pavel: Person) -> None:
    """Whoever had fallen silent is on shift again once the desk is open: the button goes away."""
    with contextlib.suppress(Gone):
        await pavel.page.get_by_role("button", name="Принимать чаты").click(timeout=2_000)
    await expect(pavel.page.get_by_text("На смене", exact=True)).to_be_visible(timeout=SOON)


async def asks_eva_then_waits_for_a_person(layla: Person) -> None:
    page = layla.page
    await layla.open("/", "start")
    await page.locator("summary", has_text="المساعدة").first.click()
    await page.get_by_role("link", name="المساعدة المباشرة").click()
    await layla.look("the ways in")
    await accessible(page)
    await page.get_by_role("button", name="تحدث إلى إيفا").click()
    log = page.get_by_role("log")
    await expect(log).to_contain_text("إيفا", timeout=SOON)
    await page.get_by_label("رسالتك").fill("كيف أسجل حسابا؟")
    await page.keyboard.press("Enter")
    await expect(log.get_by_role("link").first).to_be_visible(timeout=SOON)
    await layla.look("articles as cards")
    await accessible(page)
    await page.get_by_role("button", name="أريد مشغل").click()
    await expect(page.locator("[data-state]")).to_contain_text(re.compile(r"\d"), timeout=SOON)
    await layla.look("in the queue")


async def takes_the_chat(pavel: Person) -> None:
    await pavel.page.get_by_role("button", name="Принять", exact=True).first.click(timeout=SOON)
    await expect(pavel.page.get_by_role("log")).to_be_visible(timeout=SOON)
    await pavel.look("the chat at the desk")


async def they_talk(layla: Person, pavel: Person) -> None:
    customer, desk = layla.page, pavel.page
    chat = customer.locator("[data-chat]")
    await expect(customer.get_by_role("log")).to_contain_text("Павел", timeout=SOON)
    await expect(chat).to_have_attribute("data-sounded", re.compile(r"[1-9]"), timeout=SOON)
    assert (await customer.title()).startswith("●")
    await customer.get_by_role("button", name="رموز تعبيرية").click()
    await customer.get_by_role("button", name="🙏").click()
    text = customer.get_by_label("رسالتك")
    await expect(text).to_have_value("🙏")
    await text.fill(f"{QUESTION} 🙏")
    await customer.locator("[data-file-input]").set_input_files(photo())
    await expect(customer.get_by_role("list", name="ملفات للإرسال")).to_contain_text("photo")
    await customer.keyboard.press("Enter")
    await expect(customer.locator(".chat-tick").last).not_to_have_attribute(
        "data-tick", "sending", timeout=SOON
    )
    await expect(desk.get_by_role("log")).to_contain_text(QUESTION, timeout=SOON)
    assert await customer.locator(".chat-text", has_text=QUESTION).get_attribute("dir") == "auto"
    await desk.locator("textarea[name=text]").first.fill(ANSWER)
    await desk.keyboard.press("Enter")
    await expect(customer.get_by_role("log")).to_contain_text(ANSWER, timeout=SOON)
    await layla.look("the talk")
    await accessible(customer)
    await pavel.look("the talk at the desk")


async def rates(layla: Person) -> None:
    page = layla.page
    await page.get_by_role("button", name="إنهاء الجلسة").click()
    await page.get_by_role("radio", name="5").check(timeout=SOON)
    await layla.look("the rating")
    await accessible(page)
    await page.get_by_label(re.compile("تعليق")).fill("شكرًا لكم")
    await page.get_by_role("button", name="أرسل التقييم").click()
    await expect(page.get_by_text("شكرًا لك على التقييم.")).to_be_visible(timeout=SOON)


async def complains(layla: Person) -> None:
    """R14: the wizard knows what the chat knows, and has the transcript."""
    page = layla.page
    chat = page.url
    await page.locator("summary", has_text="شكوى").click()
    await page.get_by_label(re.compile("رابط المنتج")).fill(LINK)
    await page.get_by_role("checkbox").check()
    await page.get_by_role("button", name="تقديم شكوى").click()
    await page.wait_for_url("**/complaints/new?*")
    for _ in range(4):
        if await page.locator("textarea[name=description]").count():
            break
        if await page.locator("input[name=reason]").count():
            await page.check("input[name=reason][value=SM3]")
        elif await page.locator("input[name=type]").count():
            await page.check("input[name=type][value=SM]")
        await go_on(page)
    await expect(page.locator("textarea[name=description]")).to_have_value(re.compile(QUESTION))
    await expect(page.get_by_text("chat-S-").first).to_be_visible()
    await page.fill("[name=name]", "ليلى")
    await page.fill("[name=email]", "guest-in-chat@example.org")
    await layla.look("the complaint from the chat")
    number = await submit(layla)
    await page.goto(chat)
    await expect(page.get_by_role("log")).to_contain_text(number, timeout=SOON)


async def go_on(page: Page) -> None:
    await page.locator("main form button[name=go][value=next]").last.click()
    await page.wait_for_load_state()


async def accessible(page: Page) -> None:
    results: Any = await Axe().run(page)
    said = [
        f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:200]}"
        for each in results.response["violations"]
    ]
    assert not said, "\n".join(said)
