"""Queries on intake's own tables."""

import sqlalchemy as sa

from services.intake.projection import reports
from services.runtime.database import Database


class Store:
    def __init__(self, database: Database) -> None:
        self._database = database

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
