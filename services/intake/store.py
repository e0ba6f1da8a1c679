"""Queries on intake's own tables."""

import sqlalchemy as sa

from services.intake.projection import reports
from services.runtime.database import Database


class Store:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def reported(self, product_id: str, complaint_type: str) -> int:
        """How many complaints of this type about this product are in a case that is open."""
        query = sa.select(sa.func.coalesce(sa.func.sum(reports.c.complaints), 0)).where(
            reports.c.product_id == product_id,
            reports.c.complaint_type == complaint_type,
            reports.c.open,
        )
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())
