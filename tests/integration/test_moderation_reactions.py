"""Reactions and deadlines under repeats, restarts and a marketplace that is away."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from contracts.codec import Message, decode
from contracts.envelope import Aggregate
from contracts.ids import new_id
from contracts.mail import MailSent, ToldDecision
from contracts.streams import COMPLAINTS
from deploy.topology import Topology
from services.moderation.tables import metadata
from services.runtime.clock import utcnow
from services.runtime.database import Database
from services.runtime.marketplace import ProductInfo
from services.runtime.migrations import upgrade
from tests.log import command
from tests.moderation_house import (
    IVAN,
    LAYLA,
    MIA,
    SUNRISE,
    House,
    MovedClock,
    admin_bus,
    handlers_alone,
    intake_of,
    moderation,
    new_product,
    sqlite,
)

pytestmark = pytest.mark.anyio
WEEK = timedelta(days=7)
TWO_SECONDS = timedelta(seconds=2)
CAUSES = {"correlation": "test", "causation": "test"}


@pytest.fixture(scope="module")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    with Topology(tmp_path_factory.mktemp("moderation"), only=["streams", "marketplace"]) as house:
        yield house


def started(
    topology: Topology, folder: Path, clock: MovedClock | None = None
) -> AbstractAsyncContextManager[House]:
    """The service on its own tables in `folder`; the log is the module's."""
    return moderation(topology, database_url=sqlite(folder), clock=clock or MovedClock())


@pytest.fixture
async def house(topology: Topology, tmp_path: Path) -> AsyncIterator[House]:
    async with started(topology, tmp_path) as running:
        yield running


async def asked(house: House, case_id: str) -> None:
    await house.send(case_id, "admit")
    await house.send(case_id, "claim")
    await house.send(case_id, "request-counter-notice", allegation="It is listed wrongly.")


async def facts_of(house: House, case_id: str) -> list[str]:
    history = await house.intake.events.read(Aggregate(kind="case", id=case_id))
    return [fact.type for fact in history.facts]


async def in_state(house: House, case_id: str, state: str) -> None:
    await house.eventually(
        lambda: house.get(f"/moderation/cases/{case_id}", MIA), lambda case: case["state"] == state
    )


async def forget_what_was_handled(topology: Topology, name: str) -> None:
    """Everything will be delivered once more, as after a lost acknowledgement."""
    async with admin_bus(topology) as bus:
        await bus.api(f"CONSUMER.DELETE.{COMPLAINTS.name}.moderation-{name}", {})


async def test_everything_delivered_once_more_changes_nothing(
    topology: Topology, tmp_path: Path
) -> None:
    async with started(topology, tmp_path) as house:
        product = new_product()
        filed = [await house.intake.file(who, product_id=product) for who in (IVAN, LAYLA)]
        case_id = await house.case_of(filed[0])
        assert await house.case_of(filed[1]) == case_id
        await asked(house, case_id)
        await house.intake.answer(case_id)
        await in_state(house, case_id, "counter_notice_received")
        await house.send(case_id, "decide", outcome="upheld", facts="Seen.")
        before = await facts_of(house, case_id)
    for name in ("open-cases", "receive-answers", "set-timers"):
        await forget_what_was_handled(topology, name)
    async with started(topology, tmp_path) as house:
        newer = await house.intake.file(product_id=new_product())
        await house.case_of(newer)  # the older ones came before it
        assert await facts_of(house, case_id) == before
        listed = await house.get("/moderation/cases", MIA, product=product)
        assert listed["items"] == []


async def test_a_complaint_joins_once_although_the_tables_forgot(
    topology: Topology, tmp_path: Path
) -> None:
    """The case's own history tells, where the tables do not."""
    async with started(topology, tmp_path) as house:
        filed = await house.intake.file(product_id=new_product())
        case_id = await house.case_of(filed)
        database = house.app.state.parts.database
        async with database.write() as connection:
            await connection.execute(sa.update(metadata.tables["complaints"]).values(case_id=None))
        raw = await house.app.state.parts.bus.jetstream.get_msg(COMPLAINTS.name, seq=filed.sequence)
        message = decode(raw.data or b"", sequence=filed.sequence)
        await asyncio.gather(*(house.handlers().on_complaint(message) for _ in range(5)))
        assert (await facts_of(house, case_id)).count("ComplaintJoined") == 1


class Resold:
    """A catalogue that names another seller than the one who was asked before."""

    async def product(self, product_id: str) -> ProductInfo | None:
        return ProductInfo(id=product_id, seller_id="somebody-else", title="?", category="?")


async def test_a_complaint_joins_once_although_the_product_has_changed_hands_since(
    topology: Topology, tmp_path: Path
) -> None:
    clock = MovedClock()
    async with started(topology, tmp_path, clock) as house:
        product = new_product()
        clock.offset = -timedelta(minutes=1)
        filed = await house.intake.file(product_id=product)
        await house.case_of(filed)
        clock.offset = timedelta()
        message = await message_at(house, filed.sequence)
        await house.handlers(Resold()).on_complaint(message)
        cases = await house.get("/moderation/cases", MIA, product=product)
        assert [case["accused"] for case in cases["items"]] == [SUNRISE.id]


async def message_at(house: House, sequence: int) -> Message:
    raw = await house.app.state.parts.bus.jetstream.get_msg(COMPLAINTS.name, seq=sequence)
    return decode(raw.data or b"", sequence=sequence)


async def test_while_the_marketplace_is_away_complaints_wait_and_are_seen(
    topology: Topology, house: House
) -> None:
    topology.kill("marketplace")
    filed = await house.intake.file(product_id=new_product())
    seen = await house.get(f"/center/complaints/{filed.id}", IVAN, after=filed.sequence)
    assert seen["state"] == "submitted"
    assert seen["case"] is None
    topology.restart("marketplace")
    case_id = await house.case_of(filed)
    case = await house.get(f"/moderation/cases/{case_id}", MIA)
    assert case["accused"] == SUNRISE.id


async def test_without_an_answer_it_lapses_by_the_clock(topology: Topology, tmp_path: Path) -> None:
    clock = MovedClock()
    async with started(topology, tmp_path, clock) as house:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        clock.offset = -WEEK + TWO_SECONDS
        await asked(house, case_id)
        clock.offset = timedelta()
        await in_state(house, case_id, "counter_notice_lapsed")
        assert (await facts_of(house, case_id))[-1] == "CounterNoticeLapsed"
        await house.intake.answer(case_id)
        late = await house.eventually(
            lambda: house.get(f"/moderation/cases/{case_id}", MIA),
            lambda case: "counter_notice_late" in {e["kind"] for e in case["timeline"]},
        )
        assert late["state"] == "counter_notice_lapsed"
        assert late["answers"][0]["late"]


async def test_a_timer_reads_the_answer_that_no_reaction_has_come_to_yet(
    topology: Topology, tmp_path: Path
) -> None:
    clock = MovedClock()
    async with started(topology, tmp_path, clock) as house:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        clock.offset = -2 * WEEK
        await asked(house, case_id)
        due_at = (await house.get(f"/center/cases/{case_id}", SUNRISE))["answer_due_at"]
    data = {"command": "lapse", "case": case_id, "due_at": due_at} | CAUSES
    async with (
        intake_of(topology, clock) as intake,
        handlers_alone(topology, database_url=sqlite(tmp_path), clock=clock) as (handlers, events),
    ):
        await intake.answer(case_id)
        clock.offset = timedelta()
        await handlers.on_timer(f"lapse-{case_id}", data)
        history = await events.read(Aggregate(kind="case", id=case_id))
        assert [fact.type for fact in history.facts][-1] == "CounterNoticeReceived"


async def test_an_answer_in_time_wins_although_the_lapse_was_written_first(
    topology: Topology, tmp_path: Path
) -> None:
    clock = MovedClock()
    async with started(topology, tmp_path, clock) as house:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        clock.offset = -WEEK + TWO_SECONDS
        await asked(house, case_id)
        in_time = clock()
        clock.offset = timedelta()
        await in_state(house, case_id, "counter_notice_lapsed")
        await house.intake.answer(case_id, received_at=in_time)
        await in_state(house, case_id, "counter_notice_received")


async def test_a_timer_that_comes_too_early_is_set_anew(topology: Topology, tmp_path: Path) -> None:
    clock = MovedClock()
    async with started(topology, tmp_path, clock) as house:
        case_id = await house.case_of(await house.intake.file(product_id=new_product()))
        clock.offset = -WEEK + TWO_SECONDS
        await asked(house, case_id)
        due_at = (await house.get(f"/center/cases/{case_id}", SUNRISE))["answer_due_at"]
        data = {"command": "lapse", "case": case_id, "due_at": due_at} | CAUSES
        await house.handlers().on_timer(f"lapse-{case_id}", data)
        assert "CounterNoticeLapsed" not in await facts_of(house, case_id)
        clock.offset = timedelta()
        await in_state(house, case_id, "counter_notice_lapsed")


async def test_a_case_closes_when_the_time_to_appeal_is_over(
    topology: Topology, tmp_path: Path
) -> None:
    clock = MovedClock()
    async with started(topology, tmp_path, clock) as house:
        filed = await house.intake.file(product_id=new_product())
        case_id = await house.case_of(filed)
        clock.offset = -timedelta(days=185)
        await house.send(case_id, "declare-inadmissible", explanation="A private matter.")
        clock.offset = timedelta()
        await in_state(house, case_id, "closed")
        seen = await house.get(f"/center/complaints/{filed.id}", IVAN)
        assert seen["state"] == "closed"
        assert seen["decision"]["outcome"] == "inadmissible"


async def test_whoever_was_told_on_a_later_day_may_appeal_as_much_later(
    topology: Topology, tmp_path: Path
) -> None:
    clock = MovedClock()
    async with started(topology, tmp_path, clock) as house:
        filed = await house.intake.file(product_id=new_product())
        case_id = await house.case_of(filed)
        clock.offset = -timedelta(days=3)
        await house.send(case_id, "declare-inadmissible", explanation="A private matter.")
        clock.offset = timedelta()
        seen = await house.get(f"/center/complaints/{filed.id}", IVAN)
        told = ToldDecision(
            case_id=case_id, decision_id=seen["decision"]["id"], complaint_id=filed.id
        )
        sent = MailSent(at=utcnow(), attempt=1, message_id="<m@x>", reply="250 OK", told=told)
        mail = Aggregate(kind="mail", id=new_id())
        message = Message(1, mail.subject, command("sent"), (sent,))
        for _twice in range(2):
            await house.handlers().on_mail(message)
        assert (await facts_of(house, case_id)).count("DecisionToldLate") == 1

        def until(shown: Any) -> datetime:
            return datetime.fromisoformat(shown["decision"]["appeal_until"])

        await house.eventually(
            lambda: house.get(f"/center/complaints/{filed.id}", IVAN),
            lambda shown: until(shown) - until(seen) == timedelta(days=3),
        )


async def test_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    migrated = Database(sqlite(tmp_path))
    declared = Database(f"sqlite+aiosqlite:///{tmp_path}/declared.db")
    await upgrade("moderation", migrated)
    async with declared.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        expected = await connection.run_sync(_schema)
    async with migrated.read() as connection:
        found = await connection.run_sync(_schema)
    found.pop("alembic_version")
    assert found == expected
    for database in (migrated, declared):
        await database.close()


def _schema(connection: sa.Connection) -> dict[str, object]:
    inspector = sa.inspect(connection)
    return {
        table: (
            # In any order: a column that came later stands at the end.
            {
                (column["name"], str(column["type"]), column["nullable"])
                for column in inspector.get_columns(table)
            },
            inspector.get_pk_constraint(table)["constrained_columns"],
            sorted(
                (
                    str(index["name"]),
                    index["column_names"],
                    {name: str(value) for name, value in index["dialect_options"].items()},
                )
                for index in inspector.get_indexes(table)
            ),
        )
        for table in inspector.get_table_names()
        # SQLite's text search keeps shadow tables of its own.
        if not table.startswith("words")
    }
