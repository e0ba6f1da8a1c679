"""R15, R16, R18: dispute or complaint, from the buyer's own orders at the demo marketplace."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.marketplace import orders
from deploy.marketplace.app import build
from deploy.marketplace.settings import Settings
from services.intake.farside import FarSide
from services.runtime.auth import Principal
from services.runtime.clock import utcnow
from services.runtime.marketplace import Marketplace
from services.runtime.pictures import Pictures
from tests.browsing import Browser
from tests.intake_house import LINK, House, intake, sqlite
from tests.servers import NatsServer
from tests.serving import Server

pytestmark = pytest.mark.anyio

IVAN = Principal("member", "ivan", "Иван", "ivan@example.org", "en")
LAYLA = Principal("member", "layla", "ليلى", "layla@example.org", "ar")


@pytest.fixture(scope="module")
async def house(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: object
) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("intake")
    nats, server = NatsServer(folder / "nats"), Server()
    nats.start()
    marketplace = build(Settings(public_url="http://intake", data=folder))
    with server.serving(marketplace):
        async with intake(
            nats, database_url=sqlite(folder), internal_marketplace_url=server.url
        ) as house:
            yield house
    nats.stop()


def link(product_id: str) -> str:
    return f"https://www.aliexpress.com/item/{product_id}.html"


async def advice(house: House, who: Principal | None, **query: str) -> Any:
    found = await house.http.get("/api/v1/advice", params=query, headers=house.headers(who))
    assert found.status_code == 200, found.text
    return found.json()


@pytest.mark.parametrize(
    ("product_id", "reason", "way", "rules"),
    [
        (orders.SCARF, "CF9", "dispute", [2]),
        (orders.SNEAKERS, "CF1", "both", [3]),
        (orders.LAMP, "", "dispute", [6, 2]),
        (orders.TESTER, "", "complaint", [4]),
        (orders.EARPHONES, "FI1", "complaint", [7]),
        (orders.ADC, "", "both", [8]),
        (orders.ADC, "OT1", "complaint", [5]),
        ("32700000001", "", "complaint", [1]),
    ],
)
async def test_r18_the_demo_orders_make_each_rule_visible(
    house: House, product_id: str, reason: str, way: str, rules: list[int]
) -> None:
    told = await advice(house, IVAN, product_link=link(product_id), reason=reason)
    assert (told["way"], told["rules"]) == (way, rules)
    assert all(each.endswith(".") for each in told["reasons"])


async def test_the_advice_names_the_order_and_where_its_dispute_is_opened(house: House) -> None:
    told = await advice(house, IVAN, product_link=link(orders.LAMP))
    assert told["urgent"]
    assert told["order"]["id"] == "8001003"
    left = datetime.fromisoformat(told["order"]["protection_until"]) - utcnow()
    assert timedelta(hours=29) < left < timedelta(hours=30)
    assert told["dispute_url"] == "/marketplace/disputes/new"
    assert "Less than 48 hours" in told["reasons"][0]
    lost = await advice(house, IVAN, product_link=link(orders.EARPHONES))
    assert lost["order"]["dispute"] == "D-5521"
    assert "linked to it" in lost["reasons"][0]


async def test_two_buyers_of_one_item_are_advised_each_on_their_own_order(house: House) -> None:
    ivan = await advice(house, IVAN, product_link=link(orders.SCARF), problem="goods")
    layla = await advice(house, LAYLA, product_link=link(orders.SCARF), problem="goods")
    assert (ivan["rules"], layla["rules"]) == ([2], [3])
    sneakers = await advice(house, LAYLA, product_link=link(orders.SNEAKERS), problem="goods")
    assert "not more than 15 days ago" in sneakers["reasons"][0]
    open_dispute = await advice(house, LAYLA, product_link=link(orders.LAMP))
    assert "D-5522" in open_dispute["reasons"][-1]
    assert not open_dispute["urgent"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"product_link": link(orders.SCARF)},
        {"product_link": "https://a.aliexpress.com/_mKjL9Cq"},
        {"product_link": "https://evil.example/item/1.html", "reason": "CF99"},
        {"reason": "XX7"},
    ],
)
async def test_what_is_not_known_is_never_a_refusal(house: House, query: dict[str, str]) -> None:
    told = await advice(house, None, **query)
    assert (told["way"], told["rules"], told["unknown"]) == ("both", [8], ["order"])


async def test_a_problem_that_is_none_is_told(house: House) -> None:
    answer = await house.http.get("/api/v1/advice", params={"problem": "weather"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.problem"


async def test_a_marketplace_that_is_away_is_asked_briefly_and_then_left_alone(
    tmp_path: Path,
) -> None:
    now = 100.0
    server = Server()
    marketplace = Marketplace(server.url)
    far = FarSide(marketplace, pictures=Pictures("http://intake"), seconds=lambda: now)
    started = utcnow()
    assert await far.card("32700000001") is None
    assert await far.orders(IVAN, "32700000001") is None
    assert utcnow() - started < timedelta(seconds=4)
    with server.serving(build(Settings(public_url="http://intake", data=tmp_path))):
        assert await far.card("32700000001") is None
        now += 5
        card = await far.card("32700000001")
        assert card is not None
        assert card.seller == "Sunrise Store"
        assert await far.orders(IVAN, orders.SCARF) is not None
    await marketplace.aclose()


# --- the window -------------------------------------------------------------------------------


@pytest.fixture
async def ivan(house: House) -> AsyncIterator[Browser]:
    async with Browser.of(house, IVAN) as browser:
        yield browser


@pytest.fixture
async def guest(house: House) -> AsyncIterator[Browser]:
    async with Browser.of(house) as browser:
        yield browser


async def test_r18_the_window_advises_from_the_order_and_leaves_both_ways_open(
    ivan: Browser,
) -> None:
    page = await ivan.open("/complaints/new?product_link=" + link(orders.SCARF))
    assert "Winter scarf" in page.text
    assert "A dispute fits best" in page.text
    assert "The goods have not arrived" in page.text
    assert page.choices["choice"] == ["complaint", "dispute"]
    page = await ivan.press(choice="complaint")
    assert ivan.value("product_link") == [link(orders.SCARF)]


async def test_r16_the_dispute_button_leads_to_the_marketplace_with_what_was_entered(
    ivan: Browser,
) -> None:
    await ivan.open("/complaints/new?product_link=" + link(orders.SCARF))
    await ivan.press(choice="complaint")
    await ivan.press()
    await ivan.press(type="CF")
    page = await ivan.press(reason="CF9")
    assert "A dispute fits best" in page.text
    page = await ivan.press("dispute", description="Заказ не пришёл, защита ещё 3 дня.")
    assert 'action="/marketplace/disputes/new"' in ivan.answer.text
    assert ivan.value("order") == ["8001001"]
    assert "Заказ не пришёл" in ivan.value("text")[0]
    page = await ivan.press("to:details")
    assert ivan.value("description") == ["\nЗаказ не пришёл, защита ещё 3 дня."]


async def test_the_last_48_hours_are_told_in_red(ivan: Browser) -> None:
    page = await ivan.open("/complaints/new?product_link=" + link(orders.LAMP))
    assert "Open the dispute first, now" in page.text
    assert "notice-red" in ivan.answer.text


async def test_a_guest_says_what_is_wrong_and_is_told_what_fits(guest: Browser) -> None:
    page = await guest.open("/complaints/new")
    assert "Which one fits" not in page.text
    page = await guest.press("advise", product_link=LINK, problem="listing")
    assert "A complaint fits best" in page.text
    page = await guest.press("advise", problem="goods")
    assert "Both ways are open to you" in page.text
    assert "whether you have ordered it" in page.text


async def test_rule_7_the_complaint_is_linked_to_the_lost_dispute(
    house: House, ivan: Browser
) -> None:
    await ivan.open("/complaints/new?product_link=" + link(orders.EARPHONES))
    await ivan.press(choice="complaint")
    await ivan.press()
    await ivan.press(type="FI")
    await ivan.press(reason="FI1")
    page = await ivan.press(description="Not what was shown.", good_faith="true")
    assert "D-5521" in page.text
    await ivan.press()
    _, filed = await house.filed(ivan.answer.url.path.rpartition("/")[2])
    assert filed.dispute == "D-5521"


async def test_a_piece_of_the_page_for_scripts(ivan: Browser) -> None:
    page = await ivan.open("/complaints/new/look?step=product&product_link=" + LINK)
    assert "Crystal Case Cover" in page.text
    assert "<html" not in ivan.answer.text
    page = await ivan.open("/complaints/new/look?step=product&product_link=evil.example/item/1")
    assert "evil.example" in page.text
