"""When operators are there."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from services.chat.schedule import Hours, Schedules


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SHIPPED = Schedules.load()


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-11-23T05:59:59", False),
        ("2026-11-23T06:00:00", True),
        ("2026-11-23T14:59:59", True),
        ("2026-11-23T15:00:00", False),
        ("2027-01-01T10:00:00", False),
        ("2027-01-07T08:00:00", False),
        ("2027-01-07T09:00:00", True),
    ],
)
def test_russian_operators_work_from_nine_to_six_moscow_time(now: str, is_open: bool) -> None:
    """R4, with the holidays that are data."""
    assert SHIPPED.is_open("ru", utc(now)) is is_open


def test_a_split_shift_is_closed_in_between() -> None:
    hours = SHIPPED.of("ar")
    assert hours is not None
    assert hours.closes_at(utc("2026-11-23T07:00")) == utc("2026-11-23T10:00")
    assert hours.closes_at(utc("2026-11-23T11:00")) is None
    assert hours.opens_at(utc("2026-11-23T11:00")) == utc("2026-11-23T13:00")
    assert hours.opens_at(utc("2026-11-26T19:00")) == utc("2026-11-28T07:00")  # past Friday


def test_hours_of_a_language_hold_for_its_regional_forms_and_for_no_other() -> None:
    assert SHIPPED.of("ar-EG") == SHIPPED.of("ar")
    assert SHIPPED.of("pt-BR") is None
    assert not SHIPPED.is_open("pt-BR", utc("2026-11-23T10:00"))


NIGHT = Hours.model_validate(
    {
        "zone": "Europe/Berlin",
        "week": {
            "sat": [{"start": "22:00", "end": "04:00"}],
            "sun": [{"start": "04:00", "end": "08:00"}],
        },
    }
)


def test_a_shift_over_midnight_and_the_clock_change_ends_when_the_clock_on_the_wall_says() -> None:
    spring = utc("2026-03-28T23:30")  # half past midnight; at two the clock is set forward
    assert NIGHT.closes_at(spring) == utc("2026-03-29T06:00")
    assert NIGHT.closes_at(utc("2026-03-28T20:59")) is None
    assert NIGHT.opens_at(utc("2026-03-29T06:00")) == utc("2026-04-04T20:00")


def test_who_never_opens_is_never_waited_for() -> None:
    never = Hours.model_validate({"zone": "UTC", "week": {}})
    assert never.closes_at(utc("2026-11-23T10:00")) is None
    assert never.opens_at(utc("2026-11-23T10:00")) is None


@pytest.mark.parametrize(
    "wrong", [{"zone": "Moscow", "week": {}}, {"zone": "UTC", "week": {"monday": []}}]
)
def test_a_schedule_that_says_nothing_sensible_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        Hours.model_validate(wrong)
