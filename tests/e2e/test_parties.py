"""What the parties do after filing, in real browsers: the accused in Russian, a blocked member in
Arabic on a telephone, a guest in English on a telephone (R31, R34 to R36)."""

import random
import re
from email import message_from_bytes, policy
from typing import Any, cast

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.people import DESKTOP, PHONE, Person, photo, someone
from tests.e2e.test_journey import ALLEGATION, FINDING, STORY, new_item_of_sunrise_store
from tests.waiting import eventually, found

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

SEND = "main button[name=go][value=next]"


async def test_the_accused_asks_for_time_answers_adds_proof_and_appeals(
    browser: Browser, site: str
) -> None:
    async with (
        someone(browser, site, "mia", DESKTOP) as mia,
        someone(browser, site, "seller", DESKTOP, language="ru") as seller,
    ):
        await mia.sign_in("Mia Novak")
        case = await a_case_about_sunrise_store(mia)
        await command(mia, case, "request-counter-notice", {"allegation": ALLEGATION})
        await seller.sign_in("Sunrise Store")
        page = seller.page

        await seller.open(f"/center/cases/{case}", "the case against me")
        await seller.sees(ALLEGATION)
        await page.locator("main a[href*='/extension']").first.click()
        await seller.look("asking for time")
        await page.locator("textarea").fill("Поставщик ответит в понедельник.")
        await sends(seller, "time asked for")
        await page.wait_for_url(f"**/center/cases/{case}*")
        before = await eventually_told(seller, case, lambda told: told["extension"])
        await command(mia, case, "grant-extension", {"days": 7})

        async def granted() -> bool:
            told = await seller.get_json(f"/api/v1/center/cases/{case}")
            return bool(told["answer_due_at"] > before["answer_due_at"])

        await eventually(granted)

        await seller.open(f"/cases/{case}/answer", "answering")
        await page.locator("textarea").fill("Это косметичка, а не чехол.")
        await page.reload()
        await expect(page.locator("textarea")).to_have_value("Это косметичка, а не чехол.")
        await page.locator("input[type=file]").set_input_files(photo())
        await seller.look("answer with a draft that was kept and a file")
        await sends(seller, "answered")
        await seller.sees("Это косметичка, а не чехол.")
        await seller.sees("photo.jpg")

        await page.locator(f"main a[href*='/cases/{case}/evidence']").first.click()
        await seller.look("adding evidence")
        await page.locator("input[type=file]").set_input_files(photo())
        await sends(seller, "evidence added")

        await decided(mia, case)
        await seller.open(f"/center/cases/{case}", "decided against me")
        await seller.sees(FINDING)
        await page.locator("main a[href*='/appeal']").first.click()
        await seller.look("appealing")
        await page.locator("textarea").fill("Правило этого не говорит.")
        await sends(seller, "appealed")
        await seller.sees("Правило этого не говорит.")
        told = await seller.get_json(f"/api/v1/center/cases/{case}")
        assert len(told["more_evidence"]) == 1


async def test_a_blocked_member_reads_the_decision_and_appeals_by_the_link_in_the_mail(
    browser: Browser, site: str
) -> None:
    async with (
        someone(browser, site, "mia", DESKTOP) as mia,
        someone(browser, site, "blocked", PHONE, language="ar") as blocked,
    ):
        await mia.sign_in("Mia Novak")
        case = await a_case_about_sunrise_store(mia)
        await decided(mia, case)
        link = await link_mailed(mia, "sunrise-store@example.org", f"/center/cases/{case}?token=")
        page = blocked.page
        await page.goto(link)
        await blocked.look("the decision by link")
        await blocked.sees(FINDING)
        await page.locator("main a[href*='/appeal']").first.click()
        await blocked.look("appealing by link")
        await page.locator("textarea").fill("الفئة صحيحة.")
        await page.locator("input[type=file]").set_input_files(photo())
        await sends(blocked, "appealed by link")
        await page.wait_for_url(f"**/center/cases/{case}*token=*")
        await blocked.sees("الفئة صحيحة.")


async def test_a_guest_proves_the_address_adds_evidence_and_withdraws(
    browser: Browser, site: str
) -> None:
    address = f"guest-{random.randrange(10**9)}@example.org"
    async with (
        someone(browser, site, "mia", DESKTOP) as mia,
        someone(browser, site, "guest", PHONE) as guest,
    ):
        await mia.sign_in("Mia Novak")
        number = (await files(mia, address))["number"]
        await case_of(mia, number)
        page = guest.page
        await guest.open("/complaints/mine", "asking for the link")
        await page.get_by_label("Your e-mail address").fill(address)
        await guest.press("Send me the link", "link asked for")
        await guest.sees("Look into your mailbox")
        await page.goto(await link_mailed(mia, address, "/complaints/mine?token="))
        await page.wait_for_url("**/center")
        await guest.look("my complaints as a guest")
        mine = page.locator("main li, main article").filter(has_text=number)
        await mine.get_by_role("link").first.click()
        await guest.look("my complaint as a guest")
        await guest.sees(STORY)
        await page.locator("main a[href*='/add']").first.click()
        await guest.look("adding evidence as a guest")
        await page.locator("input[type=file]").set_input_files(photo())
        await page.locator("textarea").fill("The category on the page.")
        await sends(guest, "evidence added as a guest")
        await guest.sees("The category on the page.")
        await page.locator("main a[href*='/withdraw']").first.click()
        await guest.look("withdrawing")
        await page.locator("textarea").fill("We have settled it.")
        await sends(guest, "withdrawn")

        async def withdrawn() -> bool:
            complaint = re.search(r"complaints/(\w+)", page.url)
            assert complaint
            told = await guest.get_json(f"/api/v1/center/complaints/{complaint[1]}")
            return bool(told["state"] == "withdrawn")

        await eventually(withdrawn)


# --- what is needed before --------------------------------------------------------------------


async def sends(person: Person, what: str) -> None:
    await person.page.locator(SEND).click()
    await person.page.wait_for_url("**/center/**")
    await person.look(what)


async def files(mia: Person, email: str) -> Any:
    """A guest's complaint, by the API."""
    item = new_item_of_sunrise_store()
    answer = await mia.page.context.request.fetch(
        f"{mia.site}/api/v1/complaints",
        method="POST",
        data={
            "product_link": f"https://www.aliexpress.com/item/{item}.html",
            "reason": "SM3",
            "description": STORY,
            "name": "A guest",
            "email": email,
            "language": "en",
            "good_faith": True,
        },
        headers={"Cookie": ""},
    )
    assert answer.status == 201, await answer.text()
    return await answer.json()


async def a_case_about_sunrise_store(mia: Person) -> str:
    """A case that mia works on."""
    number = (await files(mia, f"buyer-{random.randrange(10**9)}@example.org"))["number"]
    case = await case_of(mia, number)
    await command(mia, case, "admit", {})
    await command(mia, case, "claim", {})
    return case


async def case_of(mia: Person, number: str) -> str:
    async def joined() -> str | None:
        newest = await mia.get_json("/api/v1/moderation/cases?order=newest&limit=20")
        for listed in newest["items"]:
            case = await mia.get_json(f"/api/v1/moderation/cases/{listed['id']}")
            if number in {each["number"] for each in case["complainants"]}:
                return str(case["id"])
        return None

    return cast(str, await found(joined, 30))


async def command(mia: Person, case: str, name: str, body: dict[str, Any]) -> None:
    """A moderator's command, as a program in her browser sends it."""
    await mia.page.goto(f"{mia.site}/help")
    token = await mia.page.locator("input[name=csrf_token]").first.get_attribute("value")
    answer = await mia.page.request.post(
        f"{mia.site}/api/v1/moderation/cases/{case}/{name}",
        data=body,
        headers={"X-CSRF-Token": token or ""},
    )
    assert answer.ok, await answer.text()


async def decided(mia: Person, case: str) -> None:
    await command(mia, case, "claim", {})
    body = {"outcome": "upheld", "facts": FINDING, "restrictions": ["warning"]}
    await command(mia, case, "decide", body)


async def eventually_told(seller: Person, case: str, seen: Any) -> Any:
    async def told() -> Any:
        case_told = await seller.get_json(f"/api/v1/center/cases/{case}")
        return case_told if seen(case_told) else None

    return await found(told)


async def link_mailed(mia: Person, address: str, path: str) -> str:
    """The first link to `path` in a mail that the built-in mailbox received for `address`."""

    async def arrived() -> str | None:
        page = await (await mia.page.request.get(f"{mia.site}/mail/mailbox")).text()
        for key in dict.fromkeys(re.findall(r'href="/mail/mailbox/([^"?]+)"', page)):
            raw = await (await mia.page.request.get(f"{mia.site}/mail/mailbox/{key}/raw")).body()
            mail = message_from_bytes(raw, policy=policy.default)
            body = mail.get_body(("plain",))
            if address not in str(mail["To"]) or body is None:
                continue
            if link := re.search(rf"\S+{re.escape(path)}\S+", body.get_content()):
                return link[0]
        return None

    return cast(str, await found(arrived, 60))
