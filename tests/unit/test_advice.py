"""R15, R16, R18: dispute or complaint. The policy's eight rules, alone and together."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.taxonomy import taxonomy
from services.intake.advice import (
    Advice,
    Dispute,
    Order,
    Problem,
    Situation,
    Way,
    advise,
    terms,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY, HOUR, MOMENT = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
LOST, OPEN = Dispute("D-1", "lost"), Dispute("D-2", "open")
GOODS, CONDUCT, NOT_RECEIVED, LISTING = (
    Problem.GOODS,
    Problem.CONDUCT,
    Problem.NOT_RECEIVED,
    Problem.LISTING,
)


def order(
    left: timedelta | None = 10 * DAY,
    *,
    received: bool | None = None,
    dispute: Dispute | None = None,
) -> Order:
    return Order("8001", received, None if left is None else NOW + left, dispute)


def advice(problem: Problem | None, *orders: Order) -> Advice:
    return advise(Situation(problem, orders), now=NOW, terms=terms())


def without_an_account(problem: Problem | None) -> Advice:
    return advise(Situation(problem, None), now=NOW, terms=terms())


RULES = [
    ("1: no order", advice(None), Way.COMPLAINT, (1,)),
    ("1: only seen on the page", without_an_account(LISTING), Way.COMPLAINT, (1,)),
    ("1: fake seen, nothing ordered", advice(GOODS), Way.COMPLAINT, (1,)),
    ("2: not received, protected", advice(None, order(received=False)), Way.DISPUTE, (2,)),
    ("2: the buyer's word counts", advice(NOT_RECEIVED, order()), Way.DISPUTE, (2,)),
    (
        "2: also against the tracking",
        advice(NOT_RECEIVED, order(received=True)),
        Way.DISPUTE,
        (2,),
    ),
    ("2: 48 hours to the minute", advice(NOT_RECEIVED, order(48 * HOUR)), Way.DISPUTE, (2,)),
    ("3: fake, protected", advice(GOODS, order(received=True)), Way.BOTH, (3,)),
    ("3: ended 15 days ago", advice(GOODS, order(-15 * DAY, received=True)), Way.BOTH, (3,)),
    ("4: over", advice(None, order(-16 * DAY)), Way.COMPLAINT, (4,)),
    (
        "4: a moment past 15 days",
        advice(GOODS, order(-15 * DAY - MOMENT, received=True)),
        Way.COMPLAINT,
        (4,),
    ),
    ("4: never came, over", advice(NOT_RECEIVED, order(-DAY)), Way.COMPLAINT, (4,)),
    ("4: over at its very end", advice(NOT_RECEIVED, order(0 * DAY)), Way.COMPLAINT, (4,)),
    ("5: conduct, nothing known", without_an_account(CONDUCT), Way.COMPLAINT, (5,)),
    ("5: conduct, no order", advice(CONDUCT), Way.COMPLAINT, (5, 1)),
    ("5: conduct, received", advice(CONDUCT, order(received=True)), Way.COMPLAINT, (5,)),
    ("5 at any time: over", advice(CONDUCT, order(-DAY)), Way.COMPLAINT, (4, 5)),
    ("5 at any time: unknown", advice(CONDUCT, order(None)), Way.COMPLAINT, (5,)),
    ("6: nothing said yet", advice(None, order(47 * HOUR)), Way.DISPUTE, (6,)),
    ("7: lost", advice(GOODS, order(received=True, dispute=LOST)), Way.COMPLAINT, (7,)),
    ("7: lost, however it stands", advice(None, order(None, dispute=LOST)), Way.COMPLAINT, (7,)),
    ("8: no account", without_an_account(None), Way.BOTH, (8,)),
    ("8: no account, a fake", without_an_account(GOODS), Way.BOTH, (8,)),
    ("8: not received, no order found", advice(NOT_RECEIVED), Way.BOTH, (8,)),
    ("8: what is wrong?", advice(None, order(received=True)), Way.BOTH, (8,)),
    ("8: arrived or not?", advice(GOODS, order()), Way.BOTH, (8,)),
    ("8: protected or not?", advice(NOT_RECEIVED, order(None)), Way.BOTH, (8,)),
    ("8: 3 or 4?", advice(None, order(-DAY, received=True)), Way.BOTH, (8,)),
]
TOGETHER = [
    ("6 and 2", advice(None, order(HOUR, received=False)), Way.DISPUTE, (6, 2)),
    ("6 and 3", advice(GOODS, order(HOUR, received=True)), Way.BOTH, (6, 3)),
    ("6 and 5", advice(CONDUCT, order(HOUR, received=True)), Way.BOTH, (6, 5)),
    ("6 and an unknown", advice(GOODS, order(HOUR)), Way.DISPUTE, (6,)),
    ("2 and 5", advice(CONDUCT, order(received=False)), Way.BOTH, (2, 5)),
    ("7 and 5", advice(CONDUCT, order(dispute=LOST)), Way.COMPLAINT, (7, 5)),
    ("7, never 6", advice(None, order(HOUR, received=False, dispute=LOST)), Way.COMPLAINT, (7,)),
    ("2, open", advice(None, order(HOUR, received=False, dispute=OPEN)), Way.DISPUTE, (2,)),
]


@pytest.mark.parametrize(
    ("given_", "way", "rules"),
    [case[1:] for case in RULES + TOGETHER],
    ids=[case[0] for case in RULES + TOGETHER],
)
def test_r18_each_rule_gives_its_advice(given_: Advice, way: Way, rules: tuple[int, ...]) -> None:
    assert (given_.way, given_.rules) == (way, rules)


def test_r16_a_dispute_is_the_way_until_the_very_end_of_protection() -> None:
    assert advice(None, order(MOMENT, received=False)).way is Way.DISPUTE
    assert advice(None, order(-MOMENT, received=False)).way is Way.COMPLAINT


def test_less_than_48_hours_are_urgent_and_48_are_not() -> None:
    assert advice(NOT_RECEIVED, order(48 * HOUR - MOMENT)).urgent
    assert not advice(NOT_RECEIVED, order(48 * HOUR)).urgent
    assert not advice(NOT_RECEIVED, order(-HOUR)).urgent


def test_what_is_missing_is_named() -> None:
    assert advice(None, order(None)).unknown == ("protection", "received", "problem")
    assert advice(GOODS, order()).unknown == ("received",)
    assert advice(None, order(received=True)).unknown == ("problem",)


def test_a_complaint_is_linked_to_the_dispute_that_was_lost() -> None:
    assert advice(GOODS, order(dispute=LOST)).dispute == "D-1"
    assert advice(GOODS, order()).dispute is None


def test_of_several_orders_the_most_pressing_one_is_told() -> None:
    old, lost = order(-90 * DAY, received=True), order(dispute=LOST)
    running_out = order(HOUR, received=False)
    assert advice(None, old, lost, running_out).order == running_out
    assert advice(None, old, lost).order == lost


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        *(("CF1", GOODS), ("CF6", GOODS), ("CF99", GOODS), ("CF", GOODS), ("CF4", CONDUCT)),
        *(("SM3", CONDUCT), ("OT5", CONDUCT), ("PR2", CONDUCT), ("FI2", GOODS), ("FI7", CONDUCT)),
        *(("FI5", None), ("FI", None), ("XX1", None), ("", None), ("99", None)),
    ],
)
def test_a_reason_tells_what_kind_of_problem_it_is(code: str, problem: Problem | None) -> None:
    assert terms().problem_of(code) == problem


def test_the_reasons_named_in_the_data_are_the_taxonomys() -> None:
    assert all(taxonomy().find(code) for code in terms().problem_of_reason)
    assert all(taxonomy().type_of(code) for code in terms().problem_of_type)


orders_ = st.builds(
    Order,
    id=st.just("8001"),
    received=st.none() | st.booleans(),
    protected_until=st.none()
    | st.timedeltas(-30 * DAY, 30 * DAY).map(lambda left: NOW + left)
    | st.sampled_from([NOW, NOW + 48 * HOUR, NOW - 15 * DAY]),
    dispute=st.none() | st.sampled_from([LOST, OPEN]),
)
situations = st.builds(
    Situation,
    problem=st.none() | st.sampled_from(list(Problem)),
    orders=st.none() | st.lists(orders_, max_size=3).map(tuple),
)


@given(situations)
def test_every_situation_gets_advice_that_says_why(situation: Situation) -> None:
    told = advise(situation, now=NOW, terms=terms())
    assert told.rules
    assert set(told.rules) <= set(range(1, 9))
    assert (8 in told.rules) == bool(told.unknown)
    assert 8 not in told.rules or told.way is Way.BOTH
    assert told.urgent == (6 in told.rules)
    if told.urgent:
        assert told.rules[0] == 6
        assert told.way is not Way.COMPLAINT
    if told.order and told.order.dispute and told.order.dispute.state == "lost":
        assert told.way is Way.COMPLAINT


@given(situations, st.timedeltas(timedelta(0), 40 * DAY))
def test_a_dispute_once_too_late_stays_too_late(situation: Situation, later: timedelta) -> None:
    """Time alone never turns a complaint back into a dispute, where all facts are known."""
    known = tuple(
        each
        for each in situation.orders or ()
        if each.protected_until and each.received is not None and not each.dispute
    )[:1]
    situation = Situation(GOODS, known)
    before = advise(situation, now=NOW, terms=terms())
    after = advise(situation, now=NOW + later, terms=terms())
    if before.way is Way.COMPLAINT:
        assert after.way is Way.COMPLAINT
