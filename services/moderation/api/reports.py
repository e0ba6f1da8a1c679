"""`/api/v1/moderation/reports`: the yearly transparency report."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Query, Response

from services.moderation.api.conventions import PROBLEMS, IfMatch, tagged, version_in
from services.moderation.api.examples import REPORT_ENTRIES, shown_as
from services.moderation.commands import Command
from services.moderation.desk import READERS
from services.moderation.outgoing.report import Entered, Report
from services.moderation.outgoing.report_desk import WRITERS, ReportDesk
from services.moderation.outgoing.report_template import TEMPLATE, Entry, Wanted
from services.runtime.auth import Principal, require, verify_csrf

Reader = Annotated[Principal, Depends(require(*READERS))]
Writer = Annotated[Principal, Depends(require(*WRITERS))]
Since = Annotated[date, Query(examples=["2026-01-01"])]
Until = Annotated[date, Query(examples=["2026-12-31"])]


class EnterReport(Command):
    """All that is entered for the period, in place of what was entered before."""

    entries: tuple[Entry, ...]


def router(reports: ReportDesk) -> APIRouter:
    api = APIRouter(
        prefix="/moderation/reports",
        tags=["reports"],
        dependencies=[Depends(verify_csrf)],
        responses=PROBLEMS,
    )

    @api.get("/transparency", response_model=Report, responses={200: {"content": {"text/csv": {}}}})
    async def transparency(
        who: Reader,
        since: Since,
        until: Until,
        format: Literal["json", "csv"] = "json",  # noqa: A002 - the API's word
    ) -> Report | Response:
        """The report of Implementing Regulation (EU) 2024/2835 for any period: what is counted
        from the facts, what was entered, and what is still to be filled in by the platform."""
        if format == "json":
            return await reports.report(who, since, until)
        name = f"transparency-{since}-{until}.csv"
        return Response(
            await reports.csv(who, since, until),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @api.get("/template")
    async def template(who: Reader) -> tuple[Wanted, ...]:
        """What the report asks for that no log can know."""
        return TEMPLATE

    @api.get("/transparency/entries")
    async def read_entries(who: Reader, since: Since, until: Until, response: Response) -> Entered:
        """What was entered for this very period."""
        return _tagged(response, await reports.entered(who, since, until))

    @api.put("/transparency/entries")
    async def enter(
        who: Writer,
        since: Since,
        until: Until,
        body: Annotated[EnterReport, Body(openapi_examples=shown_as(REPORT_ENTRIES))],
        response: Response,
        if_match: IfMatch = None,
    ) -> Entered:
        """Enters what the software cannot count, in place of what was entered before."""
        version = version_in(if_match)
        told = await reports.enter(who, since, until, body.entries, if_match=version)
        return _tagged(response, told)

    return api


def _tagged(response: Response, entered: Entered) -> Entered:
    tagged(response, entered.version)
    return entered
