"""What the parties may send after filing, given / when / then. R35, R36; the complaint policy."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.case import (
    AppealDecided,
    AppealOpened,
    CaseAdmitted,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseHeld,
    CaseOpened,
    CaseReopened,
    CaseResumed,
    CaseRetyped,
    CaseWithdrawn,
    ComplaintJoined,
    ComplaintLeft,
    CounterNoticeLapsed,
    CounterNoticeRequested,
    DecisionToldLate,
    ExtensionGranted,
    Ground,
    InformationLapsed,
    InformationReceived,
    InformationRequested,
    Outcome,
    StatementOfReasons,
)
from contracts.complaint import ComplaintFiled, ComplaintWithdrawn, EvidenceAdded
from contracts.parties import Evidence, Person, Product
from contracts.response import CounterNoticeSubmitted
from services.intake.decider import accused, appeal, complainant
from services.intake.decider.matter import (
    NOTHING_SENT,
    Appellant,
    Case,
    Complaint,
    Phase,
    Sent,
    Statement,
    case_of,
    complaint_of,
    evolve_sent,
)
from services.intake.decider.refusals import (
    AlreadyAnswered,
    AlreadyAppealed,
    AlreadyDecided,
    AlreadyExtended,
    AlreadyWithdrawn,
    AppealTooLate,
    ExtensionTooLate,
    NotAnsweredYet,
    NotAsked,
    TooManyFiles,
)
from services.runtime.problems import Invalid, NotFound, Refused

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INSTANT, DAY = timedelta(microseconds=1), timedelta(days=1)
DUE = NOW + 7 * DAY
WINDOW = NOW + 184 * DAY
CASE, MINE, OTHERS = "a" * 32, "c" * 32, "d" * 32
SELLER = "sunrise-store"
LINK = Product(link="https://www.aliexpress.com/item/1.html", product_id="1")
PHOTO = Evidence(
    id="e" * 32,
    name="photo.jpg",
    media_type="image/jpeg",
    size=1,
    sha256="0" * 64,
    uploaded_at=NOW,
    uploaded_by="member:ivan",
)
REASONS = StatementOfReasons(
    facts="…", ground=Ground(kind="contract", reference="1", explanation="…")
)


def joined(complaint_id: str, who: str) -> ComplaintJoined:
    return ComplaintJoined(
        complaint_id=complaint_id,
        complaint_number="C-1",
        complainant=who,
        reason="SM3",
        language="ru",
        joined_at=NOW,
    )


OPENED = (
    CaseOpened(
        case_id=CASE,
        number="K-1",
        accused=SELLER,
        product=LINK,
        complaint_type="SM",
        severity=1,
        policy_version="1",
        opened_at=NOW,
        triage_due_at=NOW,
    ),
    joined(MINE, "member:ivan"),
    joined(OTHERS, "guest:4f"),
    CaseAdmitted(by="mia", at=NOW),
)
ASK = CounterNoticeRequested(by="mia", at=NOW, due_at=DUE, allegation="Wrong category.")
ASKED = (*OPENED, ASK)
LAPSED = CounterNoticeLapsed(due_at=DUE, at=DUE)
DECISION = CaseDecided(
    decision_id="decision",
    by="mia",
    at=NOW,
    outcome=Outcome.UPHELD,
    statement=REASONS,
    appeal_until=WINDOW,
)
DECIDED = (*ASKED, DECISION)
INADMISSIBLE = CaseDeclaredInadmissible(
    decision_id="decision", by="mia", at=NOW, explanation="…", appeal_until=WINDOW
)
QUESTION = InformationRequested(
    by="mia", at=NOW, complaint_id=MINE, question="When was it ordered?", due_at=DUE
)
HELD = CaseHeld(by="mia", at=NOW, reason="The police asked us to wait.")
REOPENED = CaseReopened(by="sven", at=NOW, ground="A court's order", decide_due_at=DUE)
FILED = ComplaintFiled(
    complaint_id=MINE,
    number="C-1",
    product=LINK,
    complaint_type="SM",
    reason="SM3",
    description="…",
    language="ru",
    complainant=Person(
        kind="member", id="ivan", name="Ivan", email="ivan@example.org", language="ru"
    ),
    good_faith=True,
    filed_at=NOW,
)
WITHDRAWN = ComplaintWithdrawn(by="member:ivan", withdrawn_at=NOW)
ANSWERED = CounterNoticeSubmitted(case_id=CASE, by=SELLER, text="No.", received_at=NOW)

WORDS = Statement("It is a cosmetics case.")
FILES = Statement("", (PHOTO,))
ACCUSED = Appellant("accused", None)
IVAN = Appellant("complainant", MINE)


def appeal_opened(of: Appellant = ACCUSED) -> AppealOpened:
    return AppealOpened(
        appeal_id="appeal",
        decision_id="decision",
        appellant=of.side,
        complaint_id=of.complaint_id,
        by="…",
        at=NOW,
        text="…",
        due_at=DUE,
    )


def appeal_decided(
    result: Any, *, outcome: Outcome | None = Outcome.DISMISSED, of: Appellant = ACCUSED
) -> AppealDecided:
    return AppealDecided(
        appeal_id="appeal",
        decision_id="decision",
        by="olga",
        at=NOW,
        result=result,
        explanation="…",
        outcome=outcome,
        statement=REASONS if outcome else None,
        appeal_until=None if result == "affirmed" else WINDOW + DAY,
        appellant=of.side,
        complaint_id=of.complaint_id,
    )


def sent(*facts: Any) -> Sent:
    so_far = NOTHING_SENT
    for fact in facts:
        so_far = evolve_sent(so_far, fact)
    return so_far


def refusal(command: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as refused:
        command()
    assert refused.value.detail.endswith(".")
    return refused.value


# --- the accused ------------------------------------------------------------------------------


def test_r35_the_accused_answers_with_text_and_evidence() -> None:
    said = Statement("It is a cosmetics case.", (PHOTO,))
    notice = accused.answer(case_of(ASKED), NOTHING_SENT, said, now=NOW)
    assert (notice.case_id, notice.by) == (CASE, SELLER)
    assert (notice.text, notice.evidence, notice.received_at) == (said.text, (PHOTO,), NOW)


def test_an_answer_in_the_last_moment_counts_and_one_after_it_is_late_but_kept() -> None:
    case = case_of((*ASKED, LAPSED))
    for now in (DUE, DUE + INSTANT):
        assert accused.answer(case, NOTHING_SENT, WORDS, now=now).received_at == now
    assert not case.is_late(case.due_at, DUE)
    assert case.is_late(case.due_at, DUE + INSTANT)


def test_a_second_answer_is_taken_until_the_case_is_decided() -> None:
    accused.answer(case_of(ASKED), sent(ANSWERED), WORDS, now=NOW)
    refused = refusal(lambda: accused.answer(case_of(DECIDED), sent(ANSWERED), WORDS, now=NOW))
    assert isinstance(refused, AlreadyDecided)
    assert "appeal" in refused.detail


@pytest.mark.parametrize(
    ("history", "kind"),
    [
        (OPENED, NotAsked),
        (DECIDED, AlreadyDecided),
        ((*ASKED, CaseWithdrawn(at=NOW)), AlreadyDecided),
        ((*DECIDED, CaseClosed(at=NOW)), AlreadyDecided),
        ((*DECIDED, appeal_opened()), AlreadyDecided),
        ((*OPENED, INADMISSIBLE), AlreadyDecided),
        (
            (
                *ASKED,
                CaseRetyped(
                    by="mia",
                    at=NOW,
                    from_type="SM",
                    to_type="FI",
                    reason="FI1",
                    severity=1,
                    explanation="…",
                ),
            ),
            NotAsked,
        ),
    ],
    ids=["not asked", "decided", "withdrawn", "closed", "under appeal", "inadmissible", "re-typed"],
)
def test_who_cannot_answer_or_add_or_ask_for_time_is_told_why(
    history: Sequence[CaseFact], kind: type[Refused]
) -> None:
    case = case_of(history)
    for command in (
        lambda: accused.answer(case, NOTHING_SENT, WORDS, now=NOW),
        lambda: accused.supply(case, sent(ANSWERED), FILES, now=NOW),
        lambda: accused.ask_for_time(case, NOTHING_SENT, "Monday.", now=NOW),
    ):
        assert isinstance(refusal(command), kind)


def test_a_case_opened_again_can_be_answered_again() -> None:
    accused.answer(case_of((*DECIDED, REOPENED)), NOTHING_SENT, WORDS, now=NOW)


def test_an_answer_needs_words_and_files_that_are_there() -> None:
    refused = refusal(
        lambda: accused.answer(case_of(ASKED), NOTHING_SENT, Statement(" ", (None,)), now=NOW)
    )
    assert isinstance(refused, Invalid)
    assert {each["field"] for each in refused.errors} == {"text", "evidence"}


def test_evidence_after_the_answer_is_taken_late_or_not_and_needs_a_file() -> None:
    case = case_of((*ASKED, LAPSED))
    supplied = accused.supply(case, sent(ANSWERED), FILES, now=DUE + DAY)
    assert (supplied.evidence, supplied.received_at) == ((PHOTO,), DUE + DAY)
    refused = refusal(lambda: accused.supply(case, sent(ANSWERED), WORDS, now=NOW))
    assert isinstance(refused, Invalid)


def test_files_alone_are_no_answer() -> None:
    refused = refusal(lambda: accused.supply(case_of(ASKED), NOTHING_SENT, FILES, now=NOW))
    assert isinstance(refused, NotAnsweredYet)


def test_nobody_sends_more_files_than_can_be_looked_through() -> None:
    five = Statement("…", (PHOTO,) * 5)
    so_far = NOTHING_SENT
    for _ in range(4):
        answered = accused.answer(case_of(ASKED), so_far, five, now=NOW)
        so_far = evolve_sent(so_far, answered)
    for command in (accused.answer, accused.supply):
        refused = refusal(lambda: command(case_of(ASKED), so_far, five, now=NOW))  # noqa: B023
        assert isinstance(refused, TooManyFiles)


def test_more_time_can_be_asked_for_once_and_before_the_deadline() -> None:
    case = case_of(ASKED)
    asked = accused.ask_for_time(case, NOTHING_SENT, "The invoice comes on Monday.", now=DUE)
    assert (asked.reason, asked.requested_at) == ("The invoice comes on Monday.", DUE)
    for so_far, history, now, kind in (
        (sent(asked), ASKED, NOW, AlreadyExtended),
        (NOTHING_SENT, (*ASKED, ExtensionGranted(by="mia", at=NOW, due_at=DUE + DAY)), NOW,
         AlreadyExtended),
        (NOTHING_SENT, ASKED, DUE + INSTANT, ExtensionTooLate),
        (sent(ANSWERED), ASKED, NOW, AlreadyAnswered),
    ):  # fmt: skip
        refused = refusal(
            lambda: accused.ask_for_time(case_of(history), so_far, "…", now=now)  # noqa: B023
        )
        assert type(refused) is kind
    assert isinstance(
        refusal(lambda: accused.ask_for_time(case, NOTHING_SENT, " ", now=NOW)), Invalid
    )


def test_who_is_asked_anew_may_ask_for_time_anew() -> None:
    before = accused.ask_for_time(case_of(ASKED), NOTHING_SENT, "Monday.", now=NOW)
    again = ASK.model_copy(update={"at": NOW + DAY, "due_at": DUE + DAY})
    accused.ask_for_time(case_of((*ASKED, again)), sent(before), "Tuesday.", now=NOW + DAY)


def test_granted_time_moves_the_deadline_and_a_case_on_hold_has_none() -> None:
    longer = case_of((*ASKED, ExtensionGranted(by="mia", at=NOW, due_at=DUE + DAY)))
    assert not longer.is_late(longer.due_at, DUE + DAY)
    held = case_of((*ASKED, HELD))
    assert not held.is_late(held.due_at, DUE + 100 * DAY)
    resumed = case_of((*ASKED, HELD, CaseResumed(by="mia", at=NOW, answer_due_at=DUE + 3 * DAY)))
    assert resumed.due_at == DUE + 3 * DAY
    assert resumed.is_late(resumed.due_at, DUE + 4 * DAY)


# --- the complainant --------------------------------------------------------------------------


def test_a_complainant_adds_evidence_as_long_as_somebody_will_read_it() -> None:
    complaint = complaint_of([FILED])
    for history in ((), OPENED, ASKED, (*DECIDED, appeal_opened()), (*DECIDED, REOPENED)):
        added = complainant.add_evidence(complaint, case_of(history), FILES, now=NOW)
        assert (added.by, added.evidence, added.added_at) == ("member:ivan", (PHOTO,), NOW)


@pytest.mark.parametrize(
    ("complaint", "history", "said", "kind"),
    [
        ((FILED, WITHDRAWN), OPENED, FILES, AlreadyWithdrawn),
        ((FILED,), DECIDED, FILES, AlreadyDecided),
        ((FILED,), (*OPENED, INADMISSIBLE), FILES, AlreadyDecided),
        ((FILED,), OPENED, WORDS, Invalid),
        ((FILED,), OPENED, Statement("x" * 20_001, (PHOTO,)), Invalid),
        ((FILED,), OPENED, Statement("", (None,)), Invalid),
        (
            (FILED, *[EvidenceAdded(by="…", evidence=(PHOTO,) * 5, added_at=NOW)] * 4),
            OPENED,
            FILES,
            TooManyFiles,
        ),
    ],
    ids=["withdrawn", "decided", "inadmissible", "no file", "too long", "gone", "too many"],
)
def test_evidence_that_cannot_be_added_is_refused_with_the_way_to_go(
    complaint: Sequence[Any], history: Sequence[CaseFact], said: Statement, kind: type[Refused]
) -> None:
    refused = refusal(
        lambda: complainant.add_evidence(complaint_of(complaint), case_of(history), said, now=NOW)
    )
    assert type(refused) is kind


def test_a_question_is_answered_once_and_a_late_answer_is_kept() -> None:
    case = case_of((*OPENED, QUESTION, InformationLapsed(complaint_id=MINE, due_at=DUE, at=DUE)))
    complaint = complaint_of([FILED])
    question = complainant.open_question(complaint, case)
    assert question is not None
    assert case.is_late(question.due_at, DUE + INSTANT)
    answered = complainant.supply_information(complaint, case, WORDS, now=DUE + INSTANT)
    assert (answered.case_id, answered.text) == (CASE, WORDS.text)
    refused = refusal(
        lambda: complainant.supply_information(
            complaint_of([FILED, answered]), case, WORDS, now=DUE + DAY
        )
    )
    assert isinstance(refused, AlreadyAnswered)
    again = QUESTION.model_copy(update={"at": DUE + 2 * DAY})
    asked_again = case_of((*OPENED, QUESTION, again))
    assert complainant.open_question(complaint_of([FILED, answered]), asked_again) is not None


@pytest.mark.parametrize(
    "history",
    [
        OPENED,
        (*OPENED, QUESTION.model_copy(update={"complaint_id": OTHERS})),
        (
            *OPENED,
            QUESTION,
            InformationReceived(complaint_id=MINE, by="ivan", at=NOW, late=False, text="…"),
        ),
    ],
    ids=["nobody asked", "another was asked", "already received"],
)
def test_who_was_not_asked_is_told_so(history: Sequence[CaseFact]) -> None:
    refused = refusal(
        lambda: complainant.supply_information(
            complaint_of([FILED]), case_of(history), WORDS, now=NOW
        )
    )
    assert isinstance(refused, NotAsked)


@pytest.mark.parametrize("history", [(), OPENED, ASKED, (*ASKED, HELD), (*DECIDED, REOPENED)])
def test_a_complaint_is_taken_back_before_it_is_decided(history: Sequence[CaseFact]) -> None:
    taken = complainant.withdraw(complaint_of([FILED]), case_of(history), "Settled.", now=NOW)
    assert (taken.by, taken.reason, taken.withdrawn_at) == ("member:ivan", "Settled.", NOW)


@pytest.mark.parametrize(
    ("complaint", "history", "kind"),
    [
        ((FILED, WITHDRAWN), OPENED, AlreadyWithdrawn),
        ((FILED,), DECIDED, AlreadyDecided),
        ((FILED,), (*OPENED, INADMISSIBLE), AlreadyDecided),
        ((FILED,), (*DECIDED, CaseClosed(at=NOW)), AlreadyDecided),
    ],
)
def test_a_complaint_that_cannot_be_taken_back_says_why(
    complaint: Sequence[Any], history: Sequence[CaseFact], kind: type[Refused]
) -> None:
    refused = refusal(
        lambda: complainant.withdraw(complaint_of(complaint), case_of(history), "", now=NOW)
    )
    assert type(refused) is kind


# --- appeals ----------------------------------------------------------------------------------


def lodge(
    history: Sequence[CaseFact],
    of: Appellant,
    *,
    so_far: Sent = NOTHING_SENT,
    now: datetime = WINDOW,
    said: Statement = WORDS,
    decision: str = "decision",
) -> Any:
    return appeal.lodge(
        case_of(history),
        so_far,
        said,
        decision_id=decision,
        appellant=of,
        by="member:ivan",
        language="ru",
        now=now,
    )


@pytest.mark.parametrize("of", [ACCUSED, IVAN, Appellant("complainant", OTHERS)])
def test_either_side_appeals_within_184_days_each_on_its_own(of: Appellant) -> None:
    lodged = lodge(DECIDED, of)
    assert (lodged.appellant, lodged.complaint_id, lodged.decision_id) == (*of, "decision")
    assert lodged.lodged_at == WINDOW
    assert isinstance(refusal(lambda: lodge(DECIDED, of, so_far=sent(lodged))), AlreadyAppealed)
    other = IVAN if of is ACCUSED else ACCUSED
    assert lodge(DECIDED, other, so_far=sent(lodged)).appeal_id != lodged.appeal_id


@pytest.mark.parametrize(
    ("history", "of", "now", "kind"),
    [
        (DECIDED, IVAN, WINDOW + INSTANT, AppealTooLate),
        ((*DECIDED, CaseClosed(at=WINDOW)), ACCUSED, WINDOW + DAY, AppealTooLate),
        (ASKED, ACCUSED, NOW, NotFound),
        ((*OPENED, INADMISSIBLE), ACCUSED, NOW, NotFound),
        (DECIDED, Appellant("complainant", "f" * 32), NOW, NotFound),
        ((*OPENED, ComplaintLeft(complaint_id=MINE, complainant="ivan", at=NOW), DECISION), IVAN,
         NOW, NotFound),
    ],
    ids=["too late", "closed", "undecided", "never told", "no party", "left before"],
)  # fmt: skip
def test_an_appeal_that_cannot_be_is_refused_with_the_reason(
    history: Sequence[CaseFact], of: Appellant, now: datetime, kind: type[Refused]
) -> None:
    assert type(refusal(lambda: lodge(history, of, now=now))) is kind


def test_an_inadmissible_complaint_is_appealed_by_its_complainant() -> None:
    lodge((*OPENED, INADMISSIBLE), IVAN)
    overturned = (*OPENED, INADMISSIBLE, appeal_decided("overturned", outcome=None, of=IVAN))
    assert case_of(overturned).phase is Phase.OPEN


def test_what_an_appeal_has_changed_is_appealed_by_the_other_side_only() -> None:
    history = (*DECIDED, appeal_opened(ACCUSED), appeal_decided("overturned"))
    assert lodge(history, IVAN, decision="appeal", now=WINDOW + DAY).decision_id == "appeal"
    assert isinstance(refusal(lambda: lodge(history, ACCUSED, decision="appeal")), AlreadyAppealed)


def test_whoever_was_told_on_a_later_day_appeals_as_much_later_and_nobody_else() -> None:
    late = DecisionToldLate(
        decision_id="decision", complaint_id=MINE, at=NOW + 3 * DAY, appeal_until=WINDOW + 3 * DAY
    )
    history = (*DECIDED, late)
    assert lodge(history, IVAN, now=WINDOW + 3 * DAY).decision_id == "decision"
    assert type(refusal(lambda: lodge(history, IVAN, now=late.appeal_until + INSTANT))) is (
        AppealTooLate
    )
    for other in (ACCUSED, Appellant("complainant", OTHERS)):
        too_late = partial(lodge, history, other, now=WINDOW + INSTANT)
        assert type(refusal(too_late)) is AppealTooLate


def test_an_affirmed_decision_makes_no_new_one() -> None:
    history = (*DECIDED, appeal_opened(ACCUSED), appeal_decided("affirmed"))
    assert isinstance(refusal(lambda: lodge(history, IVAN, decision="appeal")), NotFound)


def test_an_appeal_needs_words() -> None:
    assert isinstance(refusal(lambda: lodge(DECIDED, IVAN, said=FILES)), Invalid)


# --- properties -------------------------------------------------------------------------------

_CASE_FACTS: tuple[CaseFact, ...] = (
    *OPENED,
    ASK,
    LAPSED,
    DECISION,
    INADMISSIBLE,
    QUESTION,
    HELD,
    CaseResumed(by="mia", at=NOW),
    REOPENED,
    appeal_opened(),
    appeal_decided("varied"),
    CaseClosed(at=NOW),
    CaseWithdrawn(at=NOW),
    ComplaintLeft(complaint_id=MINE, complainant="ivan", at=NOW),
)
histories = st.lists(st.sampled_from(_CASE_FACTS), max_size=12).map(case_of)
moments = st.integers(-1_000, 1_000).map(lambda hours: NOW + timedelta(hours=hours))


@given(histories, moments)
def test_every_command_on_every_history_is_carried_out_or_refused_by_name(
    case: Case, now: datetime
) -> None:
    complaint: Complaint = complaint_of([FILED])
    commands: tuple[Callable[[], object], ...] = (
        lambda: accused.answer(case, NOTHING_SENT, WORDS, now=now),
        lambda: accused.supply(case, sent(ANSWERED), FILES, now=now),
        lambda: accused.ask_for_time(case, NOTHING_SENT, "…", now=now),
        lambda: complainant.add_evidence(complaint, case, FILES, now=now),
        lambda: complainant.supply_information(complaint, case, WORDS, now=now),
        lambda: complainant.withdraw(complaint, case, "", now=now),
        lambda: lodge_on(case, ACCUSED, now),
        lambda: lodge_on(case, IVAN, now),
    )
    for command in commands:
        with contextlib.suppress(Refused):
            command()


def lodge_on(case: Case, of: Appellant, now: datetime) -> object:
    return appeal.lodge(
        case,
        NOTHING_SENT,
        WORDS,
        decision_id="decision",
        appellant=of,
        by="member:ivan",
        language="en",
        now=now,
    )


@given(histories)
def test_nothing_but_an_appeal_is_taken_on_a_case_that_is_decided(case: Case) -> None:
    if case.phase in (Phase.DECIDED, Phase.CLOSED):
        complaint = complaint_of([FILED])
        for command in (
            lambda: accused.answer(case, NOTHING_SENT, WORDS, now=NOW),
            lambda: complainant.add_evidence(complaint, case, FILES, now=NOW),
            lambda: complainant.withdraw(complaint, case, "", now=NOW),
        ):
            refusal(command)
