"""The console's pages of proposals, of what is told outside, and of the yearly report."""

import re
from collections.abc import AsyncIterator
from datetime import date
from html import unescape

import pytest

from deploy.topology import Topology
from services.moderation.outgoing.report import Figure
from services.moderation.web.report import periods, tables
from services.runtime.auth import Principal
from tests.far_sides import SECRET, TOKEN, transparency_database, webhook_endpoint
from tests.moderation_house import (
    MIA,
    SVEN,
    House,
    MovedClock,
    moderation,
    new_product,
    sqlite,
)
from tests.visiting import Visitor, text_of

pytestmark = pytest.mark.anyio

NAMED = "ivan@example.com saw it among Cosmetic bags."
PROPOSED = "/moderation/measures/proposed"


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("console")
    with Topology(folder, only=["streams", "marketplace"]) as topology:
        async with (
            transparency_database() as database,
            webhook_endpoint() as hooks,
            moderation(
                topology,
                database_url=sqlite(folder),
                clock=MovedClock(),
                transparency_url=database.url,
                transparency_token=TOKEN,
                webhook_url=hooks.url,
                webhook_secret=SECRET,
            ) as running,
        ):
            yield running


async def decided(house: House, facts: str, *, by: Principal = MIA, reason: str = "SM3") -> str:
    case_id = await house.case_of(await house.intake.file(product_id=new_product(), reason=reason))
    await house.send(case_id, "admit", by)
    await house.send(case_id, "claim", by)
    await house.send(
        case_id, "decide", by, outcome="upheld", facts=facts, restrictions=["listing_hidden"]
    )
    return case_id


async def test_a_statement_that_names_somebody_is_worded_anew_on_its_page(house: House) -> None:
    case_id = await decided(house, NAMED)
    found = await house.eventually(
        lambda: house.get("/moderation/outgoing", MIA, channel="transparency", state="refused"),
        lambda page: any(each["case_id"] == case_id for each in page["items"]),
    )
    path = f"/moderation/outgoing/{found['items'][0]['id']}"
    assert path in await Visitor(house, MIA).page("/moderation/outgoing")
    mias = text_of(await Visitor(house, MIA).page(path))
    assert "There is an e-mail address in it." in mias
    assert "Sending again is for senior moderators and supervisors." in mias

    sven = Visitor(house, SVEN)
    page = await sven.page(path)
    assert NAMED in unescape(page)
    still = "Call +49 170 1234567. Thank you."
    refused = await sven.send(page, "resend", facts=still)
    assert refused.status_code == 422
    assert still in refused.text
    assert "There is a telephone number in it." in refused.text
    sent = await sven.send(page, "resend", facts="A buyer saw it among Cosmetic bags.")
    assert sent.status_code == 303
    assert "It is sent again." in text_of(await sven.page(sent.headers["location"]))
    await house.eventually(
        lambda: house.get(path, MIA),
        lambda item: item["state"] == "delivered",
    )


async def test_a_proposed_measure_is_decided_on_by_a_senior_who_did_not_decide_the_case(
    house: House,
) -> None:
    await decided(house, "A fake of a brand.", by=SVEN, reason="CF1")
    proposed = await house.eventually(
        lambda: house.get("/moderation/measures/proposed", SVEN),
        lambda page: page["items"],
    )
    [measure] = proposed["items"]
    assert measure["kind"] == "account_frozen"
    assert not any(each["allowed"] for each in measure["allowed"])
    own = text_of(await Visitor(house, SVEN).page(PROPOSED))
    assert "It follows from your own decision" in own
    junior = text_of(await Visitor(house, MIA).page(PROPOSED))
    assert "for senior moderators" in junior

    other = Principal("staff", "nora", "Nora", roles=SVEN.roles)
    nora = Visitor(house, other)
    page = await nora.page(PROPOSED)
    empty = await nora.send(page, "refuse", explanation="")
    assert empty.status_code == 422
    assert re.search(r'field-error" id="explanation-refuse-[^>]+>.*?Say why\.', empty.text, re.S)
    done = await nora.send(page, "approve")
    assert done.status_code == 303
    after = text_of(await nora.page(done.headers["location"]))
    assert "The measure is imposed. The member is told." in after
    assert "No measure is proposed just now" in after
    # Somebody else who still sees the old page is told.
    late = await nora.send(page, "approve")
    assert late.status_code == 409
    record = text_of(await nora.page("/moderation/members/sunrise-store"))
    assert "Account frozen · 7 days In force" in record


async def test_r14_a_case_names_the_chat_that_a_complaint_came_from(house: House) -> None:
    filed = await house.intake.file(product_id=new_product(), chat_id="c4a7" * 8)
    case_id = await house.case_of(filed)
    page = await Visitor(house, MIA).page(f"/moderation/cases/{case_id}")
    assert "Filed from the support chat c4a7c4a7." in text_of(page)
    case = await house.get(f"/moderation/cases/{case_id}", MIA)
    assert case["complainants"][0]["chat_id"] == "c4a7" * 8


async def test_the_report_shows_what_its_csv_holds_for_any_period(house: House) -> None:
    await decided(house, "It stands in Cosmetic bags.")
    mia = Visitor(house, MIA)
    page = await mia.page("/moderation/report")
    assert "Notices (Article 15(1)(b))" in text_of(page)
    csv = re.search(r'href="(/api/v1/moderation/reports/transparency\?[^"]+)"', page)
    assert csv
    table = await mia.http.get(unescape(csv[1]))
    assert table.text.startswith("section,indicator,category,value")
    wrong = await mia.page("/moderation/report?since=2026-02-01&until=2026-01-01", status=422)
    assert 'href="#field-until">The period ends before it begins.' in wrong
    assert 'value="2026-02-01"' in wrong
    assert "Enter the day as a date" in await mia.page("/moderation/report?since=soon", status=422)


def test_figures_become_tables_in_their_own_order() -> None:
    def figure(section: str, indicator: str, category: str, value: float) -> Figure:
        return Figure(section=section, indicator=indicator, category=category, value=value)

    made = tables(
        [
            figure("a", "one", "all", 3),
            figure("a", "one", "CF", 2),
            figure("a", "two", "all", 1),
            figure("b", "one", "all", 0),
        ]
    )
    assert [(each.section, each.categories) for each in made] == [
        ("a", ("all", "CF")),
        ("b", ("all",)),
    ]
    assert made[0].rows == (("one", (3, 2)), ("two", (1, None)))


def test_the_periods_offered_end_where_the_next_begin() -> None:
    year, last_year, month, last_month = periods(date(2026, 1, 31))
    assert (year.since, year.until) == (date(2026, 1, 1), date(2026, 1, 31))
    assert (last_year.since, last_year.until) == (date(2025, 1, 1), date(2025, 12, 31))
    assert (month.since, month.until) == (year.since, year.until)
    assert (last_month.since, last_month.until) == (date(2025, 12, 1), date(2025, 12, 31))
