"""When operators are there: weekly hours and holidays of each language, as data."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

DATA: Final = Path(__file__).parent / "data" / "schedules.json"
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FAR: Final = 400
"""Days that are looked ahead for an opening."""


def _known(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{zone} is no time zone") from error
    return zone


class Shift(BaseModel):
    """From `start` to `end`, local wall time of one day; an `end` of 00:00 is midnight after."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    start: time
    end: time


class Hours(BaseModel):
    """The hours of one language. A day in `special` has those shifts in place of the weekday's: no
    shifts are a holiday."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    zone: Annotated[str, AfterValidator(_known)]
    week: Mapping[str, tuple[Shift, ...]]
    special: Mapping[date, tuple[Shift, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _days(self) -> "Hours":
        if unknown := self.week.keys() - set(DAYS):
            raise ValueError(f"no days of the week: {', '.join(sorted(unknown))}")
        return self

    def spans(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The open spans that begin on a local day, in UTC."""
        zone = ZoneInfo(self.zone)
        shifts = self.special.get(day, self.week.get(DAYS[day.weekday()], ()))
        for shift in sorted(shifts, key=lambda each: each.start):
            last = day + timedelta(days=1) if shift.end <= shift.start else day
            opens = datetime.combine(day, shift.start, zone).astimezone(UTC)
            closes = datetime.combine(last, shift.end, zone).astimezone(UTC)
            if opens < closes:
                yield opens, closes

    def closes_at(self, now: datetime) -> datetime | None:
        """When the shift that runs now ends; None when it is closed. Shifts that touch are one."""
        closing: datetime | None = None
        for opens, closes in self._from(now, days=8):
            if opens <= (closing or now) < closes:
                closing = closes
        return closing

    def opens_at(self, now: datetime) -> datetime | None:
        """The next opening after now; None when there is none within a year."""
        return next((opens for opens, _ in self._from(now, days=FAR) if opens > now), None)

    def _from(self, now: datetime, *, days: int) -> Iterator[tuple[datetime, datetime]]:
        today = now.astimezone(ZoneInfo(self.zone)).date()
        for offset in range(-1, days):
            yield from self.spans(today + timedelta(days=offset))


class Schedules:
    """The hours of every language that operators speak."""

    def __init__(self, hours: Mapping[str, Hours]) -> None:
        self._hours = hours

    @classmethod
    def load(cls, path: Path = DATA) -> "Schedules":
        """Raises ValueError when the file says something else than hours."""
        return cls(TypeAdapter(dict[str, Hours]).validate_python(json.loads(path.read_text())))

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self._hours)

    def of(self, language: str) -> Hours | None:
        """The hours of a language, also of a regional form of it."""
        return self._hours.get(language) or self._hours.get(language.split("-", 1)[0])

    def is_open(self, language: str, now: datetime) -> bool:
        hours = self.of(language)
        return hours is not None and hours.closes_at(now) is not None
