"""What holds for every sequence of commands, whoever sends them and whenever."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.case import CaseClaimed, CaseDecided, CaseFact, Outcome
from contracts.codec import Message
from contracts.envelope import Aggregate, Meta
from services.moderation.commands import (
    CLOCK,
    SERVICE,
    Actor,
    Admit,
    CaseCommand,
    Claim,
    Close,
    Decide,
    DeclareInadmissible,
    Lapse,
    Release,
)
from services.moderation.decider import decide
from services.moderation.policy import policy
from services.moderation.projection import VIEWS, case_key, fold_case
from services.moderation.state import NEW_CASE, Case, Status, evolve
from services.moderation.transitions import STAFF_COMMANDS, TRANSITIONS, Needs, allowed
from services.runtime.problems import Invalid, Refused
from tests.cases import ASK, IVAN, MIA, MONDAY, OLGA, SVEN, UPHOLD, answer, complaint

ACTORS = (MIA, SVEN, OLGA, IVAN, CLOCK, SERVICE)
MACHINES = (CLOCK, SERVICE)

decisions = st.builds(
    Decide,
    outcome=st.sampled_from(Outcome),
    facts=st.just("What was found."),
    manifestly_unfounded=st.booleans(),
    restrictions=st.sampled_from([(), ("warning",), ("listing_hidden", "warning")]),
    ends_at=st.sampled_from([None, MONDAY, MONDAY + timedelta(days=400)]),
)
answers = st.builds(
    answer,
    st.integers(-1, 20).map(lambda days: MONDAY + timedelta(days=days)),
    st.sampled_from(["first", "second"]),
)
complaints = st.builds(
    complaint,
    st.sampled_from(["Ivan's", "Layla's", "a guest's"]),
    reason=st.sampled_from(["SM3", "CF1", "FI2"]),
    accused=st.sampled_from(["sunrise-store", None]),
)
commands: st.SearchStrategy[CaseCommand] = st.one_of(
    complaints,
    st.sampled_from([Admit(), Claim(), Release(), ASK, UPHOLD, Lapse(), Close()]),
    st.just(DeclareInadmissible(explanation="No rule is touched.")),
    answers,
    decisions,
)
pauses = st.sampled_from([timedelta(), timedelta(minutes=5), timedelta(minutes=10), timedelta(8)])
steps = st.lists(st.tuples(commands, st.sampled_from(ACTORS), pauses), min_size=1, max_size=25)


@st.composite
def likely_steps(draw: st.DrawFn) -> list[tuple[CaseCommand, Actor, timedelta]]:
    """Steps by who may take them, so that many cases come to their end."""
    row: list[tuple[CaseCommand, Actor, timedelta]] = [(complaint(), SERVICE, timedelta())]
    for command, _, pause in draw(steps):
        who = TRANSITIONS[type(command)].who
        row.append((command, draw(st.sampled_from([a for a in ACTORS if a.roles & who])), pause))
    return row


Step = tuple[Case, CaseCommand, Actor, datetime, list[CaseFact] | Refused]


def run(row: Iterable[tuple[CaseCommand, Actor, timedelta]]) -> list[Step]:
    """Each step with the case before it and what came of it; only refusals may be raised."""
    case, now, told = NEW_CASE, MONDAY, list[Step]()
    for command, by, pause in row:
        now += pause
        try:
            facts = decide(case, command, by=by, now=now, policy=policy())
        except Refused as refused:
            told.append((case, command, by, now, refused))
            continue
        told.append((case, command, by, now, facts))
        for fact in facts:
            case = evolve(case, fact)
    return told


def accepted(told: list[Step]) -> list[tuple[Case, CaseCommand, Actor, datetime, list[CaseFact]]]:
    return [(*step[:4], step[4]) for step in told if isinstance(step[4], list)]


sequences = st.one_of(steps, likely_steps())


@given(sequences)
def test_every_command_is_either_carried_out_or_refused_by_name(row: Any) -> None:
    for *_, outcome in run(row):
        assert isinstance(outcome, list) or type(outcome) is not Refused


@given(sequences)
def test_every_move_stands_in_the_table(row: Any) -> None:
    for case, command, _, _, facts in accepted(run(row)):
        after = case
        for fact in facts:
            after = evolve(after, fact)
        expected = {TRANSITIONS[type(command)].moves.get(case.status)}
        if not facts or any(getattr(fact, "late", False) for fact in facts):
            expected.add(case.status)
        if any(isinstance(fact, CaseClaimed) for fact in facts) and command == Admit():
            expected = {Status.UNDER_REVIEW}
        assert after.status in expected


@given(sequences)
def test_nobody_acts_without_the_right_to(row: Any) -> None:
    for _, command, by, _, facts in accepted(run(row)):
        if facts:
            assert by.roles & TRANSITIONS[type(command)].who


@given(sequences)
def test_an_expired_lease_never_acts(row: Any) -> None:
    for case, command, by, now, facts in accepted(run(row)):
        if facts and TRANSITIONS[type(command)].lease is Needs.OWN:
            assert case.lease is not None
            assert case.lease.holder == by.id
            assert now < case.lease.until


@given(sequences)
def test_no_deadline_lies_in_the_past_at_its_birth(row: Any) -> None:
    deadlines = ("triage_due_at", "due_at", "decide_due_at", "until", "appeal_until")
    for _, command, _, now, facts in accepted(run(row)):
        if isinstance(command, Lapse):  # tells the deadline that has passed
            continue
        for fact in facts:
            for name in deadlines:
                due = getattr(fact, name, None)
                assert due is None or due > now
            if isinstance(fact, CaseDecided) and fact.statement.ends_at is not None:
                assert fact.statement.ends_at > now


@given(sequences)
def test_a_case_is_decided_at_most_once(row: Any) -> None:
    facts = [fact for *_, facts in accepted(run(row)) for fact in facts]
    assert sum(isinstance(fact, CaseDecided) for fact in facts) <= 1


@given(sequences)
def test_what_is_said_to_be_allowed_is_carried_out_and_nothing_else(row: Any) -> None:
    for case, command, by, now, outcome in run(row):
        name = TRANSITIONS[type(command)].name
        if name not in STAFF_COMMANDS:
            continue
        [said] = [each for each in allowed(case, by, now=now) if each.command == name]
        assert said.allowed == (isinstance(outcome, list | Invalid))


@given(sequences)
@settings(max_examples=200)
def test_rows_say_what_the_case_says_and_folding_again_gives_the_same(row: Any) -> None:
    told = [facts for *_, facts in accepted(run(row)) if facts]
    case = NEW_CASE
    for facts in told:
        for fact in facts:
            case = evolve(case, fact)
    messages = [_message(place, facts) for place, facts in enumerate(told, start=1)]
    rows = _fold(messages)
    assert rows == _fold(messages)
    if case is not NEW_CASE:
        assert rows["state"] == case.status
        assert rows["accused"] == case.accused
        assert rows["complaints"] == len(case.complaints)
        assert rows["answer_due_at"] == case.answer_due_at
        assert rows["appeal_until"] == case.appeal_until
        assert rows["holder"] == (case.lease.holder if case.lease else None)
        assert set(rows) == {column.name for column in VIEWS[1].table.columns}


def _message(sequence: int, facts: list[CaseFact]) -> Message:
    meta = Meta(id=str(sequence), time=MONDAY, actor="service:test", correlation="test")
    subject = Aggregate(kind="case", id=complaint().case_id).subject
    return Message(sequence, subject, meta, tuple(facts))


def _fold(messages: list[Message]) -> dict[str, Any]:
    row: dict[str, Any] | None = None
    for message in messages:
        for fact in message.facts:
            assert case_key(fact, message) is not None
            row = fold_case(row, fact, message)  # type: ignore[arg-type]
    return row or {}
