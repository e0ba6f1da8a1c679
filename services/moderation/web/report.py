"""`/moderation/report`: the yearly transparency report, for any period, and what staff enter."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from services.moderation.desk import READERS
from services.moderation.outgoing.report import Figure
from services.moderation.outgoing.report_desk import WRITERS, ReportDesk
from services.moderation.web import report_forms
from services.runtime.auth import Principal, require, verify_csrf
from services.runtime.clock import Clock
from services.runtime.problems import Invalid, Refused, Stale
from services.runtime.sentences import gettext as _
from services.runtime.web import Form, Pages

Reader = Annotated[Principal, Depends(require(*READERS))]
Writer = Annotated[Principal, Depends(require(*WRITERS))]

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


class Asked(NamedTuple):
    """A section of what staff enter, with the rows of each indicator."""

    section: str
    rows: tuple[Figure, ...]


def tables(figures: Iterable[Figure]) -> tuple[Table, ...]:
    """What is counted as tables, sections, indicators and categories in their own order."""
    found = []
    counted_here = (each for each in figures if each.source == "counted")
    for section, group in groupby(counted_here, key=lambda each: each.section):
        counted: dict[str, dict[str, float | None]] = {}
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


def asked(figures: Iterable[Figure]) -> tuple[Asked, ...]:
    """What was entered or is still to be, section by section."""
    entered = [each for each in figures if each.source != "counted"]
    return tuple(
        Asked(section, tuple(group)) for section, group in groupby(entered, lambda e: e.section)
    )


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


def router(pages: Pages, reports: ReportDesk, *, clock: Clock) -> APIRouter:
    site = APIRouter(prefix="/moderation/report", dependencies=[Depends(verify_csrf)])

    @site.get("")
    async def report_page(
        request: Request, who: Reader, since: str = "", until: str = "", done: bool = False
    ) -> HTMLResponse:
        offered = periods(clock().date())
        typed = {"since": since or str(offered[0].since), "until": until or str(offered[0].until)}
        form, shown, status = Form.of(typed), None, 200
        try:
            shown = await reports.report(who, *(_day(name, text) for name, text in typed.items()))
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
            asked=asked(shown.figures) if shown else (),
            missing=sum(each.source == "missing" for each in shown.figures) if shown else 0,
            query=urlencode(typed),
            writes=who.may(*WRITERS),
            done=done,
        )

    async def entering(
        request: Request,
        who: Principal,
        since: date,
        until: date,
        *,
        form: Form | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        entered = await reports.entered(who, since, until)
        return pages.render(
            request,
            "console/report-enter.html",
            status=status,
            entered=entered,
            form=form or report_forms.form_of(entered.entries),
            refused=form is not None,
            sections=report_forms.SECTIONS,
            query=urlencode({"since": since, "until": until}),
        )

    @site.get("/enter")
    async def enter_page(request: Request, who: Writer, since: date, until: date) -> HTMLResponse:
        return await entering(request, who, since, until)

    @site.post("/enter")
    async def enter(request: Request, who: Writer, since: date, until: date) -> Response:
        form = await request.form()
        version = str(form.get("version", ""))
        if_match = int(version) if version.isdecimal() else None
        try:
            entries = report_forms.entries_of(form)
            await reports.enter(who, since, until, entries, if_match=if_match)
        except Stale as refusal:
            typed = Form(Form.of(form).values, message=_CHANGED)
            return await entering(request, who, since, until, form=typed, status=refusal.status)
        except Refused as refusal:
            typed = Form.refused(form, refusal)
            return await entering(request, who, since, until, form=typed, status=refusal.status)
        place = urlencode({"since": since, "until": until, "done": True})
        return RedirectResponse(f"/moderation/report?{place}", 303)

    return site


_CHANGED = _(
    "Somebody entered something meanwhile; below is what you typed. Look at theirs in another "
    "window; sent again, yours takes its place."
)


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = _("Enter the day as a date, such as 2027-01-31.")
        raise Invalid([{"field": field, "message": message}]) from None
