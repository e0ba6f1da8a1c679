"""`/api/v1/moderation/reports`: the counts of the yearly transparency report."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from services.moderation.api.conventions import PROBLEMS
from services.moderation.desk import READERS
from services.moderation.outgoing.report import Report, as_csv
from services.moderation.outgoing.report_store import ReportStore
from services.runtime.auth import Principal, require

Reader = Annotated[Principal, Depends(require(*READERS))]


def router(store: ReportStore) -> APIRouter:
    api = APIRouter(prefix="/moderation/reports", tags=["reports"], responses=PROBLEMS)

    @api.get("/transparency", response_model=Report, responses={200: {"content": {"text/csv": {}}}})
    async def transparency(
        who: Reader,
        since: Annotated[date, Query(examples=["2026-01-01"])],
        until: Annotated[date, Query(examples=["2026-12-31"])],
        format: Literal["json", "csv"] = "json",  # noqa: A002 - the API's word
    ) -> Report | Response:
        """The counts of Implementing Regulation (EU) 2024/2835 for any period, from the facts."""
        counted = await store.report(since, until)
        if format == "json":
            return counted
        name = f"transparency-{since}-{until}.csv"
        return Response(
            as_csv(counted.figures),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return api
