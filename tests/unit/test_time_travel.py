"""A whole case in time, its deadlines over weekends, holidays and changes of the clocks. R36.

Easter of 2027: Good Friday is 26 March, Easter Monday 29 March, and in the night before Sunday
28 March clocks in Europe go forward; they go back on 31 October.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from contracts.case import CounterNoticeLapsed, Outcome
from contracts.ids import derived_id
from services.moderation.commands import (
    Admit,
    Approve,
    Claim,
    Close,
    DecideAppeal,
    Hold,
    Lapse,
    Remind,
    Resume,
    Ruling,
)
from services.moderation.policy import policy
from services.moderation.refusals import LeaseExpired, NotDueYet
from services.moderation.state import Status
from tests.cases import (
    ASK,
    DAY,
    FREEZE,
    HOUR,
    MIA,
    MINUTE,
    OLGA,
    SVEN,
    UPHOLD,
    appeal,
    complaint,
    end_of_day,
    given,
)

BERLIN, NEW_YORK, MOSCOW = map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Europe/Moscow"))
THURSDAY = datetime(2027, 3, 25, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_from_filing_to_the_close_over_easter_and_both_changes_of_the_clocks() -> None:
    story = given().when(complaint(reason="CF1", severity=3), at=THURSDAY)
    assert story.case.triage_due_at == THURSDAY + DAY  # hours run on, also over a holiday
    story.when(Admit(), at=THURSDAY).when(Claim(), at=THURSDAY)
    # Three working days: Tuesday, Wednesday and Thursday after Easter.
    assert story.case.decide_due_at == datetime(2027, 4, 1, 10, tzinfo=UTC)
    story.when(ASK, at=THURSDAY)
    due = story.case.answer_due_at
    assert due == datetime(2027, 4, 1, 10, tzinfo=UTC)
    # On the wall of somebody in Berlin the answer is asked for at 11 and due at 12.
    assert (THURSDAY.astimezone(BERLIN).hour, due.astimezone(BERLIN).hour) == (11, 12)

    times = policy().reminders(THURSDAY, due)
    assert times == {"half": THURSDAY + 3.5 * DAY, "last_day": due - DAY}
    for which, at in times.items():
        story.when(Remind(which=which, due_at=due), at=at)
        assert [fact.type for fact in story.new] == ["CounterNoticeReminded"]
    story.when(Lapse(), at=due).refused(NotDueYet)
    story.when(Lapse(), at=due + SECOND).then(CounterNoticeLapsed)

    # A lapse on Thursday: the decision is due on Tuesday, after the weekend.
    assert story.case.decide_due_at == due + SECOND + 5 * DAY
    proposed = due + DAY
    story.when(Claim(), at=proposed).when(FREEZE, at=proposed)
    assert story.case.review_due_at == proposed + 24 * HOUR  # hours run on, over a Saturday
    told = proposed + 3 * DAY
    story.when(Approve(), by=SVEN, at=told)
    assert story.refusal is None, story.refusal
    # 184 days, of which the last is whole.
    assert story.case.appeal_until == end_of_day(told + 184 * DAY)

    decision_id = story.case.decision_id
    assert decision_id is not None
    lodged = end_of_day(told + 184 * DAY)
    story.when(appeal(decision_id, lodged), at=lodged + MINUTE)
    assert [fact.type for fact in story.new] == ["AppealOpened"]
    answered = lodged + 13 * DAY
    story.when(Claim(), by=OLGA, at=answered)
    overturned = DecideAppeal(
        appeal_id=derived_id("appeal", "the appeal"),
        result="overturned",
        explanation="The marks are genuine.",
        ruling=Ruling(outcome=Outcome.DISMISSED, facts="The certificate is in order."),
    )
    story.when(overturned, by=OLGA, at=answered)
    assert story.refusal is None, story.refusal
    assert (story.case.outcome, story.case.measures) == (Outcome.DISMISSED, ())

    # What the appeal changed can be appealed against in its turn, into the next spring.
    until = end_of_day(answered + 184 * DAY)
    assert story.case.appeal_until == until
    story.when(Close(), at=until).refused(NotDueYet)
    story.when(Close(), at=until + SECOND)
    assert story.case.status is Status.CLOSED


@pytest.mark.parametrize("zone", [UTC, BERLIN, NEW_YORK, MOSCOW])
@pytest.mark.parametrize(
    "eve",
    [
        datetime(2027, 3, 27, 22, 30, tzinfo=UTC),  # forward in Europe, in the night
        datetime(2026, 10, 24, 22, 30, tzinfo=UTC),  # back in Europe
        datetime(2027, 3, 14, 5, 30, tzinfo=UTC),  # forward in America
        datetime(2026, 11, 1, 4, 30, tzinfo=UTC),  # back in America
    ],
)
def test_where_the_clocks_change_a_day_has_24_hours_whoever_sets_the_deadline(
    zone: ZoneInfo, eve: datetime
) -> None:
    rules, at = policy(), eve.astimezone(zone)
    assert rules.information_due(at) == eve + 7 * 24 * HOUR
    assert rules.review_due(at) == eve + 24 * HOUR
    assert rules.lease_until(at) == eve + 10 * MINUTE
    assert rules.appeal_until(at) == end_of_day(eve + 184 * DAY)
    assert rules.counter_notice_due("SM", at, account_at_stake=True) == eve + 14 * 24 * HOUR
    assert rules.decision_due(at) == rules.decision_due(eve)
    due = rules.counter_notice_due("SM", at, account_at_stake=False)
    assert rules.reminders(at, due)["half"] == eve + 84 * HOUR


def test_an_hour_that_comes_twice_is_two_hours() -> None:
    """A lease that begins in the first 02:55 of a night in Berlin ends in the second 02:05."""
    first = datetime(2026, 10, 25, 2, 55, tzinfo=BERLIN)
    story = given(complaint(), Admit()).when(Claim(), at=first)
    assert story.case.lease is not None
    second = datetime(2026, 10, 25, 2, 5, fold=1, tzinfo=BERLIN)
    assert story.case.lease.until == second.astimezone(UTC)
    again = datetime(2026, 10, 25, 2, 4, fold=1, tzinfo=BERLIN).astimezone(UTC)
    story.when(Claim(), at=again)
    assert story.refusal is None
    late = datetime(2026, 10, 25, 2, 14, fold=1, tzinfo=BERLIN).astimezone(UTC)
    story.when(UPHOLD, by=MIA, at=late).refused(LeaseExpired)


def test_a_hold_over_easter_moves_the_deadline_by_as_long_as_it_lasted() -> None:
    story = given().when(complaint(reason="CF1", severity=3), at=THURSDAY)
    for command in (Admit(), Claim(), ASK):
        story.when(command, at=THURSDAY)
    due = story.case.answer_due_at
    assert due is not None
    story.when(Hold(reason="The police asks."), at=THURSDAY + DAY)
    story.when(Lapse(), at=due + HOUR)
    assert story.refusal is not None
    resumed = THURSDAY + 10 * DAY
    story.when(Claim(), at=resumed).when(Resume(), at=resumed)
    assert story.case.answer_due_at == due + 9 * DAY
    story.when(Lapse(), at=due + 9 * DAY).refused(NotDueYet)
    story.when(Lapse(), at=due + 9 * DAY + SECOND)
    assert story.case.status is Status.COUNTER_NOTICE_LAPSED
