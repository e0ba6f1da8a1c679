"""The counts of the yearly transparency report (DSA, Art. 15 and 24(1); template of Implementing
Regulation (EU) 2024/2835), for any period. Pure.

Every figure is counted from facts with their own times, so the same period gives the same figures
whenever it is asked for.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from statistics import median
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from contracts.taxonomy import taxonomy
from services.moderation.outgoing.report_template import (
    AUTOMATED,
    DISPUTES,
    ORDERS,
    PLATFORM,
    TEMPLATE,
    Entry,
    Wanted,
)
from services.moderation.read_models import Shown

TO_BE_FILLED_IN: Final = "to be filled in by the platform"

Data = dict[str, Any]


class Filed(NamedTuple):
    """A complaint of the period: the law's notice."""

    type: str
    trusted_flagger: bool


class Happened(NamedTuple):
    """A fact of a case in the period, with the case's type and when the matter began: the case was
    opened, or, for the answer to an appeal, the appeal was."""

    kind: str
    type: str
    at: datetime
    began_at: datetime
    data: Data


class Imposed(NamedTuple):
    """A measure on a member that was imposed in the period."""

    kind: str
    because_of_misuse: bool


class Figure(BaseModel):
    """One row of the report. `category` is the type of complaint, or `all`; of what was entered, a
    Member State or a language too. `missing` ones the platform has still to enter."""

    model_config = ConfigDict(frozen=True)
    section: str
    indicator: str
    category: str
    value: float | None
    text: str = ""
    source: Literal["counted", "entered", "missing"] = "counted"


class Report(BaseModel):
    """The figures of the days from `since` to `until`, both included (UTC)."""

    since: date
    until: date
    figures: tuple[Figure, ...]


class Entered(Shown):
    """What staff entered into the report of a period, the last time."""

    since: date
    until: date
    entries: tuple[Entry, ...] = ()
    by: str | None = None
    at: datetime | None = None
    version: int = 0


def with_entries(counted: Sequence[Figure], entries: Sequence[Entry]) -> tuple[Figure, ...]:
    """The whole report: what is counted, what was entered, and what is missing, by section."""
    entered: dict[tuple[str, str], list[Figure]] = {}
    for each in entries:
        row = Figure(**each.model_dump(), source="entered")
        entered.setdefault((each.section, each.indicator), []).append(row)
    asked = [
        row
        for each in TEMPLATE
        for row in entered.get((each.section, each.indicator)) or [_missing(each)]
    ]
    order = dict.fromkeys(
        (PLATFORM, ORDERS, *(each.section for each in counted), *(each.section for each in asked))
    )
    place = {section: position for position, section in enumerate(order)}
    return tuple(sorted((*counted, *asked), key=lambda each: place[each.section]))


def _missing(wanted: Wanted) -> Figure:
    return Figure(
        section=wanted.section,
        indicator=wanted.indicator,
        category="all",
        value=None,
        text=TO_BE_FILLED_IN,
        source="missing",
    )


def figures(
    filed: Sequence[Filed], happened: Sequence[Happened], imposed: Sequence[Imposed]
) -> tuple[Figure, ...]:
    """All figures of the report, in the order of the template."""
    return (
        *_notices(filed, happened),
        *_restrictions(happened),
        *_appeals(happened),
        *_disputes_and_misuse(happened, imposed),
        *_automation(happened),
    )


def _notices(filed: Sequence[Filed], happened: Sequence[Happened]) -> Iterator[Figure]:
    """Art. 15(1)(b): notices, by whom, what came of them, and how soon."""
    section = "notices (Art. 15(1)(b))"
    yield from _by_type(section, "received", (each.type for each in filed))
    trusted = (each.type for each in filed if each.trusted_flagger)
    yield from _by_type(section, "received from trusted flaggers", trusted)
    decided = [each for each in happened if each.kind == "decided"]
    inadmissible = [each for each in happened if each.kind == "inadmissible"]
    for kind, words in (("law", "the law"), ("contract", "the terms and conditions")):
        acted = (e.type for e in decided if _ground(e) == kind and _restricts(e))
        yield from _by_type(section, f"actions on the basis of {words}", acted)
    for outcome in ("upheld", "partly_upheld", "dismissed"):
        told = (each.type for each in decided if each.data["outcome"] == outcome)
        yield from _by_type(section, f"cases {outcome.replace('_', ' ')}", told)
    yield from _by_type(section, "cases inadmissible", (each.type for each in inadmissible))
    yield _all(section, "processed by automated means alone", 0)
    yield _median(section, "median hours to decide", [*decided, *inadmissible])


def _restrictions(happened: Sequence[Happened]) -> Iterator[Figure]:
    """Art. 15(1)(b) and (c): what was restricted."""
    section = "restrictions (Art. 15(1)(b), Art. 17(1))"
    kinds = Counter(measure["kind"] for each in happened for measure in _measures(each))
    for kind, number in sorted(kinds.items()):
        yield _all(section, kind.replace("_", " "), number)


def _appeals(happened: Sequence[Happened]) -> Iterator[Figure]:
    """Art. 15(1)(d): complaints to the internal complaint-handling system."""
    section = "appeals (Art. 15(1)(d), Art. 20)"
    opened = [each for each in happened if each.kind == "appeal_opened"]
    decided = [each for each in happened if each.kind == "appeal_decided"]
    yield from _by_type(section, "received", (each.type for each in opened))
    for side in ("complainant", "accused"):
        number = sum(each.data["appellant"] == side for each in opened)
        yield _all(section, f"received from the {side}", number)
    for result in ("affirmed", "varied", "overturned"):
        told = (each.type for each in decided if each.data["result"] == result)
        yield from _by_type(section, result, told)
    rejected = sum(each.kind == "appeal_rejected" for each in happened)
    yield _all(section, "not taken up", rejected)
    yield _median(section, "median hours to decide", decided)


def _disputes_and_misuse(
    happened: Sequence[Happened], imposed: Sequence[Imposed]
) -> Iterator[Figure]:
    """Art. 24(1): disputes before settlement bodies, and suspensions under Art. 23."""
    disputes = sum(each.kind == "out_of_court" and bool(each.data["open"]) for each in happened)
    yield _all(DISPUTES, "submitted to a settlement body", disputes)
    section = "misuse (Art. 24(1)(b), Art. 23)"
    accounts = sum(each.kind in ("account_frozen", "account_closed") for each in imposed)
    yield _all(section, "accounts suspended or closed", accounts)
    unfounded = sum(
        each.kind == "decided" and bool(each.data.get("manifestly_unfounded")) for each in happened
    )
    yield _all(section, "cases manifestly unfounded", unfounded)
    paused = sum(each.kind == "complaining_suspended" for each in imposed)
    yield _all(section, "complainants suspended", paused)
    warned = sum(each.kind == "warning" and each.because_of_misuse for each in imposed)
    yield _all(section, "complainants warned", warned)


def _automation(happened: Sequence[Happened]) -> Iterator[Figure]:
    """Art. 15(1)(e): where machines took part, and how often they were wrong."""
    section = AUTOMATED
    decided = [each for each in happened if each.kind == "decided"]
    detected = [each for each in decided if each.data["statement"].get("automated_detection")]
    helped = [each for each in decided if each.data["statement"].get("automated_decision")]
    yield _all(section, "decisions on what a machine detected", len(detected))
    yield _all(section, "decisions in which a machine took part", len(helped))
    wrong = sum(each.data["outcome"] == "dismissed" for each in detected)
    rate = wrong / len(detected) if detected else 0
    yield _all(section, "share of detections that were dismissed", round(rate, 4))


def as_csv(rows: Iterable[Figure]) -> str:
    """The figures as a table, with a line of names first."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(Figure.model_fields)
    for row in rows:
        value = "" if row.value is None else f"{row.value:.15g}"
        table.writerow(
            (row.section, row.indicator, row.category, value, _unread(row.text), row.source)
        )
    return text.getvalue()


def _unread(text: str) -> str:
    """Words that no table calculation reads as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _by_type(section: str, indicator: str, types: Iterable[str]) -> Iterator[Figure]:
    counts = Counter(types)
    yield _all(section, indicator, counts.total())
    for kind in taxonomy().types:
        yield Figure(
            section=section, indicator=indicator, category=kind.code, value=counts[kind.code]
        )


def _all(section: str, indicator: str, value: float) -> Figure:
    return Figure(section=section, indicator=indicator, category="all", value=value)


def _median(section: str, indicator: str, told: Sequence[Happened]) -> Figure:
    hours = [(each.at - each.began_at).total_seconds() / 3600 for each in told]
    return _all(section, indicator, round(median(hours), 2) if hours else 0)


def _ground(decided: Happened) -> str:
    return str(decided.data["statement"]["ground"]["kind"])


def _restricts(decided: Happened) -> bool:
    return any(kind != "warning" for kind in decided.data["statement"]["restrictions"])


def _measures(each: Happened) -> list[Data]:
    if each.kind == "interim_measure_imposed":
        return [each.data["measure"]]
    return list(each.data["measures"]) if each.kind == "decided" else []
