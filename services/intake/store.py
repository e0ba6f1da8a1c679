"""Queries on intake's own tables."""

from datetime import datetime

import sqlalchemy as sa

from services.intake.projection import decisions, joined, reports, suspensions
from services.runtime.database import Database
from services.runtime.problems import Unavailable
from services.runtime.projection import Projector
from services.runtime.sentences import gettext as _


class Store:
    """`projector` keeps the tables: until it has caught up once, what is not there may come."""

    def __init__(self, database: Database, projector: Projector) -> None:
        self._database = database
        self._projector = projector

    async def reported(self, product_id: str | None) -> dict[str, int]:
        """How many complaints about this product are in cases that are open, by their type."""
        if product_id is None:
            return {}
        query = (
            sa.select(reports.c.complaint_type, sa.func.sum(reports.c.complaints))
            .where(reports.c.product_id == product_id, reports.c.open)
            .group_by(reports.c.complaint_type)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {kind: int(complaints) for kind, complaints in rows if complaints}

    async def suspended(self, now: datetime) -> dict[str, datetime | None]:
        """Whose complaining is suspended at `now`, and until when (None: until it is lifted)."""
        query = sa.select(suspensions.c.complainant, suspensions.c.ends_at).where(
            ~suspensions.c.lifted,
            suspensions.c.starts_at <= now,
            sa.or_(suspensions.c.ends_at.is_(None), suspensions.c.ends_at > now),
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        found: dict[str, datetime | None] = {}
        for complainant, ends_at in rows:
            known = found.get(complainant, ends_at)
            found[complainant] = max(known, ends_at) if known and ends_at else None
        return found

    async def case_of_complaint(self, complaint_id: str) -> str | None:
        """The case that the complaint joined. Raises Unavailable while the tables are made anew."""
        return await self._one(
            sa.select(joined.c.case_id).where(joined.c.complaint_id == complaint_id)
        )

    async def case_of_decision(self, decision_id: str) -> str | None:
        """The case of a decision. Raises Unavailable while the tables are made anew."""
        return await self._one(
            sa.select(decisions.c.case_id).where(decisions.c.decision_id == decision_id)
        )

    async def newest_complaint_of(self, complainant: str) -> str | None:
        """The complaint that `guest:<id>` or `member:<id>` filed last. Raises Unavailable."""
        return await self._one(
            sa.select(joined.c.complaint_id)
            .where(joined.c.complainant == complainant)
            .order_by(joined.c.joined_at.desc(), joined.c.complaint_id)
            .limit(1)
        )

    async def _one(self, query: sa.Select[str]) -> str | None:
        async with self._database.read() as connection:
            found: str | None = (await connection.execute(query)).scalar()
        if found is None and not self._projector.caught_up.is_set():
            raise Unavailable(_("This is being worked out anew. Try again in a minute."))
        return found
