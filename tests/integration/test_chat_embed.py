"""The window on another site's page: one line there, and nothing of ours in the way."""

import gzip
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.async_api import Browser, expect

from services.chat.api.bodies import Begin
from services.runtime.clock import utcnow
from tests.chat_house import PAVEL, Replica, house
from tests.servers import NatsServer
from tests.serving import Server

pytestmark = pytest.mark.anyio

SECRET = "what-the-shop-and-the-chat-share-0123456789"
LOADER_AT_MOST = 3_000
WINDOW_AT_MOST = 40_000
SOON = 20_000


@dataclass
class Shop:
    """A page of another site: `localhost` is not 127.0.0.1."""

    url: str = ""
    page: str = ""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    made, app = Shop(), FastAPI()

    @app.get("/item")
    async def item() -> HTMLResponse:
        return HTMLResponse(made.page)

    with Server().serving(app) as url:
        made.url = url.replace("127.0.0.1", "localhost")
        yield made


@pytest.fixture
async def chat(nats: NatsServer, tmp_path: Path, shop: Shop) -> AsyncIterator[Replica]:
    async with house(nats, tmp_path) as home:
        settings = {"embed_origins": shop.url, "embed_secret": SECRET}
        async with home.replica(intake_url="http://127.0.0.1:9", **settings) as replica:
            origin = str(replica.http.base_url).rstrip("/")
            shop.page = (
                '<!doctype html><html lang="en"><title>Item</title><h1>Item</h1>'
                f'<script async src="{origin}/chat/embed.js" data-page="https://shop.example/i/1"'
                f' data-identity="{identity()}"></script>'
            )
            yield replica


def identity(secret: str = SECRET, **other: Any) -> str:
    claims = {
        "aud": "redress:chat",
        "sub": "ivan",
        "name": "Иван",
        "email": "ivan@example.com",
        "exp": int((utcnow() + timedelta(hours=1)).timestamp()),
    }
    return jwt.encode(claims | other, secret, algorithm="HS256")


async def test_the_loader_and_the_window_are_light(chat: Replica) -> None:
    """Loader at most 3 KB, the window at most 40 KB compressed, with all that it loads."""
    loader = (await chat.http.get("/chat/embed.js")).content
    assert len(gzip.compress(loader)) <= LOADER_AT_MOST
    begun = await chat.begin(way="bot")
    query = {"chat": begun["chat_id"], "token": begun["token"], "embed": "1"}
    page = await chat.http.get("/chat", params=query)
    sheets = [chat.app.state.pages._own, chat.app.state.pages._shared]
    files = [
        file
        for assets, names in zip(sheets, ("chat*", "redress*"), strict=True)
        for file in assets.folder.rglob("*")
        if file.match(f"{names}.css") or (file.suffix == ".js" and file.name not in NOT_LOADED)
    ]
    assert len(files) >= 10
    size = sum(len(gzip.compress(file.read_bytes())) for file in files)
    assert size + len(gzip.compress(page.content)) <= WINDOW_AT_MOST


NOT_LOADED = {"desk.js", "live.js", "notices.js", "files.js"}
"""Scripts of other pages."""


async def test_only_the_sites_that_were_named_may_frame_it_and_only_the_window(
    chat: Replica, shop: Shop
) -> None:
    framed = await chat.http.get("/chat", params={"embed": "1"})
    assert f"frame-ancestors 'self' {shop.url};" in framed.headers["content-security-policy"]
    plain = await chat.http.get("/chat")
    assert "frame-ancestors 'none'" in plain.headers["content-security-policy"]


async def test_what_is_refused_in_a_frame_is_shown_there_with_a_way_on(
    chat: Replica, shop: Shop
) -> None:
    """A page that may not be framed would be a blank one."""
    gone = {"embed": "1", "lang": "ru", "chat": "0" * 32}
    asked = {"Accept": "text/html"}
    refused = await chat.http.get("/chat", params=gone, headers=asked)
    assert refused.status_code == 404
    assert f"frame-ancestors 'self' {shop.url};" in refused.headers["content-security-policy"]
    assert 'href="/chat?embed=1&amp;ways=1&amp;lang=ru"' in refused.text
    assert "<nav" not in refused.text


@pytest.mark.parametrize(
    "signed",
    [
        identity("another-secret-0123456789-0123456789-0123"),
        identity(aud="redress:api"),
        identity(exp=1),
        "nothing.like.a.token",
    ],
    # Not the tokens, which change by the second: each process must collect the same names.
    ids=["another secret", "another audience", "expired", "no token"],
)
async def test_nobody_is_believed_who_was_not_vouched_for(chat: Replica, signed: str) -> None:
    body = Begin(way="bot", identity=signed).model_dump()
    await chat.call("POST", "", None, body, status=401)


async def test_a_member_talks_on_another_sites_page_without_a_cookie(
    browser: Browser, chat: Replica, shop: Shop
) -> None:
    """Begun, written, answered, found again on the next page, ended and rated, all in the frame."""
    await chat.on_shift(PAVEL)
    page = await (await browser.new_context(locale="en")).new_page()
    await page.goto(f"{shop.url}/item")
    await page.get_by_role("button", name="Online help").click()
    window = page.frame_locator("iframe")
    assert await window.get_by_role("button", name="Sign in").count() == 0
    await window.get_by_role("button", name="Chat with an operator").click()
    chat_id = await chat.accept(PAVEL, greeting="Hello!")
    log = window.get_by_role("log")
    await expect(log).to_contain_text("Hello!", timeout=SOON)
    await window.get_by_label("Your message").fill("Is this real leather?")
    await page.keyboard.press("Enter")
    await expect(window.locator(".chat-tick")).to_have_text("Sent", timeout=SOON)
    assert (await chat.call("GET", f"/desk/chats/{chat_id}", PAVEL))["customer"]["id"] == "ivan"

    await page.goto(f"{shop.url}/item")
    await expect(log).to_contain_text("Is this real leather?", timeout=SOON)
    await page.get_by_role("button", name="Close").click()
    await chat.say_as_staff(chat_id, PAVEL, "It is.")
    await expect(page.get_by_role("button", name="Online help (1)")).to_be_visible(timeout=SOON)
    await page.get_by_role("button", name="Online help").click()
    await window.get_by_role("button", name="End session").click()
    await window.get_by_role("radio", name="5").check()
    await window.get_by_role("button", name="Send the rating").click()
    await expect(window.get_by_text("Thank you for your rating.")).to_be_visible(timeout=SOON)
    assert await page.context.cookies() == []
