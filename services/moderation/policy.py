"""Deadlines, calendar and texts of the complaint policy: versioned data, not code.

Every function here is pure. A deadline is computed once, when it is set, and written into a fact.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from contracts.case import MeasureKind
from contracts.taxonomy import taxonomy
from services.moderation.standing.rules import StandingRules

DATA: Final = Path(__file__).parent / "data" / "policy.json"
"""The policy that is shipped."""

DAY = timedelta(days=1)

Reminder = Literal["half", "last_day"]

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


def _day_of_a_year(text: str) -> str:
    date.fromisoformat(f"2028-{text}")  # a leap year
    return text


def _known_type(code: str) -> str:
    if taxonomy().type_of(code) is None:
        raise ValueError(f"the taxonomy has no type {code}")
    return code


def _redress_text(text: str) -> str:
    try:
        text.format(appeal_until="")
    except (LookupError, ValueError) as error:
        raise ValueError("only {appeal_until} can be filled in") from error
    return text


TypeCode = Annotated[str, AfterValidator(_known_type)]
RedressText = Annotated[str, AfterValidator(_redress_text)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Calendar(_Data):
    """The marketplace's working days. `yearly_holidays` are `MM-DD`, the same every year."""

    name: str
    weekend: frozenset[Weekday] = Field(max_length=6)
    yearly_holidays: frozenset[Annotated[str, AfterValidator(_day_of_a_year)]]
    holidays: frozenset[date]

    def is_working_day(self, day: date) -> bool:
        return (
            _WEEKDAYS[day.weekday()] not in self.weekend
            and day not in self.holidays
            and f"{day:%m-%d}" not in self.yearly_holidays
        )

    def next_working_day(self, day: date) -> date:
        """The first working day after `day`."""
        day += DAY
        while not self.is_working_day(day):
            day += DAY
        return day

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """The moment at which `days` times 24 hours of working days have passed since `start`.

        Days are UTC days. What begins on a working day ends at the same time of day; what begins
        on a weekend or holiday begins to count at the first midnight of a working day.
        """
        moment = start.astimezone(UTC)
        if not self.is_working_day(moment.date()):
            moment = datetime.combine(self.next_working_day(moment.date()), time(), UTC)
        for _ in range(days):
            moment = datetime.combine(self.next_working_day(moment.date()), moment.timetz())
        return moment


class Period(_Data):
    """A length of time in one unit: calendar `days` and `hours` run on, `working_days` do not."""

    minutes: int = Field(default=0, ge=0)
    hours: int = Field(default=0, ge=0)
    days: int = Field(default=0, ge=0)
    working_days: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_unit(self) -> "Period":
        if sum(map(bool, (self.minutes, self.hours, self.days, self.working_days))) != 1:
            raise ValueError("a period is so many minutes, hours, days or working days")
        return self

    def after(self, start: datetime, calendar: Calendar) -> datetime:
        """The moment, in UTC, at which the period that begins at `start` is over."""
        moment = calendar.add_working_days(start, self.working_days) if self.working_days else start
        length = timedelta(days=self.days, hours=self.hours, minutes=self.minutes)
        return moment.astimezone(UTC) + length


class ByType(_Data):
    """A period that depends on the complaint's type (codes of the taxonomy)."""

    by_type: dict[TypeCode, Period] = {}
    otherwise: Period

    def of(self, complaint_type: str) -> Period:
        return self.by_type.get(complaint_type, self.otherwise)


class MarketplaceRule(_Data):
    """The contract's rule that a type of complaint is about: the default ground of a decision."""

    reference: str
    explanation: str


class Withdrawal(_Data):
    """What becomes of a case whose last complaint was withdrawn."""

    goes_on_from_severity: int


class Policy(_Data):
    """One version of the policy; facts record the `version` that they were made under.

    `trusted_flaggers` are complainants (`member:<id>`) whose complaints go first (Digital Services
    Act, Art. 22). `second_person` are the measures that somebody else, senior, has to approve.
    """

    version: str
    calendar: Calendar
    lease: Period
    triage: ByType
    triage_trusted_flagger: Period
    trusted_flaggers: frozenset[Annotated[str, Field(pattern="^member:.")]] = frozenset()
    information: Period
    counter_notice: ByType
    counter_notice_account_at_stake: Period
    extension_days: int
    last_reminder_before: Period
    decision: Period
    review: Period
    second_person: frozenset[MeasureKind]
    freeze_days: tuple[int, ...]
    interim_recheck: Period
    appeal: Period
    appeal_decision: Period
    withdrawal: Withdrawal
    standing: StandingRules
    rules: dict[TypeCode, MarketplaceRule]
    redress: tuple[RedressText, ...]
    redress_until_decision: tuple[str, ...]

    @model_validator(mode="after")
    def _rule_of_each_type(self) -> "Policy":
        if lacking := {each.code for each in taxonomy().types} - self.rules.keys():
            raise ValueError(f"no rule of the contract for {', '.join(sorted(lacking))}")
        return self

    def lease_until(self, now: datetime) -> datetime:
        return self.lease.after(now, self.calendar)

    def triage_due(
        self, complaint_type: str, now: datetime, *, trusted_flagger: bool = False
    ) -> datetime:
        due = self.triage.of(complaint_type).after(now, self.calendar)
        first = self.triage_trusted_flagger.after(now, self.calendar)
        return min(due, first) if trusted_flagger else due

    def information_due(self, now: datetime) -> datetime:
        return self.information.after(now, self.calendar)

    def counter_notice_due(
        self, complaint_type: str, now: datetime, *, account_at_stake: bool
    ) -> datetime:
        period = (
            self.counter_notice_account_at_stake
            if account_at_stake
            else self.counter_notice.of(complaint_type)
        )
        return period.after(now, self.calendar)

    def decision_due(self, now: datetime) -> datetime:
        return self.decision.after(now, self.calendar)

    def reminders(self, since: datetime, due: datetime) -> dict[Reminder, datetime]:
        """When the accused, who has from `since` to `due`, is reminded: at half time, and a day
        before the end where that comes later."""
        since, due = since.astimezone(UTC), due.astimezone(UTC)  # on a wall a day may have 23 hours
        half = since + (due - since) / 2
        length = self.last_reminder_before.after(due, self.calendar) - due
        reminders: dict[Reminder, datetime] = {"half": half}
        if due - length > half:
            reminders["last_day"] = due - length
        return reminders

    def review_due(self, now: datetime) -> datetime:
        return self.review.after(now, self.calendar)

    def recheck_at(self, now: datetime) -> datetime:
        return self.interim_recheck.after(now, self.calendar)

    def appeal_decision_due(self, now: datetime) -> datetime:
        return self.appeal_decision.after(now, self.calendar)

    def appeal_until(self, told: datetime) -> datetime:
        """The end of the appeal window of somebody who was told at `told` (Art. 20(1) and (2): at
        least six months from the day on which they were informed). Days are counted whole, as
        Regulation 1182/71 counts them: the day of telling is not, and the last ends at midnight."""
        last = self.appeal.after(told, self.calendar).astimezone(UTC)
        return datetime.combine(last.date(), time.max, UTC)

    def redress_texts(self, appeal_until: datetime) -> tuple[str, ...]:
        """What can be done against a decision (Art. 17(3)(f)), as sentences."""
        return _redress_texts(self.redress, appeal_until.date())


@lru_cache
def _redress_texts(texts: tuple[str, ...], until: date) -> tuple[str, ...]:
    said = f"{until:%d %B %Y}".lstrip("0")
    return tuple(text.format(appeal_until=said) for text in texts)


@cache
def policy(path: Path = DATA) -> Policy:
    """The policy in a file. Raises OSError, and ValueError when it says something that no policy
    can."""
    return Policy.model_validate_json(path.read_bytes())
