"""When a mail is tried again, and when the server is left alone."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from contracts.mail import MailBounced, MailDeferred, MailSent, ToldDecision
from services.notifier.delivery import (
    BACK_OFF,
    GIVE_UP,
    JITTER,
    PAUSES,
    PROBE,
    Accepted,
    Circuit,
    Delivery,
    Never,
    NotNow,
    Outcome,
    back_off,
    conclude,
    evolve,
    folded,
    told_by,
)
from services.notifier.so_far import CaseSoFar
from tests.telling import NOON, filed, mails

(MAIL,) = mails(filed(), CaseSoFar(), filed())
SECOND = timedelta(seconds=1)


def answered(delivery: Delivery, answer: Accepted | NotNow | Never) -> Outcome:
    return conclude(delivery, answer, mail_id="m", message_id="<m@here>", now=NOON)


def test_250_is_sent() -> None:
    sent = answered(folded([MAIL]), Accepted("250 OK"))
    assert sent == MailSent(at=NOON, attempt=1, message_id="<m@here>", reply="250 OK")
    assert folded([MAIL, sent]).ended


def test_what_is_sent_says_which_decision_it_told_and_whom() -> None:
    told = {"case_id": "c", "complaint_id": "mine", "decision_id": "d", "fact": "CaseDecided"}
    decision = MAIL.model_copy(update=told)
    assert told_by(decision) == ToldDecision(case_id="c", decision_id="d", complaint_id="mine")
    accused = decision.model_copy(update={"audience": "accused"})
    sent = answered(folded([accused]), Accepted("250 OK"))
    assert isinstance(sent, MailSent)
    assert sent.told == ToldDecision(case_id="c", decision_id="d")
    for changes in (
        {"fact": "MeasureImposed"},
        {"audience": "moderators"},
        {"again": "another"},
        {"fact": "AppealDecided", "params": {"result": "affirmed"}},
    ):
        assert told_by(decision.model_copy(update=changes)) is None


def test_4xx_is_deferred_and_counted() -> None:
    delivery = folded([MAIL])
    for attempt, pause in enumerate(BACK_OFF, start=1):
        deferred = answered(delivery, NotNow("451 later"))
        assert isinstance(deferred, MailDeferred)
        assert deferred.attempt == attempt
        assert abs(deferred.retry_at - NOON - pause) <= pause * JITTER
        delivery = evolve(delivery, deferred)
        assert not delivery.ended
        assert delivery.retry_at == deferred.retry_at


def test_5xx_ends_it_at_once() -> None:
    bounced = answered(folded([MAIL]), Never("550 no such user"))
    assert bounced == MailBounced(at=NOON, attempt=1, reason="550 no such user")
    assert folded([MAIL, bounced]).ended


def test_a_known_time_goes_before_the_back_off() -> None:
    until = NOON + timedelta(minutes=7)
    deferred = answered(folded([MAIL]), NotNow("connection refused", until))
    assert isinstance(deferred, MailDeferred)
    assert deferred.retry_at == until


@given(key=st.text(), attempt=st.integers(1, 10_000))
def test_waits_are_the_same_for_the_same_mail_and_never_more_than_an_hour_and_a_fifth(
    key: str, attempt: int
) -> None:
    pause = back_off(key, attempt)
    assert pause == back_off(key, attempt)
    assert 0.8 * SECOND <= pause <= timedelta(minutes=72)


def test_what_failed_together_does_not_come_back_together() -> None:
    assert len({back_off(f"mail {n}", 1) for n in range(100)}) > 90


def test_while_the_server_is_away_one_asks_and_the_others_wait() -> None:
    circuit = Circuit()
    assert circuit.wait(NOON) is None
    until = circuit.failed(NOON)
    assert circuit.wait(NOON) == until - NOON

    assert circuit.wait(until) is None  # this one asks
    assert circuit.wait(until) == PROBE  # the others wait for its answer
    circuit.answered()
    assert circuit.wait(until) is None


def test_a_probe_that_never_came_back_is_followed_by_another() -> None:
    circuit = Circuit()
    until = circuit.failed(NOON)
    assert circuit.wait(until) is None
    assert circuit.wait(until + PROBE) is None


def test_a_server_that_stays_away_is_asked_less_often_but_twice_a_minute_at_least() -> None:
    circuit, now, pauses = Circuit(), NOON, []
    for _ in range(8):
        until = circuit.failed(now)
        pauses.append(until - now)
        now = until
    assert tuple(pauses[:5]) == PAUSES
    assert pauses[5:] == [timedelta(seconds=30)] * 3


def test_after_three_days_it_is_given_up_and_says_so() -> None:
    delivery = folded([MAIL])
    late = NOON + GIVE_UP
    almost = conclude(delivery, NotNow("451 later"), mail_id="m", message_id="", now=late - SECOND)
    assert isinstance(almost, MailDeferred)
    ended = conclude(delivery, NotNow("451 later"), mail_id="m", message_id="", now=late)
    assert isinstance(ended, MailBounced)
    assert ended.how == "given_up"
    assert "451 later" in ended.reason
    assert folded([MAIL, almost, ended]).ended
