"""A million cases' rows, as the fold makes them, and any page of their queues timed."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from time import perf_counter
from typing import Any

import sqlalchemy as sa

from contracts.case import (
    AppealOpened,
    CaseClaimed,
    CaseEscalated,
    CaseHeld,
    CaseReleased,
    CounterNoticeLapsed,
    DecisionProposed,
    Ground,
    InformationRequested,
    Outcome,
    StatementOfReasons,
)
from contracts.codec import Fact, Message
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, number
from services.moderation.case_lists import CaseLists
from services.moderation.case_query import Place
from services.moderation.projection import VIEWS
from services.moderation.queues import QUEUES, QueueFilters
from services.moderation.tables import cases as cases_table
from services.moderation.tables import complaints, search
from services.runtime.clock import utcnow
from services.runtime.database import Database, Row, UtcTime, upsert
from tests.load.history import SECONDS_APART, START, Step, one_case

AT_ONCE = 5_000
MOST_FOLDED = 70_000
READER = "moderator:m1"
META = Meta("load", START, "service:load", "load")
KEPT = [view for view in VIEWS if view.table in (cases_table, complaints, search)]

Rows = dict[sa.Table, dict[Any, Row]]


def rows(cases: int) -> Iterator[dict[sa.Table, list[Row]]]:
    """The rows of that many cases, some at a time."""
    chance = random.Random(1)
    places = iter(range(1, cases + 1))
    sequence = 0
    while some := list(islice(places, AT_ONCE)):
        made: Rows = {view.table: {} for view in KEPT}
        for place in some:
            for aggregate, facts in _lived(place, chance):
                sequence += 1
                _fold(made, Message(sequence, aggregate.subject, META, tuple(facts)))
        yield {table: list(kept.values()) for table, kept in made.items()}


def _fold(made: Rows, message: Message) -> None:
    for fact in message.facts:
        for view in KEPT:
            key = view.key(fact, message)
            if key is not None:
                kept = made[view.table]
                kept[key] = view.fold(kept.get(key), fact, message)


def _lived(place: int, chance: random.Random) -> Iterator[Step]:
    """A case of the history, and now and then what makes it one of the smaller queues'."""
    last = ""
    case = Aggregate(kind="case", id=derived_id("load", str(place)))
    at = START
    for aggregate, facts in one_case(place, chance):
        if isinstance(filed := facts[0], ComplaintFiled):
            text = f"{filed.description} Lot{place}."
            facts = [filed.model_copy(update={"description": text})]
            at = filed.filed_at
        last = facts[-1].type
        yield aggregate, facts
    more = _more(place, last, at + timedelta(days=8), chance)
    if more:
        yield case, more


def _more(place: int, last: str, at: datetime, chance: random.Random) -> list[Fact]:
    by, soon = f"moderator:m{place % 20}", at + timedelta(days=3)
    luck = chance.random()
    claimed = CaseClaimed(by=by, at=at, until=at + timedelta(minutes=10))
    facts: list[Fact] = []
    match last:
        case "CaseAdmitted" if luck < 0.1:
            complaint_id = derived_id("load", "complaint", str(place))
            asked = InformationRequested(
                by=by, at=at, complaint_id=complaint_id, question="When?", due_at=soon
            )
            facts = [claimed, asked]
        case "CaseAdmitted" if luck < 0.2:
            facts = [claimed, _proposed(place, by, at), CaseReleased(by=by, at=at)]
        case "CaseAdmitted" if luck < 0.4:
            facts = [claimed]
        case "CounterNoticeRequested" if luck < 0.5:
            facts = [CounterNoticeLapsed(due_at=at, at=at, decide_due_at=soon)]
        case "CaseDecided" if luck < 0.1:
            facts = [_appealed(place, at)]
    if luck > 0.99:
        facts.append(CaseEscalated(by=by, at=at, escalated=True, reason="Press."))
    elif luck > 0.98 and last != "CaseDecided":
        facts.append(CaseHeld(by=by, at=at, reason="Police."))
    return facts


def _proposed(place: int, by: str, at: datetime) -> DecisionProposed:
    return DecisionProposed(
        decision_id=derived_id("load", "decision", str(place)),
        by=by,
        at=at,
        outcome=Outcome.UPHELD,
        statement=StatementOfReasons(
            facts="The goods are fakes.",
            ground=Ground(kind="contract", reference="4.2", explanation="Fakes."),
            redress=("You may appeal within 184 days.",),
        ),
        review_due_at=at + timedelta(days=1),
    )


def _appealed(place: int, at: datetime) -> AppealOpened:
    return AppealOpened(
        appeal_id=derived_id("load", "appeal", str(place)),
        decision_id=derived_id("load", "decision", str(place)),
        appellant="accused",
        complaint_id=None,
        by="seller-1",
        at=at,
        text="It is not so.",
        due_at=at + timedelta(days=14),
    )


async def fill(database: Database, cases: int) -> None:
    """About that many cases: some are folded, then their number is doubled and doubled again."""
    doublings = 0
    while cases >> doublings > MOST_FOLDED:
        doublings += 1
    folded = cases >> doublings
    for some in rows(folded):
        async with database.write() as connection:
            for table, made in some.items():
                await upsert(connection, table, made)
    for doubling in range(doublings):
        async with database.write() as connection:
            for view in KEPT:
                twice = _twice(view.table, doubling, folded << doubling, database.dialect)
                await connection.exec_driver_sql(twice)
    async with database.write() as connection:
        await connection.exec_driver_sql("ANALYZE")


def _twice(table: sa.Table, doubling: int, cases: int, dialect: str) -> str:
    """Every row once more: with other ids, and as many cases later as there were."""
    seconds = SECONDS_APART * cases
    later = f"{seconds * 1_000_000}" if dialect == "sqlite" else f"interval '{seconds} seconds'"

    def value(column: sa.Column[Any]) -> str:
        if column.name in ("id", "case_id", "complaint_id"):
            return f"'{'ghijklmnop'[doubling]}' || {column.name}"
        if column.name == "sequence":
            return f"sequence + {10_000_000 << doubling}"
        return f"{column.name} + {later}" if isinstance(column.type, UtcTime) else column.name

    names = ", ".join(column.name for column in table.columns)
    values = ", ".join(map(value, table.columns))
    return f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {table.name}"


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
        "of a moderator": QueueFilters(moderator="moderator:m2"),
        "due within a day": QueueFilters(due_within=24),
        "next case": QueueFilters(free=True),
        "words in a third (en)": QueueFilters(text="stitching wrong"),
        "words in a third (ru)": QueueFilters(text="категории телефонов"),
        "words in a third (ar)": QueueFilters(text="والسعة الحقيقية"),
        "a word in a sixth": QueueFilters(text="lot1"),
        "a code in a fiftieth": QueueFilters(text="lot12"),
        "a code in few": QueueFilters(text="lot123"),
        "a number": QueueFilters(text=number("K", derived_id("load", "17"))),
    }
    return {name: queue.filters for name, queue in QUEUES.items()} | {
        name: wide.narrowed(filters) for name, filters in narrowed.items()
    }


async def timed(database: Database, *, rounds: int = 100) -> dict[str, list[float]]:
    """Seconds of each page, the first ones and ones further on."""
    lists, now = CaseLists(database), utcnow()
    chance = random.Random(1)
    seconds: dict[str, list[float]] = {}
    for name, filters in questions().items():
        after: Place | None = None
        for _ in range(rounds):
            begin = perf_counter()
            page = await lists.page(filters, reader=READER, now=now, after=after, limit=51)
            seconds.setdefault(name, []).append(perf_counter() - begin)
            by = "opened_at" if filters.order == "newest" else "due_at"
            last = page[-1] if page and chance.random() < 0.8 else None
            after = Place(last["severity"], last[by], last["id"]) if last else None
    return seconds
