"""What holds for every sequence of commands, whoever sends them and whenever."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.case import (
    AppealDecided,
    AppealOpened,
    CaseDecided,
    CaseFact,
    CaseReopened,
    CounterNoticeLapsed,
    InformationLapsed,
    InterimMeasureImposed,
    Outcome,
)
from contracts.codec import Message
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id
from contracts.member import MeasureImposed, MeasureProposed
from services.moderation.case_view import CASE_VIEW, case_key, fold_case
from services.moderation.commands import (
    CLOCK,
    SERVICE,
    Actor,
    AddNote,
    Admit,
    Approve,
    AskExtension,
    CaseCommand,
    Claim,
    Close,
    Decide,
    DecideAppeal,
    DeclareInadmissible,
    Escalate,
    GrantExtension,
    Hold,
    ImposeInterimMeasure,
    Join,
    KeepInterimMeasure,
    Lapse,
    LapseInformation,
    LiftInterimMeasure,
    Link,
    MarkOutOfCourt,
    OpenAppeal,
    ReceiveAccusedEvidence,
    ReceiveCounterNotice,
    ReceiveEvidence,
    ReceiveInformation,
    RefuseExtension,
    Release,
    Remind,
    Reopen,
    RequestCounterNotice,
    RequestInformation,
    Resume,
    Return,
    Retype,
    Ruling,
    Told,
    WantedMeasure,
    Withdraw,
)
from services.moderation.decider import decide
from services.moderation.decider.marks import RUNNING
from services.moderation.policy import policy
from services.moderation.refusals import NoSuchAppeal, NoSuchMeasure, NotExtendable, TookPart
from services.moderation.shown.staff import case_of
from services.moderation.standing.deciding import decide as settle
from services.moderation.standing.reactions import said_of_members
from services.moderation.standing.record import NO_RECORD, Record
from services.moderation.standing.record import evolve as evolve_record
from services.moderation.state import NEW_CASE, TAKES_PART, Case, evolve
from services.moderation.transitions import NAMES, ROWS, STAFF_COMMANDS, Needs, allowed, permit
from services.runtime.problems import Invalid, NotFound, Refused
from tests.cases import (
    ASK,
    IVAN,
    MIA,
    MONDAY,
    OLGA,
    SVEN,
    UPHOLD,
    answer,
    appeal,
    complaint,
    withdrawal,
)


def _complaint_id(name: str) -> str:
    return derived_id("complaint", name)


MAX = Actor("max", frozenset({"moderator"}))
SARA = Actor("sara", frozenset({"senior_moderator"}))
OTTO = Actor("otto", frozenset({"appeals_officer"}))
ACTORS = (MIA, MAX, SVEN, SARA, OLGA, OTTO, IVAN, CLOCK, SERVICE)
MACHINES = (CLOCK, SERVICE)

FIRST = derived_id("decision", complaint().case_id)
SECOND = derived_id("decision", complaint().case_id, "1")
names = st.sampled_from(["Ivan's", "Layla's", "a guest's"])
days = st.integers(-1, 20).map(lambda days: MONDAY + timedelta(days=days))
parts = {
    "outcome": st.sampled_from(Outcome),
    "facts": st.just("What was found."),
    "manifestly_unfounded": st.booleans(),
    "restrictions": st.sampled_from([(), ("warning",), ("listing_hidden", "warning")]),
    "ends_at": st.sampled_from([None, MONDAY, MONDAY + timedelta(days=400)]),
    "measures": st.sampled_from(
        [
            (),
            (WantedMeasure(kind="account_frozen", days=7),),
            (WantedMeasure(kind="account_closed"),),
        ]
    ),
}
decisions = st.builds(Decide, **parts)
rulings = st.builds(Ruling, **parts)
answers = st.builds(answer, days, st.sampled_from(["first", "second"]))
complaints = st.builds(
    complaint,
    names,
    reason=st.sampled_from(["SM3", "CF1", "FI2"]),
    accused=st.sampled_from(["sunrise-store", None]),
)
appeals = st.builds(
    appeal,
    st.sampled_from([FIRST, SECOND, derived_id("appeal", "one")]),
    days,
    by=st.sampled_from(["accused", "complainant"]),
    complaint_name=names,
    name=st.sampled_from(["one", "two"]),
)
appeal_answers = st.builds(
    DecideAppeal,
    appeal_id=st.sampled_from(["one", "two"]).map(lambda name: derived_id("appeal", name)),
    result=st.sampled_from(["affirmed", "varied", "overturned"]),
    explanation=st.just("Looked at again."),
    ruling=st.none() | rulings,
)
interim_ids = st.sampled_from(["listing_hidden", "listing_frozen"]).map(
    lambda kind: derived_id("interim", complaint().case_id, kind, MONDAY.isoformat())
)
retypes = [
    Retype(reason="CF1", explanation="It is a fake."),
    Retype(reason="SM1", explanation="It is the title."),
]
imposed = [
    ImposeInterimMeasure(kind="listing_hidden", facts="It is dangerous."),
    ImposeInterimMeasure(kind="listing_frozen", facts="It is dangerous."),
]
escalations = [
    Escalate(reason="It is in the papers."),
    Escalate(escalated=False, reason="Not any more."),
]
COMMANDS: dict[type[CaseCommand], st.SearchStrategy[CaseCommand]] = {
    Join: complaints,
    Withdraw: st.builds(withdrawal, names),
    ReceiveEvidence: st.builds(
        ReceiveEvidence,
        complaint_id=names.map(_complaint_id),
        by=st.just("member:ivan"),
        text=st.just(""),
        evidence=st.just(()),
        at=days,
    ),
    Admit: st.just(Admit()),
    DeclareInadmissible: st.just(DeclareInadmissible(explanation="No rule is touched.")),
    Retype: st.sampled_from(retypes),
    Claim: st.just(Claim()),
    Release: st.just(Release()),
    RequestInformation: st.builds(
        RequestInformation, complaint_id=names.map(_complaint_id), question=st.just("When?")
    ),
    ReceiveInformation: st.builds(
        ReceiveInformation,
        complaint_id=names.map(_complaint_id),
        by=st.just("member:ivan"),
        text=st.just("On Monday."),
        evidence=st.just(()),
        received_at=days,
    ),
    LapseInformation: st.just(LapseInformation()),
    RequestCounterNotice: st.just(ASK),
    AskExtension: st.just(
        AskExtension(by="sunrise-store", reason="Holidays.", requested_at=MONDAY)
    ),
    GrantExtension: st.just(GrantExtension(days=7)),
    RefuseExtension: st.just(RefuseExtension(explanation="No.")),
    Remind: st.builds(Remind, which=st.sampled_from(["half", "last_day"]), due_at=days),
    ReceiveCounterNotice: answers,
    ReceiveAccusedEvidence: st.builds(
        ReceiveAccusedEvidence,
        by=st.just("sunrise-store"),
        text=st.just(""),
        evidence=st.just(()),
        received_at=days,
    ),
    Lapse: st.just(Lapse()),
    ImposeInterimMeasure: st.sampled_from(imposed),
    KeepInterimMeasure: st.builds(
        KeepInterimMeasure, measure_id=interim_ids, explanation=st.just("As before.")
    ),
    LiftInterimMeasure: st.builds(
        LiftInterimMeasure, measure_id=interim_ids, explanation=st.just("Corrected.")
    ),
    Hold: st.just(Hold(reason="The police asks.")),
    Resume: st.just(Resume()),
    Decide: st.just(UPHOLD) | decisions,
    Approve: st.just(Approve()),
    Return: st.just(Return(explanation="Name the rule.")),
    Told: st.builds(
        Told,
        decision_id=st.sampled_from([FIRST, SECOND, derived_id("appeal", "one")]),
        complaint_id=st.none() | names.map(_complaint_id),
        at=days,
    ),
    OpenAppeal: appeals,
    DecideAppeal: appeal_answers,
    Close: st.just(Close()),
    Reopen: st.just(Reopen(ground="Order of the court.")),
    Escalate: st.sampled_from(escalations),
    MarkOutOfCourt: st.just(MarkOutOfCourt(reference="ODS 1")),
    Link: st.just(Link(case_id="another")),
    AddNote: st.just(AddNote(text="As before.")),
}
commands = st.one_of(*COMMANDS.values())
pauses = st.sampled_from(
    [timedelta(), timedelta(minutes=5), timedelta(minutes=10), timedelta(8), timedelta(200)]
)
steps = st.lists(st.tuples(commands, st.sampled_from(ACTORS), pauses), min_size=1, max_size=25)
mostly_at_once = st.integers(0, 15).flatmap(lambda n: pauses if n == 15 else st.just(timedelta()))
LIKELY: dict[type[CaseCommand], int] = {
    Admit: 9, Claim: 6, RequestInformation: 8, RequestCounterNotice: 8, ReceiveCounterNotice: 20,
    Lapse: 40, LapseInformation: 40, ReceiveInformation: 8, Decide: 30, Approve: 60, OpenAppeal: 40,
    DecideAppeal: 60, Resume: 40, Close: 20, Reopen: 40,
}  # fmt: skip
"""How much likelier than any other, so that many cases are decided, and appealed against."""


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[CaseCommand, Actor, timedelta]]:
    """Cases that come far: at each step mostly what somebody may do just then, by whoever holds the
    case or by anybody. Without that hardly any case is ever decided."""
    case, now = NEW_CASE, MONDAY
    row: list[tuple[CaseCommand, Actor, timedelta]] = [(complaint(), SERVICE, timedelta())]
    for _ in range(draw(st.integers(5, 25))):
        for fact in _come_of(case, *row[-1][:2], now):
            case = evolve(case, fact)
        pause = draw(mostly_at_once)
        now += pause
        holder = [
            each for each in ACTORS if case.lease is not None and each.id == case.lease.holder
        ]
        who = draw(st.sampled_from([*holder * 20, *ACTORS]))
        possible = [each for each in COMMANDS if _is_possible(case, each, who, now)]
        kinds = [each for each in possible for _ in range(LIKELY.get(each, 1))] or list(COMMANDS)
        row.append((draw(COMMANDS[draw(st.sampled_from(kinds))]), who, pause))
    return row


def _is_possible(case: Case, command: type[CaseCommand], by: Actor, now: datetime) -> bool:
    try:
        permit(case, command, by, now)
    except Refused:
        return False
    return True


def _come_of(case: Case, command: CaseCommand, by: Actor, now: datetime) -> list[CaseFact]:
    try:
        return decide(case, command, by=by, now=now, policy=policy())
    except Refused:
        return []


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


sequences = st.one_of(steps, lives())


def test_every_command_is_tried() -> None:
    assert COMMANDS.keys() == ROWS.keys()


@given(sequences)
def test_every_command_is_either_carried_out_or_refused_by_name(row: Any) -> None:
    for *_, outcome in run(row):
        assert isinstance(outcome, list) or type(outcome) is not Refused


@given(sequences)
def test_every_move_stands_in_the_table(row: Any) -> None:
    for case, command, by, now, facts in accepted(run(row)):
        if facts:
            after = reduce(evolve, facts, case)
            allowed_by = permit(case, type(command), by, now)
            assert after.status in allowed_by.moves[case.status], command


@given(sequences)
def test_nobody_acts_without_the_right_to(row: Any) -> None:
    for _, command, by, _, facts in accepted(run(row)):
        if facts:
            assert any(by.roles & each.who for each in ROWS[type(command)])


@given(sequences)
def test_an_expired_lease_never_acts(row: Any) -> None:
    for case, command, by, now, facts in accepted(run(row)):
        if facts and ROWS[type(command)][0].lease is Needs.OWN:
            assert case.lease is not None
            assert case.lease.holder == by.id
            assert now < case.lease.until


@given(sequences)
def test_no_deadline_lies_in_the_past_at_its_birth(row: Any) -> None:
    for _, command, _, now, facts in accepted(run(row)):
        if isinstance(command, (Lapse, LapseInformation)):  # tells the deadline that has passed
            facts = [fact.model_copy(update={"due_at": None}) for fact in facts]
        for fact in facts:
            for name in DEADLINES:
                due = getattr(fact, name, None)
                assert due is None or due > now, (fact.type, name)
            if isinstance(fact, CaseDecided) and fact.statement.ends_at is not None:
                assert fact.statement.ends_at > now


DEADLINES = (
    "triage_due_at", "due_at", "decide_due_at", "until", "appeal_until", "review_due_at",
    "answer_due_at", "information_due_at", "recheck_at",
)  # fmt: skip


@given(sequences)
def test_a_decision_stands_until_it_is_appealed_against_or_the_case_is_opened_again(
    row: Any,
) -> None:
    decided = False
    for *_, facts in accepted(run(row)):
        for fact in facts:
            assert not (decided and isinstance(fact, CaseDecided))
            decided = (decided or isinstance(fact, CaseDecided)) and not isinstance(
                fact, CaseReopened
            )


@given(sequences)
def test_nothing_is_imposed_without_a_ground_nor_wide_measures_by_one_person(row: Any) -> None:
    for case, _, by, _, facts in accepted(run(row)):
        for fact in facts:
            match fact:
                case CaseDecided() | AppealDecided() if fact.statement is not None:
                    assert fact.statement.ground.reference
                    assert fact.statement.ground.explanation
                    new = {each.id for each in fact.measures} - {each.id for each in case.measures}
                    wide = any(
                        each.id in new and each.kind in policy().second_person
                        for each in fact.measures
                    )
                    proposer = getattr(fact, "proposed_by", None)
                    assert not wide or (proposer is not None and proposer != by.id)
                case InterimMeasureImposed():
                    assert fact.statement.ground.reference


@given(sequences)
def test_what_a_case_says_of_its_members_is_never_negative_nor_without_a_ground(row: Any) -> None:
    """Put on their records after each step, as the reactions do."""
    records: dict[str, Record] = {}
    grounds: dict[str, str] = {}
    for case, _, _, now, facts in accepted(run(row)):
        after = reduce(evolve, facts, case)
        if after.statement is not None and after.decision_id is not None:
            grounds[after.decision_id] = after.statement.ground.reference
        for said in said_of_members(after):
            record = records.get(said.member, NO_RECORD)
            new = settle(record, said, by=SERVICE, now=now, policy=policy())
            for fact in new:
                if isinstance(fact, MeasureImposed | MeasureProposed):
                    assert grounds[fact.decision_id]
                if isinstance(fact, MeasureImposed):
                    assert fact.explanation
                    assert fact.ends_at is None or fact.ends_at > fact.starts_at >= fact.at
            record = reduce(evolve_record, new, record)
            assert all(held.points >= 0 for held in record.findings.values())
            records[said.member] = record
            # Said once more, it changes nothing.
            assert settle(record, said, by=SERVICE, now=now, policy=policy()) == []


@given(sequences)
def test_nobody_hears_an_appeal_who_took_part_before(row: Any) -> None:
    told = [(by, fact) for _, _, by, _, facts in accepted(run(row)) for fact in facts]
    for place, (by, fact) in enumerate(told):
        if isinstance(fact, AppealDecided):
            opened = next(
                at
                for at, (_, each) in enumerate(told)
                if isinstance(each, AppealOpened) and each.appeal_id == fact.appeal_id
            )
            before = {each.by for _, each in told[:opened] if isinstance(each, TAKES_PART)}
            assert opened < place
            assert by.id not in before


@given(sequences)
def test_while_the_clocks_stand_nothing_lapses_and_nobody_decides(row: Any) -> None:
    for case, _, _, _, facts in accepted(run(row)):
        if case.held_since is not None:
            kinds = {type(fact) for fact in facts}
            assert not kinds & {CaseDecided, CounterNoticeLapsed, InformationLapsed}


@given(sequences)
def test_what_is_said_to_be_allowed_is_carried_out_and_nothing_else(row: Any) -> None:
    for case, command, by, now, outcome in run(row):
        name = NAMES[type(command)]
        if name not in STAFF_COMMANDS:
            continue
        [said] = [each for each in allowed(case, by, now=now) if each.command == name]
        # What it says in detail may still be wrong: a field, an appeal or measure that is none.
        content = (Invalid, NotFound, NoSuchAppeal, NoSuchMeasure, TookPart, NotExtendable)
        if isinstance(outcome, list):
            assert said.allowed or outcome == []
        elif not isinstance(outcome, content):
            assert not said.allowed


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
        assert rows["complaints"] == len(case.complaints)
        # A case that was opened again still tells until when its old decision could be appealed.
        assert case.appeal_until in (None, rows["appeal_until"])
        assert set(rows) == {column.name for column in CASE_VIEW.table.columns}
        shown = case_of(rows)
        for name in SHOWN:
            assert getattr(shown, name) == getattr(case, name), name
        for name in TOLD:
            assert rows[name] == _plain(getattr(case, name)), name
        clock = RUNNING.get(case.status)
        if clock is not None:
            assert rows["due_at"] == getattr(case, clock), clock
        assert allowed(shown, SVEN, now=MONDAY) == allowed(case, SVEN, now=MONDAY)


SHOWN = (
    "status", "id", "number", "complaint_type", "reason", "severity", "accused", "lease",
    "held_since", "answer_due_at", "extension", "information_of", "information_due_at", "interim",
    "proposal", "outcome", "appealable", "appeals", "took_part", "escalated", "out_of_court",
    "linked",
)  # fmt: skip


TOLD = ("findings", "measures", "manifestly_unfounded", "trusted_flagger", "decide_due_at")


def _plain(value: Any) -> Any:
    """As a row holds it."""
    many = isinstance(value, tuple)
    return [each.model_dump(mode="json") for each in value] if many else value


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
