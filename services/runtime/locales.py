"""The languages that everything is said in, and how they write dates, numbers and lengths of time.

Digits are European ones in Arabic too: the numbers of complaints, prices and addresses that people
compare are written with them.
"""

import math
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final, Literal

from babel import Locale
from babel.dates import format_date, format_skeleton, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit

ENGLISH: Final = "en"

LANGUAGES: Final = {"en": "English", "ru": "Русский", "ar": "العربية"}
"""By code, each by its own name. The first is spoken to readers who accept none of them."""

# Day before month, as most of the readers of English here write it.
_LOCALES: Final = {"en": "en_GB"}
_RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur"})

Unit = Literal["day", "hour", "minute"]


@cache
def locale(language: str) -> Locale:
    """What Babel knows of a language; of English when it knows nothing of it."""
    primary = language.partition("-")[0]
    known = _LOCALES.get(primary, primary if primary in LANGUAGES else _LOCALES[ENGLISH])
    return Locale.parse(known)


def direction(language: str) -> str:
    """The writing direction of a BCP 47 language: `rtl` or `ltr`."""
    return "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


def short_date_text(at: date, language: str) -> str:
    """E.g. `22 Nov 2026`; of a moment, its day in UTC."""
    return format_skeleton("yMMMd", _utc(at), locale=locale(language))


def date_text(at: date, language: str) -> str:
    """E.g. `22 November 2026`; of a moment, its day in UTC."""
    return format_date(_utc(at), format="long", locale=locale(language))


def moment_text(at: datetime, language: str) -> str:
    """E.g. `22 November 2026, 21:15 UTC`."""
    return _with_time(date_text(at, language), at, language)


def short_moment_text(at: datetime, language: str) -> str:
    """E.g. `22 Nov 2026, 21:15 UTC`."""
    return _with_time(short_date_text(at, language), at, language)


def _with_time(day: str, at: datetime, language: str) -> str:
    comma = "،" if language.partition("-")[0] == "ar" else ","
    return f"{day}{comma} {_utc(at):%H:%M} UTC"


def span_text(n: int, unit: Unit, language: str) -> str:
    """A length of time, e.g. `3 days`."""
    return str(format_unit(n, f"duration-{unit}", locale=locale(language)))


def relative_text(n: int, unit: Unit, language: str) -> str:
    """How far away something is, e.g. `in 3 days`; `3 days ago` when `n` is negative."""
    span = timedelta(**{f"{unit}s": n})
    return format_timedelta(
        span, granularity=unit, threshold=math.inf, add_direction=True, locale=locale(language)
    )


def decimal_text(value: float, language: str) -> str:
    """E.g. `20,000`, with no more than two digits after the point."""
    return str(format_decimal(value, "#,##0.##", locale=locale(language)))


def list_text(items: list[str], language: str) -> str:
    """E.g. `a, b and c`."""
    return format_list(items, locale=locale(language))


def _utc(at: date) -> date:
    if isinstance(at, datetime):
        return at.astimezone(UTC) if at.tzinfo else at
    return at
