"""Lists of cases from both databases: a search finds the same whichever way it is looked for."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from services.moderation import case_lists
from services.moderation.case_lists import CaseLists
from services.moderation.case_query import Place
from services.moderation.queues import QueueFilters
from services.moderation.tables import cases, complaints, search
from services.runtime.clock import utcnow
from services.runtime.database import Database, upsert
from services.runtime.migrations import upgrade
from tests.load.queues import READER, fill, questions, rows

pytestmark = pytest.mark.anyio

CASES = 300
NARROWED = {
    "words of many cases": QueueFilters(text="stitching wrong"),
    "beginnings of words": QueueFilters(text="stitch log"),
    "Russian in another form": QueueFilters(text="категории телефон"),
    "Arabic": QueueFilters(text="والسعة الحقيقية"),
    "a word of one case": QueueFilters(text="lot17"),
    "words that never stand together": QueueFilters(text="stitching чехол"),
    "no word at all": QueueFilters(text="…"),
    "in a queue": QueueFilters(text="stitching", type="SM", states=("open",)),
    "the severest first": QueueFilters(text="stitching", order="severity"),
}

WORDS_BEFORE = sa.text(
    "INSERT INTO search (sequence, complaint_id, case_id, stems)"
    " VALUES (:sequence, :complaint_id, :case_id, :stems)"
)


@pytest.fixture
async def lists(database_url: str) -> AsyncIterator[CaseLists]:
    database = Database(database_url)
    await upgrade("moderation", database)
    await fill(database, CASES)
    yield CaseLists(database)
    await database.close()


async def every_page(lists: CaseLists, filters: QueueFilters) -> list[str]:
    """The ids of all cases of the list, page by page."""
    ids: list[str] = []
    after: Place | None = None
    while True:
        page = await lists.page(filters, reader=READER, now=utcnow(), after=after, limit=40)
        ids += [row["id"] for row in page]
        if len(page) < 40:
            return ids
        last = page[-1]
        by = "opened_at" if filters.order == "newest" else "due_at"
        after = Place(last["severity"], last[by], last["id"])


async def test_a_search_finds_the_same_by_its_words_near_by_and_case_by_case(
    lists: CaseLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_lists, "NEAR", 0)  # so that the index of words is asked
    by_words = {name: await every_page(lists, each) for name, each in NARROWED.items()}
    for near in (60, 400):  # some pages are filled from near by, all that can be
        monkeypatch.setattr(case_lists, "NEAR", near)
        assert by_words == {name: await every_page(lists, each) for name, each in NARROWED.items()}
    monkeypatch.setattr(case_lists, "NEAR", 0)
    monkeypatch.setattr(case_lists, "FEW", 0)
    monkeypatch.setattr(case_lists, "FEW_AT_MOST", 0)  # so that each list is walked
    for name, filters in NARROWED.items():
        walked = await every_page(lists, filters)
        assert walked == by_words[name], name
        assert len(set(walked)) == len(walked)
    assert len(by_words["words of many cases"]) > 40
    assert by_words["beginnings of words"] == by_words["words of many cases"]
    assert by_words["Russian in another form"]
    assert by_words["Arabic"]
    assert by_words["in a queue"]
    assert by_words["words that never stand together"] == []
    assert by_words["no word at all"] == []


async def test_what_was_found_by_its_words_before_a_migration_is_found_after_it(
    database_url: str,
) -> None:
    database = Database(database_url)
    await upgrade("moderation", database, revision="0013")
    async with database.write() as connection:
        for some in rows(10):
            for table in (cases, complaints):
                await upsert(connection, table, some[table])
            for row in some[search]:
                of_case = row["id"] == row["case_id"]
                before = {
                    "sequence": row["sequence"],
                    "complaint_id": None if of_case else row["id"],
                    "case_id": row["case_id"] if of_case else None,
                    "stems": row["stems"],
                }
                await connection.execute(WORDS_BEFORE, before)
    await upgrade("moderation", database)
    lists = CaseLists(database)
    (of_complaint,) = await every_page(lists, QueueFilters(text="lot7", order="newest"))
    async with database.write() as connection:
        of_case = (
            await connection.execute(sa.select(cases.c.number).where(cases.c.id == of_complaint))
        ).scalar_one()
    assert await every_page(lists, QueueFilters(text=of_case, order="newest")) == [of_complaint]
    await database.close()


async def test_pages_of_every_list_hold_each_case_once(lists: CaseLists) -> None:
    for name, filters in questions().items():
        ids = await every_page(lists, filters)
        assert len(set(ids)) == len(ids), name
        exported = [
            row["id"]
            async for rows in lists.every(filters, reader=READER, now=utcnow())
            for row in rows
        ]
        assert sorted(ids) == exported, name
