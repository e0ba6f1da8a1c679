"""`/api/v1/moderation/reports`: the counts of the yearly transparency report."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from services.moderation.api.conventions import PROBLEMS
from services.moderation.desk import READERS
from services.moderation.outgoing.report import Figure, as_csv, figures
from services.moderation.outgoing.report_store import ReportStore
from services.runtime.auth import Principal, require
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _

Reader = Annotated[Principal, Depends(require(*READERS))]


class Report(BaseModel):
    """The figures of the days from `since` to `until`, both included (UTC)."""

    since: date
    until: date
    figures: tuple[Figure, ...]


async def report(store: ReportStore, since: date, until: date) -> Report:
    """Raises Invalid for a period that ends before it begins."""
    if until < since:
        raise Invalid([{"field": "until", "message": _("The period ends before it begins.")}])
    begin = datetime.combine(since, time(), UTC)
    end = datetime.combine(until, time(), UTC) + timedelta(days=1)
    rows = figures(
        await store.filed(begin, end),
        await store.happened(begin, end),
        await store.imposed(begin, end),
    )
    return Report(since=since, until=until, figures=rows)


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
        counted = await report(store, since, until)
        if format == "json":
            return counted
        name = f"transparency-{since}-{until}.csv"
        return Response(
            as_csv(counted.figures),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return api
