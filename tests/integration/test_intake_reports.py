"""Intake's own tables, on both databases: what is reported, and the same after a rebuild."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from contracts.case import CaseAdmitted, CaseClosed, CaseDeclaredInadmissible
from services.intake.projection import reports
from services.intake.store import Store
from services.runtime.projection import Projector
from tests.intake_house import House, intake
from tests.servers import NatsServer

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADMITTED = CaseAdmitted(by="mia", at=NOW)
CLOSED = CaseClosed(at=NOW)
INADMISSIBLE = CaseDeclaredInadmissible(
    decision_id="d", by="mia", at=NOW, explanation="…", appeal_until=NOW + timedelta(days=184)
)


async def rows(house: House) -> list[tuple[object, ...]]:
    async with house.app.state.parts.database.read() as connection:
        found = await connection.execute(sa.select(reports).order_by(reports.c.case_id))
        return [tuple(row) for row in found]


async def test_only_open_cases_count_and_a_rebuild_comes_to_the_same_rows(
    nats: NatsServer, database_url: str
) -> None:
    async with intake(nats, database_url=database_url) as house:
        projector: Projector = house.app.state.parts.projectors[0]
        await house.case(ADMITTED, product_id="1", complaints=3)
        await house.case(INADMISSIBLE, product_id="1", complaints=5)
        await house.case(CLOSED, product_id="2")
        _, last = await house.case(product_id="1", complaints=1)
        await projector.wait_for(last)
        store = Store(house.app.state.parts.database, projector)
        assert await store.reported("1") == {"SM": 4}
        assert await store.reported("2") == {}
        before = await rows(house)
        assert len(before) == 4
    async with intake(nats, database_url=database_url) as house:
        await house.app.state.parts.projectors[0].rebuild()
        assert await rows(house) == before
