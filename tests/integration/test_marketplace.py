"""The marketplace as a far side: the demo server really served, asked by the real client."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import aiohttp
import httpx2 as httpx
import pytest
from fastapi import FastAPI, Response

from deploy.marketplace.app import build
from deploy.marketplace.settings import Settings
from services.runtime.marketplace import Marketplace, MarketplaceUnavailable
from tests.serving import Server

PHONE_CASE = "32700000001"
LINKS = json.loads((Path(__file__).parents[1] / "data" / "product-links.json").read_text())["links"]
PRODUCTS = sorted({link["product_id"] for link in LINKS if "product_id" in link})


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = Server()
    settings = Settings(public_url=server.url, data=tmp_path_factory.mktemp("marketplace"))
    with server.serving(build(settings)):
        yield server.url


@pytest.fixture
async def marketplace(url: str, anyio_backend: object) -> AsyncIterator[Marketplace]:
    async with aclosing(Marketplace(url)) as asked:
        yield asked


@pytest.mark.anyio
async def test_the_catalogue_says_whose_product_it_is(url: str, marketplace: Marketplace) -> None:
    product = await marketplace.product(PHONE_CASE)
    assert product is not None
    assert product.seller_id == "sunrise-store"
    assert "Cosmetic bags" in product.category
    assert product.picture_url == f"{url}/marketplace/pictures/{PHONE_CASE}.svg"


@pytest.mark.anyio
@pytest.mark.parametrize("product_id", [*PRODUCTS, "1005002345678901", "77"])
async def test_every_product_that_can_be_linked_to_has_a_known_seller(
    url: str, marketplace: Marketplace, product_id: str
) -> None:
    product = await marketplace.product(product_id)
    assert product is not None
    async with aclosing(Marketplace(url)) as another:
        assert product == await another.product(product_id)
    assert await marketplace.member(product.seller_id) is not None


@pytest.mark.anyio
@pytest.mark.parametrize("product_id", ["1404", "abc", "0", "../members/ivan", "1" * 40, "é 1"])
async def test_what_is_not_for_sale_is_none(marketplace: Marketplace, product_id: str) -> None:
    assert await marketplace.product(product_id) is None


@pytest.mark.anyio
async def test_the_directory_knows_the_demo_people(marketplace: Marketplace) -> None:
    layla = await marketplace.member("layla")
    sven = await marketplace.member("sven")
    assert layla is not None
    assert sven is not None
    assert (layla.language, layla.email) == ("ar", "layla@example.org")
    assert layla.roles == {"customer"}
    assert sven.roles == {"senior_moderator"}
    assert await marketplace.member("nobody") is None


def test_a_product_page_leads_to_the_complaint_about_it(url: str) -> None:
    page = httpx.get(f"{url}/marketplace/item/{PHONE_CASE}.html")
    assert page.status_code == 200
    link = "https%3A%2F%2Fwww.aliexpress.com%2Fitem%2F32700000001.html"
    assert f'href="/complaints/new?product_link={link}"' in page.text
    assert "Sunrise Store" in page.text
    assert httpx.get(f"{url}/marketplace/item/1404.html").status_code == 404
    assert PHONE_CASE in httpx.get(f"{url}/marketplace/").text
    picture = httpx.get(f"{url}/marketplace/pictures/{PHONE_CASE}.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert httpx.get(f"{url}/marketplace/healthz").json() == {"status": "ok"}


@pytest.mark.anyio
async def test_an_answer_is_kept_for_a_minute_and_then_asked_for_anew() -> None:
    asked: list[str] = []
    app = FastAPI()

    @app.get("/marketplace/api/products/{product_id}")
    async def product(product_id: str) -> dict[str, str]:
        asked.append(product_id)
        return {"id": product_id, "seller_id": "s", "title": "t", "category": "c"}

    now = 0.0
    server = Server()
    with server.serving(app):
        async with aclosing(Marketplace(server.url, seconds=lambda: now)) as marketplace:
            await marketplace.product("1")
            now = 59.9
            await marketplace.product("1")
            assert asked == ["1"]
            now = 60.0
            await marketplace.product("1")
            assert asked == ["1", "1"]


@pytest.mark.anyio
async def test_a_stumble_over_there_is_tried_again() -> None:
    answers = [503, 500, 200]
    app = FastAPI()

    @app.get("/marketplace/api/members/{member_id}")
    async def member(member_id: str, response: Response) -> dict[str, object]:
        response.status_code = answers.pop(0)
        return {"id": member_id, "name": "n", "email": "e", "language": "en", "roles": ["pilot"]}

    server = Server()
    with server.serving(app):
        async with aclosing(Marketplace(server.url)) as marketplace:
            found = await marketplace.member("ivan")
    assert found is not None
    assert found.roles == frozenset()
    assert answers == []


@pytest.mark.anyio
@pytest.mark.parametrize("status", [200, 403, 502])
async def test_an_answer_that_is_not_understood_is_unavailability(status: int) -> None:
    app = FastAPI()

    @app.get("/marketplace/api/products/{product_id}")
    async def product(product_id: str) -> Response:
        return Response("<h1>Be right back</h1>", status)

    server = Server()
    with server.serving(app):
        async with aclosing(Marketplace(server.url)) as marketplace:
            with pytest.raises(MarketplaceUnavailable):
                await marketplace.product("1")


@pytest.mark.anyio
async def test_a_marketplace_that_is_away_is_unavailability() -> None:
    nowhere = Server()  # bound, so that nobody else gets the port, and not listening
    async with aclosing(Marketplace(nowhere.url)) as marketplace:
        with pytest.raises(MarketplaceUnavailable):
            await marketplace.product("1")


@pytest.mark.anyio
async def test_a_marketplace_that_never_answers_is_unavailability(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.runtime.marketplace._TIMEOUT", aiohttp.ClientTimeout(total=0.1))
    released = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    silent = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with aclosing(Marketplace(f"http://127.0.0.1:{port}")) as marketplace:
        with pytest.raises(MarketplaceUnavailable):
            await marketplace.product("1")
    released.set()
    silent.close()
