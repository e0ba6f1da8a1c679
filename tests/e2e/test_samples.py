"""R15 to R30: nine complaints as people file them, through the browser, each with its outcome."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx2 as httpx
import pytest
from playwright.async_api import Browser, expect

from contracts.ids import new_id
from deploy.credentials import credentials
from deploy.topology import Topology
from services.runtime.auth import Auth, Principal
from services.runtime.clock import utcnow
from tests.e2e.people import DESKTOP, Person, someone
from tests.e2e.wizard import SAMPLES, choose, describe, go, submit, to_details
from tests.waiting import found

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

WHO = {1: "ivan", 2: "ivan", 3: "layla", 4: "ivan", 6: "layla", 8: "layla", 9: "ivan", 12: "ivan"}
MEMBERS = {"ivan": ("Иван Петров", "ru"), "layla": ("ليلى حداد", "ar")}

Members = dict[str, Person]


@pytest.fixture(scope="module")
async def members(browser: Browser, site: str) -> AsyncIterator[Members]:
    async with AsyncExitStack() as stack:
        signed_in = {}
        for member, (name, language) in MEMBERS.items():
            person = await stack.enter_async_context(
                someone(browser, site, member, DESKTOP, language=language)
            )
            await person.sign_in(name)
            signed_in[member] = person
        yield signed_in


@pytest.fixture(scope="module")
async def moderation(topology: Topology | None, site: str) -> AsyncIterator[httpx.AsyncClient]:
    """What a moderator can ask."""
    if topology is None:
        pytest.skip("needs the secret of an installation started here")
    auth = Auth(secret_key=credentials(topology.data).secret_key, public_url=site, clock=utcnow)
    mia = Principal("staff", "mia", "Mia", "mia@example.org", "en", frozenset({"moderator"}))
    headers = {"Authorization": f"Bearer {auth.tokens.issue(mia)}"}
    async with httpx.AsyncClient(base_url=site, headers=headers, timeout=30) as client:
        yield client


async def case_with(moderation: httpx.AsyncClient, *numbers: str) -> Any:
    """The one case that these complaints have become part of."""

    async def look() -> Any:
        newest = await moderation.get("/api/v1/moderation/cases?order=newest&limit=50")
        for listed in newest.json()["items"]:
            case = (await moderation.get(f"/api/v1/moderation/cases/{listed['id']}")).json()
            if {each["number"] for each in case["complainants"]}.issuperset(numbers):
                return case
        return None

    return await found(look, 30)


async def files(person: Person, n: int, link: str | None = None) -> str:
    sample = SAMPLES[n]
    await to_details(person, link or sample["link"], sample["reason"])
    # In words of their own: the demo's people file the same samples, and who says the same twice
    # has filed once.
    await describe(person, f"{sample['text']} {new_id()[:8]}", sample.get("evidence", []))
    return await submit(person)


async def test_r20_r23_r26_1_the_guides_own_example_is_the_third_reason_of_the_third_type(
    members: Members, moderation: httpx.AsyncClient
) -> None:
    ivan = members["ivan"]
    await to_details(ivan, SAMPLES[1]["link"], "SM3")
    await go(ivan, "reasons again", "back")
    reasons = ivan.page.locator("input[name=reason]")
    assert await reasons.nth(2).get_attribute("value") == "SM3"
    await go(ivan, "types again", "back")
    assert await ivan.page.locator("input[name=type]").nth(2).get_attribute("value") == "SM"
    number = await files(ivan, 1)
    case = await case_with(moderation, number)
    assert (case["product"]["product_id"], case["accused"]) == ("32700000001", "sunrise-store")


async def test_2_a_fake_that_was_received_is_offered_the_dispute_too(members: Members) -> None:
    ivan = members["ivan"]
    await to_details(ivan, SAMPLES[2]["link"], "CF1")
    await expect(ivan.page.locator("main button[value=dispute]")).to_be_visible()
    await expect(ivan.page.locator(".notice", has_text="8001002")).to_be_visible()
    await describe(ivan, SAMPLES[2]["text"], [])
    assert (await submit(ivan)).startswith("C-")


@pytest.mark.parametrize("n", [3, 4, 6])
async def test_3_4_and_6_are_filed_with_their_evidence(
    members: Members, moderation: httpx.AsyncClient, n: int
) -> None:
    person, sample = members[WHO[n]], SAMPLES[n]
    number = await files(person, n)
    case = await case_with(moderation, number)
    (mine,) = (each for each in case["complainants"] if each["number"] == number)
    # A mark of its own is added to the words: the same text twice in ten minutes would be joined.
    assert mine["description"].startswith(sample["text"])
    assert mine["language"] == sample["lang"]
    assert [each["name"] for each in mine["evidence"]] == sample.get("evidence", [])


async def test_8_and_9_are_one_case(members: Members, moderation: httpx.AsyncClient) -> None:
    eight = await files(members["layla"], 8)
    nine = await files(members["ivan"], 9)
    case = await case_with(moderation, eight, nine)
    assert case["product"]["product_id"] == "1005001560047961"


async def test_10_a_guests_short_link_is_taken_unresolved(
    browser: Browser, site: str, moderation: httpx.AsyncClient
) -> None:
    async with someone(browser, site, "guest", DESKTOP) as guest:
        await to_details(guest, SAMPLES[10]["link"], SAMPLES[10]["reason"])
        await guest.sees("Item not identified yet")
        await guest.page.get_by_label("Your name").fill("A guest")
        await guest.page.get_by_label("Your e-mail address").fill("guest@example.org")
        await describe(guest, SAMPLES[10]["text"], [])
        number = await submit(guest)
    case = await case_with(moderation, number)
    assert case["product"]["product_id"] is None
    assert case["product"]["link"] == SAMPLES[10]["link"]


async def test_12_is_led_to_the_dispute(members: Members) -> None:
    """Not received and protected for three days: rule 2, told before anything is chosen."""
    ivan, sample = members["ivan"], SAMPLES[12]
    await ivan.open(f"/complaints/new?product_link={sample['link']}", "really a dispute")
    await expect(ivan.page.locator(".notice", has_text="8001001")).to_be_visible()
    dispute = ivan.page.locator(".choice:has(input[value=dispute])")
    await expect(dispute.locator(".badge")).to_be_visible()
    await choose(ivan, "choice", "complaint")  # and even so it is said again, with what was written
    await go(ivan, "product link")
    await go(ivan, "type")
    await choose(ivan, "type", "CF")
    await go(ivan, "reason")
    await choose(ivan, "reason", "CF9")
    await go(ivan, "description")
    await ivan.page.locator("#field-description").fill(sample["text"])
    await go(ivan, "the way to the dispute", "dispute")
    await ivan.page.locator("form[action='/marketplace/disputes/new'] button").click()
    await ivan.page.wait_for_url("**/marketplace/disputes/new")
    await ivan.look("dispute at the marketplace")
    assert sample["text"] in await ivan.page.locator("textarea").input_value()
    await expect(ivan.page.get_by_text("8001001")).to_be_visible()
