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


async def test_reason_texts_are_kept_by_senior_people_over_the_api_and_the_console(
    house: House,
) -> None:
    texts = "/api/v1/moderation/reason-texts"
    body = {
        "types": ["SM"],
        "wordings": [{"language": "en", "title": "Borrowed", "text": "“{title}” has [whose]."}],
    }
    headers = house.headers(SVEN) | {"Idempotency-Key": "borrowed"}
    assert (await house.http.post(texts, json=body, headers=house.headers(MIA))).status_code == 403
    made = await house.http.post(texts, json=body, headers=headers)
    assert made.status_code == 201, made.text
    again = await house.http.post(texts, json=body, headers=headers)
    assert again.json() == made.json()
    text_id = made.json()["id"]

    # It is offered for its type, filled in; a decision that leaves a field of it is refused.
    case_id = await house.case_of(await house.intake.file(product_id=new_product()))
    of_case = await house.get(f"/moderation/cases/{case_id}/reason-texts", MIA, language="ru")
    mine = next(each for each in of_case if each["id"] == text_id)
    assert mine["fields"] == ["[whose]"]
    assert "{title}" not in mine["text"]
    await house.send(case_id, "admit")
    await house.send(case_id, "claim")
    refused = await house.send(
        case_id, "decide", status=422, outcome="dismissed", facts="It has [whose]."
    )
    assert refused["errors"][0] == {"field": "facts", "message": "Fill in [whose]."}
    page = await Visitor(house, MIA).page(f"/moderation/cases/{case_id}?after={house.written}")
    assert "Borrowed" in page

    # Changed in the console on what was seen; on what was not, told so, with all that was typed.
    sven = Visitor(house, SVEN)
    seen = await sven.page(f"/moderation/texts/{text_id}")
    words = {"types": "SM", "title_en": "Borrowed names", "text_en": "“{title}” has [names]."}
    changed = await sven.send(seen, text_id, **words)
    assert changed.status_code == 303, changed.text
    late = await sven.send(seen, text_id, **(words | {"text_en": "Mine is [other]."}))
    assert late.status_code == 412
    assert "Mine is [other]." in late.text
    strange = await sven.send(late.text, text_id, **(words | {"text_en": "{seller} lies."}))
    assert strange.status_code == 422
    assert "Only {title} is filled in by itself, and not {seller}." in unescape(strange.text)

    # Retired, it is offered no more; one of the software's too; both are in the audit.
    for each in (text_id, "corrected"):
        gone = await house.http.delete(f"{texts}/{each}", headers=house.headers(SVEN))
        assert gone.status_code == 204, gone.text
    left = await house.get("/moderation/reason-texts", MIA, type="SM")
    assert {text_id, "corrected"} & {each["id"] for each in left} == set()
    retired = await house.get("/moderation/reason-texts", MIA, retired=True)
    corrected = next(each for each in retired if each["id"] == "corrected")
    assert (corrected["retired"], len(corrected["wordings"])) == (True, 3)
    assert "Borrowed names" in await sven.page("/moderation/texts?retired=true")
    audit = await house.get("/moderation/audit", SVEN, by="sven")
    assert {"text", "text_retired"} <= {each["what"] for each in audit["items"]}


async def test_what_no_log_can_know_is_entered_into_the_report_and_its_file_is_in_the_audit(
    house: House,
) -> None:
    period = {"since": "2025-01-01", "until": "2025-12-31"}
    path = "/api/v1/moderation/reports/transparency"
    sven = Visitor(house, SVEN)
    query = "since=2025-01-01&until=2025-12-31"
    page = await sven.page(f"/moderation/report/enter?{query}")
    field = re.search(r"e\d+(?=\" rows=\"3\"[^>]*>\s*</textarea>\s*</div>\s*</fieldset>)", page)
    assert field  # the last one: recipients
    refused = await sven.send(page, r"enter\?[^\"]*", **{field[0]: "DE lots"})
    assert refused.status_code == 422
    assert "DE lots" in refused.text
    entered = await sven.send(page, r"enter\?[^\"]*", **{field[0]: "DE 1 200\nFR 900"})
    assert entered.status_code == 303, entered.text
    stale = await sven.send(page, r"enter\?[^\"]*", **{field[0]: "DE 7"})
    assert stale.status_code == 412
    assert "DE 7" in stale.text

    shown = text_of(await Visitor(house, MIA).page(f"/moderation/report?{query}"))
    assert "Average monthly active recipients · DE 1,200" in shown
    assert "rows are still to be filled in by the platform." in shown

    file = await house.http.get(path, params=period | {"format": "csv"}, headers=house.headers(MIA))
    assert ",average monthly active recipients,FR,900,,entered" in file.text
    assert ",safeguards,all,,to be filled in by the platform,missing" in file.text
    audit = await house.get("/moderation/audit", SVEN)
    told = {(each["what"], each["by"], each["detail"]) for each in audit["items"]}
    assert ("report", "sven", query) in told
    assert ("export", "mia", f"report csv {query}") in told
