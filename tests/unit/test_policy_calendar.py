"""Working days and deadlines."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.moderation.policy import Calendar, Period, policy

CALENDAR = policy().calendar
DAY = timedelta(days=1)

moments = st.datetimes(
    min_value=datetime(2025, 1, 1),  # noqa: DTZ001 - `timezones` makes them aware
    max_value=datetime(2029, 12, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=3)), timezone(timedelta(hours=-8))]),
)
counts = st.integers(min_value=0, max_value=30)


def working_time(start: datetime, end: datetime) -> timedelta:
    """How much of the time from `start` to `end` lies on working days, counted day by day."""
    total = timedelta()
    at = start.astimezone(UTC)
    while at < end:
        midnight = datetime.combine(at.date() + DAY, datetime.min.time(), UTC)
        until = min(midnight, end)
        if CALENDAR.is_working_day(at.date()):
            total += until - at
        at = until
    return total


@given(moments, counts)
def test_exactly_so_many_working_days_lie_before_a_deadline(start: datetime, days: int) -> None:
    end = CALENDAR.add_working_days(start, days)
    assert working_time(start, end) == days * DAY
    assert CALENDAR.is_working_day(end.date())


@given(moments, counts, counts)
def test_days_can_be_added_in_parts(start: datetime, some: int, more: int) -> None:
    in_parts = CALENDAR.add_working_days(CALENDAR.add_working_days(start, some), more)
    assert in_parts == CALENDAR.add_working_days(start, some + more)


@given(moments, moments, counts)
def test_who_starts_later_is_not_due_earlier(one: datetime, other: datetime, days: int) -> None:
    early, late = sorted((one, other))
    assert CALENDAR.add_working_days(early, days) <= CALENDAR.add_working_days(late, days)


@given(moments, counts)
def test_a_deadline_is_told_in_utc_wherever_it_was_set(start: datetime, days: int) -> None:
    assert CALENDAR.add_working_days(start, days).utcoffset() == timedelta()
    assert CALENDAR.add_working_days(start.astimezone(UTC), days) == (
        CALENDAR.add_working_days(start, days)
    )


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-20T15:00Z", 1, "2026-11-23T15:00Z"),  # over a weekend
        ("2026-11-21T15:00Z", 1, "2026-11-24T00:00Z"),  # begun on a Saturday
        ("2026-12-23T10:00Z", 3, "2026-12-29T10:00Z"),  # over Christmas, which is a Friday
        ("2026-04-02T10:00Z", 1, "2026-04-07T10:00Z"),  # over Easter
        ("2026-12-31T10:00Z", 1, "2027-01-04T10:00Z"),  # over New Year and a weekend
        ("2026-03-27T23:30Z", 1, "2026-03-30T23:30Z"),  # over a change of clocks in Europe
    ],
)
def test_weekends_and_holidays_do_not_count(start: str, days: int, due: str) -> None:
    begun = datetime.fromisoformat(start)
    assert CALENDAR.add_working_days(begun, days) == datetime.fromisoformat(due)


def test_calendar_days_and_hours_run_through_weekends() -> None:
    friday = datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert Period(days=7).after(friday, CALENDAR) == friday + 7 * DAY
    assert Period(hours=72).after(friday, CALENDAR) == friday + 3 * DAY


def test_a_marketplace_has_its_own_weekend_and_holidays() -> None:
    gulf = Calendar(
        name="Friday and Saturday",
        weekend=frozenset({"friday", "saturday"}),
        yearly_holidays=frozenset({"12-02"}),
        holidays=frozenset({date(2026, 3, 20)}),
    )
    thursday = datetime(2026, 11, 26, 9, tzinfo=UTC)
    assert gulf.add_working_days(thursday, 1) == thursday + 3 * DAY
    assert not gulf.is_working_day(date(2031, 12, 2))
    assert not gulf.is_working_day(date(2026, 3, 20))


def test_a_week_has_at_least_one_working_day() -> None:
    week = frozenset(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
    with pytest.raises(ValueError, match="at most 6"):
        Calendar.model_validate(
            {"name": "never", "weekend": week, "yearly_holidays": [], "holidays": []}
        )


def test_the_appeal_window_is_at_least_six_months() -> None:
    for month in range(1, 13):
        told = datetime(2027, month, 1, tzinfo=UTC)
        later = datetime(2027 + (month + 5) // 12, (month + 5) % 12 + 1, 1, tzinfo=UTC)
        assert policy().appeal_until(told) >= later
