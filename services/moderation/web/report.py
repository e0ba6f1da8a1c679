"""`/moderation/report`: the counts of the yearly transparency report, for any period."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.requests import Request

from services.moderation.desk import READERS
from services.moderation.outgoing.report import Figure
from services.moderation.outgoing.report_store import ReportStore
from services.runtime.auth import Principal, require
from services.runtime.clock import Clock
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _
from services.runtime.web import Form, Pages

Reader = Annotated[Principal, Depends(require(*READERS))]

ALL = "all"


class Table(NamedTuple):
    """A section of the report: a column for each of `categories`, a row for each indicator.
    A value is None where the section does not count so."""

    section: str
    categories: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]


class Period(NamedTuple):
    """A period that is asked for often."""

    name: str
    since: date
    until: date

    @property
    def query(self) -> str:
        return urlencode({"since": self.since, "until": self.until})


def tables(figures: Iterable[Figure]) -> tuple[Table, ...]:
    """The figures as tables, sections, indicators and categories in their own order."""
    found = []
    for section, group in groupby(figures, key=lambda each: each.section):
        counted: dict[str, dict[str, float]] = {}
        categories: dict[str, None] = {}
        for each in group:
            counted.setdefault(each.indicator, {})[each.category] = each.value
            categories[each.category] = None
        rows = tuple(
            (indicator, tuple(values.get(category) for category in categories))
            for indicator, values in counted.items()
        )
        found.append(Table(section, tuple(categories), rows))
    return tuple(found)


def periods(today: date) -> tuple[Period, ...]:
    """This year and month so far, and those before."""
    year, month = today.replace(month=1, day=1), today.replace(day=1)
    year_before, month_before = year - timedelta(days=1), month - timedelta(days=1)
    return (
        Period(_("This year"), year, today),
        Period(_("Last year"), year_before.replace(month=1, day=1), year_before),
        Period(_("This month"), month, today),
        Period(_("Last month"), month_before.replace(day=1), month_before),
    )


def router(pages: Pages, counted: ReportStore, *, clock: Clock) -> APIRouter:
    site = APIRouter(prefix="/moderation/report")

    @site.get("")
    async def report_page(
        request: Request, who: Reader, since: str = "", until: str = ""
    ) -> HTMLResponse:
        offered = periods(clock().date())
        typed = {"since": since or str(offered[0].since), "until": until or str(offered[0].until)}
        form, shown, status = Form.of(typed), None, 200
        try:
            shown = await counted.report(*(_day(name, text) for name, text in typed.items()))
        except Invalid as refusal:
            form, status = Form.refused(typed, refusal), refusal.status
        return pages.render(
            request,
            "console/report.html",
            status=status,
            form=form,
            periods=offered,
            shown=shown,
            tables=tables(shown.figures) if shown else (),
            query=urlencode(typed),
        )

    return site


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = _("Enter the day as a date, such as 2027-01-31.")
        raise Invalid([{"field": field, "message": message}]) from None
