"""A million cases' rows, as the fold makes them, and any page of their queues timed."""

import random
from collections.abc import Iterator
from time import perf_counter

from contracts.case import CaseFact
from contracts.codec import Message
from contracts.envelope import Meta
from services.moderation.case_lists import CaseLists
from services.moderation.case_query import Place
from services.moderation.case_view import CASE_VIEW, fold_case
from services.moderation.queues import QUEUES, QueueFilters
from services.runtime.clock import utcnow
from services.runtime.database import Database, Row, upsert
from tests.load.history import START, history

AT_ONCE = 5_000
META = Meta("load", START, "service:load", "load")


def rows(cases: int) -> Iterator[list[Row]]:
    """The rows of that many cases, some at a time."""
    made: dict[str, Row] = {}
    for sequence, (aggregate, facts) in enumerate(history(cases), start=1):
        if aggregate.kind != "case":
            continue
        message = Message(sequence, aggregate.subject, META, tuple(facts))
        row: Row | None = made.get(aggregate.id)
        for fact in facts:
            case_fact: CaseFact = fact  # type: ignore[assignment]
            row = fold_case(row, case_fact, message)
        assert row is not None
        made[aggregate.id] = row
    every = list(made.values())
    for start in range(0, len(every), AT_ONCE):
        yield every[start : start + AT_ONCE]


async def fill(database: Database, cases: int) -> None:
    for some in rows(cases):
        async with database.write() as connection:
            await upsert(connection, CASE_VIEW.table, some)


def questions() -> dict[str, QueueFilters]:
    """Every queue, and every filter beside the widest one."""
    wide = QueueFilters()
    narrowed = {
        "language": QueueFilters(language="ar"),
        "reason": QueueFilters(reason="SM3"),
        "severity": QueueFilters(severity=4),
        "severest first": QueueFilters(order="severity"),
        "newest first": QueueFilters(order="newest"),
        "type and language": QueueFilters(type="PR", language="ru"),
        "accused": QueueFilters(accused="seller-7"),
        "due within a day": QueueFilters(due_within=24),
    }
    return {name: queue.filters for name, queue in QUEUES.items()} | {
        name: wide.narrowed(filters) for name, filters in narrowed.items()
    }


async def timed(database: Database, *, rounds: int = 20) -> dict[str, list[float]]:
    """Seconds of each page, the first ones and ones further on."""
    lists, now = CaseLists(database), utcnow()
    chance = random.Random(1)
    seconds: dict[str, list[float]] = {}
    for name, filters in questions().items():
        after: Place | None = None
        for _ in range(rounds):
            begin = perf_counter()
            page = await lists.page(filters, reader="m1", now=now, after=after, limit=51)
            seconds.setdefault(name, []).append(perf_counter() - begin)
            by = "opened_at" if filters.order == "newest" else "due_at"
            last = page[-1] if page and chance.random() < 0.8 else None
            after = Place(last["severity"], last[by], last["id"]) if last else None
    return seconds
