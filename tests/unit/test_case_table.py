"""The state machine against the complaint policy: every command by every role in every state.

`POLICY` is the policy's own table, written down once more by hand: state, command, who, and what
may come of it. Whatever does not stand in it must be refused.
"""

from dataclasses import replace
from datetime import timedelta
from functools import reduce
from itertools import product

import pytest

from contracts.case import CaseFact, Outcome
from contracts.ids import derived_id
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
    DecideAppeal,
    DeclareInadmissible,
    Escalate,
    GrantExtension,
    Hold,
    ImposeInterimMeasure,
    KeepInterimMeasure,
    Lapse,
    LapseInformation,
    LiftInterimMeasure,
    Link,
    MarkOutOfCourt,
    ReceiveAccusedEvidence,
    ReceiveEvidence,
    ReceiveInformation,
    RefuseExtension,
    Release,
    Remind,
    Reopen,
    RequestInformation,
    Resume,
    Return,
    Retype,
    Ruling,
    Told,
)
from services.moderation.decider import decide
from services.moderation.policy import policy
from services.moderation.state import NEW_CASE, Case, Lease, evolve
from services.moderation.transitions import ROWS
from services.runtime.auth.principal import ROLES as ALL_ROLES
from services.runtime.problems import Refused
from tests.cases import (
    ASK,
    ASKED,
    DAY,
    FREEZE,
    IVAN,
    MIA,
    MINUTE,
    MONDAY,
    OLGA,
    REVIEWED,
    SARA,
    SVEN,
    UPHOLD,
    answer,
    appeal,
    complaint,
    given,
    withdrawal,
)

ROLES: dict[str, Actor] = {
    "moderator": MIA,
    "senior": SARA,
    "officer": OLGA,
    "supervisor": Actor("susan", frozenset({"supervisor"})),
    "operator": Actor("pavel", frozenset({"operator"})),
    "developer": Actor("dev", frozenset({"developer"})),
    "customer": IVAN,
    "guest": Actor("4f1c", frozenset()),
    "clock": CLOCK,
    "service": SERVICE,
}
_CALLED = {"senior": "senior_moderator", "officer": "appeals_officer"}
COMPLAINT = derived_id("complaint", "Ivan's")
DECISION = derived_id("decision", complaint().case_id)
INTERIM = derived_id("interim", complaint().case_id, "listing_hidden", MONDAY.isoformat())
HIDE = ImposeInterimMeasure(kind="listing_hidden", facts="It is dangerous.")
INADMISSIBLE = DeclareInadmissible(explanation="Another marketplace's listing.")
QUESTION = RequestInformation(complaint_id=COMPLAINT, question="When?")
APPEAL = appeal(DECISION, by="complainant")
CLOSED = (*REVIEWED, UPHOLD)

STATES: dict[str, tuple[CaseCommand, ...]] = {
    "new": (),
    "open": (complaint(),),
    "admitted": (complaint(), Admit()),
    "inadmissible": (complaint(), INADMISSIBLE),
    "under_review": REVIEWED,
    "information_requested": (*REVIEWED, QUESTION),
    "awaiting_counter_notice": ASKED,
    "counter_notice_received": (*ASKED, answer(MONDAY)),
    "counter_notice_lapsed": ASKED,
    "decision_proposed": (*REVIEWED, FREEZE),
    "decided": (*REVIEWED, UPHOLD),
    "under_appeal": (*REVIEWED, UPHOLD, APPEAL),
    "closed": CLOSED,
    "withdrawn": (complaint(), withdrawal()),
}

OPEN = "open admitted under_review information_requested awaiting_counter_notice "
OPEN += "counter_notice_received counter_notice_lapsed decision_proposed"
REVIEW = "under_review information_requested awaiting_counter_notice counter_notice_received "
REVIEW += "counter_notice_lapsed"
ANY = f"{OPEN} inadmissible decided under_appeal closed withdrawn"
ANSWERED = "awaiting_counter_notice counter_notice_received counter_notice_lapsed"

POLICY: dict[str, tuple[CaseCommand, list[tuple[str, str, str]]]] = {
    # command: (an example, [(roles, states, where it leads; "" where it stays)])
    "join": (complaint("Layla's"), [("service", "new", "open"), ("service", OPEN, "")]),
    "withdraw": (withdrawal(), [("service", OPEN, "withdrawn")]),
    "receive-evidence": (
        ReceiveEvidence(complaint_id=COMPLAINT, by="i", text="", evidence=(), at=MONDAY),
        [("service", ANY, "")],
    ),
    "admit": (Admit(), [("moderator senior", "open", "admitted")]),
    "declare-inadmissible": (INADMISSIBLE, [("moderator senior", "open", "inadmissible")]),
    "retype": (
        Retype(reason="CF1", explanation="A fake."),
        [
            ("moderator senior", "open admitted under_review information_requested", ""),
            ("moderator senior", "counter_notice_received counter_notice_lapsed", "under_review"),
        ],
    ),
    "claim": (
        Claim(),
        [
            ("moderator senior", f"open {REVIEW}", ""),
            ("moderator senior", "admitted", "under_review"),
            ("senior", "decision_proposed", ""),
            ("officer", "under_appeal", ""),
        ],
    ),
    "release": (Release(), [("moderator senior officer", f"{OPEN} under_appeal", "")]),
    "request-information": (
        QUESTION,
        [("moderator senior", "under_review", "information_requested")],
    ),
    "receive-information": (
        ReceiveInformation(
            complaint_id=COMPLAINT, by="i", text="x", evidence=(), received_at=MONDAY
        ),
        [
            ("service", "information_requested", "under_review"),
            ("service", ANY.replace("information_requested ", ""), ""),
        ],
    ),
    "lapse-information": (
        LapseInformation(),
        [("clock", "information_requested", "under_review")],
    ),
    "request-counter-notice": (
        ASK,
        [("moderator senior", "under_review", "awaiting_counter_notice")],
    ),
    "ask-extension": (
        AskExtension(by="s", reason="x", requested_at=MONDAY),
        [("service", "awaiting_counter_notice", "")],
    ),
    "grant-extension": (
        GrantExtension(days=7),
        [("moderator senior", "awaiting_counter_notice", "")],
    ),
    "refuse-extension": (RefuseExtension(explanation="No."), []),  # nobody asked, in this test
    "remind": (
        Remind(which="half", due_at=MONDAY + 7 * DAY),
        [("clock", "awaiting_counter_notice", "")],
    ),
    "receive-counter-notice": (
        answer(MONDAY, "another"),
        [
            ("service", "awaiting_counter_notice counter_notice_lapsed", "counter_notice_received"),
            ("service", "counter_notice_received", ""),
        ],
    ),
    "receive-accused-evidence": (
        ReceiveAccusedEvidence(by="s", text="", evidence=(), received_at=MONDAY),
        [("service", ANSWERED, "")],
    ),
    "lapse": (Lapse(), [("clock", "awaiting_counter_notice", "counter_notice_lapsed")]),
    "impose-interim-measure": (HIDE, [("moderator senior", REVIEW, "")]),
    # None is in force in this test; that they are possible with one is tried below.
    "keep-interim-measure": (KeepInterimMeasure(measure_id=INTERIM, explanation="x"), []),
    "lift-interim-measure": (LiftInterimMeasure(measure_id=INTERIM, explanation="x"), []),
    "hold": (Hold(reason="The police asks."), [("moderator senior", OPEN, "")]),
    "resume": (Resume(), []),  # none is on hold
    "decide": (
        UPHOLD,
        [
            (
                "moderator senior",
                "under_review counter_notice_received counter_notice_lapsed",
                "decided",
            )
        ],
    ),
    "approve": (Approve(), [("senior", "decision_proposed", "decided")]),
    "return": (Return(explanation="x"), [("senior", "decision_proposed", "under_review")]),
    "told": (
        Told(decision_id=DECISION, complaint_id=None, at=MONDAY + 2 * DAY),
        [("service", "decided inadmissible under_appeal", "")],
    ),
    "open-appeal": (
        appeal(DECISION, MONDAY, by="complainant", name="another"),
        [
            # Against what was told and in time; any other is answered and moves nothing.
            ("service", "decided inadmissible closed", "under_appeal"),
            ("service", f"{OPEN} under_appeal withdrawn", ""),
        ],
    ),
    "decide-appeal": (
        DecideAppeal(
            appeal_id=derived_id("appeal", "the appeal"),
            result="overturned",
            explanation="x",
            ruling=Ruling(outcome=Outcome.DISMISSED, facts="It is right."),
        ),
        [("officer", "under_appeal", "decided")],
    ),
    "close": (Close(), [("clock", "decided inadmissible", "closed")]),
    "reopen": (Reopen(ground="An order of the court."), [("senior", "closed", "under_review")]),
    "escalate": (Escalate(reason="x"), [("moderator senior", ANY, "")]),
    "mark-out-of-court": (
        MarkOutOfCourt(reference="ODS 1"),
        [("moderator senior officer", ANY, "")],
    ),
    "link": (Link(case_id="another"), [("moderator senior service", ANY, "")]),
    "add-note": (AddNote(text="x"), [("moderator senior officer", ANY, "")]),
}


def _case(state: str) -> Case:
    story = given(*STATES[state])
    if state == "counter_notice_lapsed":
        story.when(Lapse(), at=MONDAY + 7 * DAY + MINUTE)
    if state == "closed":
        story.when(Close(), at=MONDAY + 185 * DAY)
    assert story.case.status == state, story.refusal
    return story.case


def _when(command: CaseCommand, state: str) -> timedelta:
    """How long after Monday a command is sent, so that no deadline stands against it."""
    match command:
        case Lapse() | LapseInformation():
            return 8 * DAY
        case Close():
            return 185 * DAY
        case _:
            return 8 * DAY if state == "counter_notice_lapsed" else timedelta()


def _expected(name: str, state: str, role: str) -> str | None:
    """Where the policy says that it leads; None where it is refused."""
    for roles, states, leads in POLICY[name][1]:
        if role in roles.split() and state in states.split():
            return leads or state
    return None


def test_every_role_that_there_is_is_tried_and_whoever_has_none() -> None:
    tried = {_CALLED.get(name, name) for name in ROLES}
    assert tried == {*ALL_ROLES, "guest", "clock", "service"}
    for name, actor in ROLES.items():
        of_the_product = actor.roles & ALL_ROLES
        assert of_the_product >= ({_CALLED.get(name, name)} & ALL_ROLES), name


def test_the_policy_speaks_of_every_command_and_state() -> None:
    assert {type(example) for example, _ in POLICY.values()} == set(ROWS)
    assert set(STATES) == {str(each) for each in type(NEW_CASE.status)}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", POLICY)
def test_what_the_policy_allows_is_done_and_everything_else_is_refused(
    name: str, state: str
) -> None:
    command, _ = POLICY[name]
    case = _case(state)
    for role, by in ROLES.items():
        now = MONDAY + _when(command, state)
        standing = _held_by(case, by)  # so that no lease refuses anybody
        expected = _expected(name, state, role)
        try:
            facts: list[CaseFact] = decide(standing, command, by=by, now=now, policy=policy())
        except Refused:
            after = None
        else:
            # What was done already is not done again, whoever asks.
            after = str(reduce(evolve, facts, standing).status) if facts else None
        if name == "admit" and after == "under_review":
            after = "admitted"  # and at once taken up by whoever holds it
        assert after == expected, (role, state)


def _held_by(case: Case, by: Actor) -> Case:
    return replace(case, lease=Lease(by.id, MONDAY + 1000 * DAY)) if case is not NEW_CASE else case


@pytest.mark.parametrize(("state", "role"), list(product(REVIEW.split(), ["moderator", "senior"])))
def test_an_interim_measure_is_looked_at_again_and_lifted(state: str, role: str) -> None:
    case = _held_by(_case(state), ROLES[role])
    imposed = decide(case, HIDE, by=ROLES[role], now=MONDAY, policy=policy())
    case = reduce(evolve, imposed, case)
    for command in (POLICY["keep-interim-measure"][0], POLICY["lift-interim-measure"][0]):
        facts = decide(case, command, by=ROLES[role], now=MONDAY, policy=policy())
        assert len(facts) == 1
        case = reduce(evolve, facts, case)
    assert case.interim == ()


@pytest.mark.parametrize("state", OPEN.split())
def test_on_hold_only_what_the_parties_say_and_flags_go_on(state: str) -> None:
    goes_on = {
        "join", "withdraw", "receive-evidence", "receive-information", "receive-counter-notice",
        "receive-accused-evidence", "claim", "release", "resume", "escalate", "mark-out-of-court",
        "link", "add-note", "keep-interim-measure", "lift-interim-measure", "ask-extension",
    }  # fmt: skip
    case = _held_by(_case(state), MIA)
    case = reduce(evolve, decide(case, Hold(reason="x"), by=MIA, now=MONDAY, policy=policy()), case)
    for name, (command, _) in POLICY.items():
        for by in ROLES.values():
            now = MONDAY + _when(command, state)
            try:
                facts = decide(_held_by(case, by), command, by=by, now=now, policy=policy())
            except Refused:
                continue
            assert name in goes_on or facts == [] or name == "open-appeal", name


def test_nobody_approves_their_own_proposal_or_hears_an_appeal_on_their_own_decision() -> None:
    story = given(*REVIEWED).when(FREEZE)
    story.when(Approve(), by=Actor("mia", frozenset({"senior_moderator"})))
    assert story.refusal is not None
    assert story.refusal.code == "own-proposal"
    story.when(Approve(), by=SVEN)
    assert story.refusal is None
    appealed = story.when(appeal(DECISION, MONDAY)).case
    for who in ("mia", "sven"):
        with pytest.raises(Refused) as refused:
            decide(
                appealed,
                Claim(),
                by=Actor(who, frozenset({"appeals_officer"})),
                now=MONDAY,
                policy=policy(),
            )
        assert refused.value.code == "took-part"
