"""The complaint policy's own table, written down once more by hand: state, command, who, and what
may come of it. Whatever does not stand in it must be refused."""

from datetime import timedelta

from contracts.case import Outcome
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
from services.moderation.state import Case
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
    UPHOLD,
    Story,
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
CALLED = {"senior": "senior_moderator", "officer": "appeals_officer"}
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


def story_to(state: str) -> Story:
    """What happened to a case until it was in the state."""
    story = given(*STATES[state])
    if state == "counter_notice_lapsed":
        story.when(Lapse(), at=MONDAY + 7 * DAY + MINUTE)
    if state == "closed":
        story.when(Close(), at=MONDAY + 185 * DAY)
    assert story.case.status == state, story.refusal
    return story


def case_in(state: str) -> Case:
    return story_to(state).case


def pause_before(command: CaseCommand, state: str) -> timedelta:
    """How long after Monday a command is sent, so that no deadline stands against it."""
    match command:
        case Lapse() | LapseInformation():
            return 8 * DAY
        case Close():
            return 185 * DAY
        case _:
            return 8 * DAY if state == "counter_notice_lapsed" else timedelta()


def expected(name: str, state: str, role: str) -> str | None:
    """Where the policy says that it leads; None where it is refused."""
    for roles, states, leads in POLICY[name][1]:
        if role in roles.split() and state in states.split():
            return leads or state
    return None
