"""A case, command by command: what follows, and what is refused by which name."""

import pytest
from pydantic import ValidationError

from contracts.case import (
    AppealOpened,
    AppealRejected,
    CaseAdmitted,
    CaseClaimed,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseOpened,
    CaseReleased,
    ComplaintJoined,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeRequested,
    DecisionToldLate,
    Ground,
    Outcome,
)
from contracts.codec import Message
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id
from contracts.taxonomy import taxonomy
from services.moderation.case_view import fold_case
from services.moderation.commands import (
    Admit,
    Claim,
    Close,
    Decide,
    DeclareInadmissible,
    Lapse,
    Release,
    RequestInformation,
    Told,
)
from services.moderation.policy import policy
from services.moderation.refusals import (
    AccusedUnknown,
    AlreadyDecided,
    ClaimedBySomeoneElse,
    LeaseExpired,
    NotClaimed,
    NotDueYet,
    NothingWasAsked,
    NotInThisState,
)
from services.moderation.state import NEW_CASE, Status
from services.moderation.transitions import allowed
from services.runtime.database import Row
from services.runtime.problems import Forbidden, Invalid, NotFound
from tests.cases import (
    ASK,
    ASKED,
    DAY,
    DECIDED,
    DISMISS,
    HOUR,
    IVAN,
    MIA,
    MINUTE,
    MONDAY,
    OLGA,
    REVIEWED,
    SELLER,
    SVEN,
    UPHOLD,
    Story,
    answer,
    appeal,
    complaint,
    end_of_day,
    given,
    withdrawal,
)

META = Meta("test", MONDAY, "service:test", "test")


class TestOpening:
    def test_the_first_complaint_opens_the_case_and_joins_it(self) -> None:
        story = given().when(complaint()).then(CaseOpened, ComplaintJoined)
        assert story.case.status is Status.OPEN
        assert story.case.accused == SELLER

    def test_another_complaint_joins_the_same_case(self) -> None:
        story = given(complaint("Ivan's")).when(complaint("Layla's")).then(ComplaintJoined)
        assert len(story.case.complaints) == 2

    def test_a_complaint_joins_once_however_often_it_arrives(self) -> None:
        given(complaint("Ivan's")).when(complaint("Ivan's")).then()
        given(complaint("Ivan's"), *REVIEWED[1:], UPHOLD).when(complaint("Ivan's")).then()

    @pytest.mark.parametrize(("reason", "hours"), [("CF1", 24), ("PR1", 24), ("SM3", 72)])
    def test_triage_is_due_sooner_for_counterfeit_and_prohibited(
        self, reason: str, hours: int
    ) -> None:
        opened = given(complaint(reason=reason)).facts[0]
        assert isinstance(opened, CaseOpened)
        assert opened.triage_due_at == MONDAY + hours * HOUR

    def test_a_new_complaint_does_not_join_a_decided_case(self) -> None:
        given(*DECIDED).when(complaint("Layla's")).refused(NotInThisState)


class TestTriage:
    def test_a_moderator_admits(self) -> None:
        story = given(complaint()).when(Admit()).then(CaseAdmitted)
        assert story.case.status is Status.ADMITTED

    def test_whoever_claimed_it_first_goes_on_working_after_admitting(self) -> None:
        story = given(complaint(), Claim()).when(Admit()).then(CaseAdmitted, CaseClaimed)
        assert story.case.status is Status.UNDER_REVIEW

    def test_inadmissible_is_told_with_an_explanation_and_can_be_appealed(self) -> None:
        told = DeclareInadmissible(explanation="Another marketplace's listing.")
        story = given(complaint()).when(told).then(CaseDeclaredInadmissible)
        assert story.case.appeal_until == end_of_day(MONDAY + 184 * DAY)

    def test_an_admitted_case_is_not_admitted_again(self) -> None:
        story = given(complaint(), Admit()).when(Admit(), by=SVEN).refused(NotInThisState)
        assert story.refusal is not None
        assert story.refusal.extra["state"] == "admitted"
        assert {"claim", "retype", "hold"} < set(story.refusal.extra["allowed"])
        assert not {"admit", "decide", "resume"} & set(story.refusal.extra["allowed"])

    def test_there_is_nothing_to_admit_where_there_is_no_case(self) -> None:
        given().when(Admit()).refused(NotFound)

    @pytest.mark.parametrize("nobody", [IVAN, OLGA])
    def test_only_moderators_act(self, nobody: object) -> None:
        given(complaint()).when(Admit(), by=nobody).refused(Forbidden)  # type: ignore[arg-type]


class TestLease:
    def test_a_claim_begins_the_review_and_lasts_ten_minutes(self) -> None:
        story = given(complaint(), Admit()).when(Claim()).then(CaseClaimed)
        assert story.case.status is Status.UNDER_REVIEW
        assert story.case.lease is not None
        assert story.case.lease.until == MONDAY + 10 * MINUTE

    def test_the_holder_renews_it(self) -> None:
        story = given(*REVIEWED).when(Claim(), at=MONDAY + 9 * MINUTE).then(CaseClaimed)
        assert story.case.lease is not None
        assert story.case.lease.until == MONDAY + 19 * MINUTE

    def test_somebody_else_is_told_who_holds_it_and_until_when(self) -> None:
        story = given(*REVIEWED).when(Claim(), by=SVEN, at=MONDAY + 9 * MINUTE)
        story.refused(ClaimedBySomeoneElse, saying="mia is working on this case until 09:10 UTC")
        assert story.refusal is not None
        assert story.refusal.extra["holder"] == "mia"

    def test_after_ten_minutes_anybody_may_claim(self) -> None:
        given(*REVIEWED).when(Claim(), by=SVEN, at=MONDAY + 10 * MINUTE).then(CaseClaimed)

    def test_an_expired_claim_may_not_act(self) -> None:
        given(*REVIEWED).when(UPHOLD, at=MONDAY + 10 * MINUTE).refused(LeaseExpired)
        given(*REVIEWED).when(ASK, at=MONDAY + 10 * MINUTE).refused(LeaseExpired)

    def test_who_lost_the_claim_to_another_is_told_so(self) -> None:
        story = given(*REVIEWED).when(Claim(), by=SVEN, at=MONDAY + 11 * MINUTE)
        story.when(UPHOLD, by=MIA, at=MONDAY + 12 * MINUTE).refused(ClaimedBySomeoneElse)

    def test_a_released_case_is_free(self) -> None:
        story = given(*REVIEWED).when(Release()).then(CaseReleased)
        story.when(UPHOLD).refused(NotClaimed)
        story.when(Claim(), by=SVEN).then(CaseClaimed)

    def test_nobody_releases_what_another_holds(self) -> None:
        given(*REVIEWED).when(Release(), by=SVEN).refused(ClaimedBySomeoneElse)


class TestCounterNotice:
    @pytest.mark.parametrize(
        ("reason", "at_stake", "days"),
        [("CF1", False, 3), ("PR1", False, 3), ("SM3", False, 7), ("CF1", True, 14)],
    )
    def test_the_accused_has_the_time_that_the_policy_gives(
        self, reason: str, at_stake: bool, days: int
    ) -> None:
        ask = ASK.model_copy(update={"account_at_stake": at_stake})
        story = given(complaint(reason=reason), Admit(), Claim()).when(ask)
        story.then(CounterNoticeRequested)
        assert story.case.answer_due_at == MONDAY + days * DAY

    def test_nobody_can_be_asked_while_the_accused_is_unknown(self) -> None:
        story = given(complaint(accused=None), Admit(), Claim())
        story.when(ASK).refused(AccusedUnknown)
        story.when(DISMISS).then(CaseDecided)

    def test_an_answer_at_the_very_deadline_counts(self) -> None:
        due = MONDAY + 7 * DAY
        story = given(*ASKED).when(answer(due), at=due + HOUR).then(CounterNoticeReceived)
        assert story.case.status is Status.COUNTER_NOTICE_RECEIVED

    def test_an_answer_in_time_counts_although_its_lapse_was_written_first(self) -> None:
        due = MONDAY + 7 * DAY
        story = given(*ASKED).when(Lapse(), at=due + MINUTE).then(CounterNoticeLapsed)
        story.when(answer(due), at=due + HOUR).then(CounterNoticeReceived)
        assert story.case.status is Status.COUNTER_NOTICE_RECEIVED

    def test_a_late_answer_is_kept_and_marked(self) -> None:
        due = MONDAY + 7 * DAY
        story = given(*ASKED).when(Lapse(), at=due + MINUTE)
        story.when(answer(due + MINUTE), at=due + HOUR).then(CounterNoticeReceived)
        received = story.new[0]
        assert isinstance(received, CounterNoticeReceived)
        assert received.late
        assert story.case.status is Status.COUNTER_NOTICE_LAPSED

    def test_an_answer_read_after_the_decision_moves_nothing(self) -> None:
        due = MONDAY + 7 * DAY
        story = given(*ASKED).when(Lapse(), at=due + MINUTE)
        story.when(Claim(), at=due + HOUR).when(UPHOLD, at=due + HOUR).then(CaseDecided)
        story.when(answer(due), at=due + 2 * HOUR).then(CounterNoticeReceived)
        assert story.case.status is Status.DECIDED

    def test_the_same_answer_is_received_once(self) -> None:
        given(*ASKED, answer(MONDAY)).when(answer(MONDAY)).then()

    def test_an_answer_that_nobody_asked_for_is_refused(self) -> None:
        given(*REVIEWED).when(answer(MONDAY)).refused(NothingWasAsked)

    def test_it_lapses_by_the_clock_alone_and_not_before_its_time(self) -> None:
        due = MONDAY + 7 * DAY
        given(*ASKED).when(Lapse(), at=due).refused(NotDueYet)
        given(*ASKED).when(Lapse(), by=MIA, at=due + MINUTE).refused(Forbidden)

    def test_an_answered_case_does_not_lapse(self) -> None:
        story = given(*ASKED, answer(MONDAY)).when(Lapse(), at=MONDAY + 8 * DAY)
        story.refused(NotInThisState)

    def test_nothing_is_decided_while_the_accused_may_answer(self) -> None:
        given(*ASKED).when(UPHOLD).refused(NotInThisState, saying="awaiting counter notice")


class TestDeciding:
    def test_the_statement_of_reasons_is_composed(self) -> None:
        story = given(*REVIEWED).when(UPHOLD).then(CaseDecided)
        decided = story.new[0]
        assert isinstance(decided, CaseDecided)
        assert decided.policy_version == policy().version
        assert decided.statement.facts == UPHOLD.facts
        assert decided.statement.ground.kind == "contract"
        assert "search manipulation" in decided.statement.ground.reference
        assert decided.statement.territory == ("worldwide",)
        assert "26 May 2027" in decided.statement.redress[0]
        assert not decided.statement.automated_detection
        assert not decided.statement.automated_decision

    def test_every_type_has_its_rule(self) -> None:
        assert set(policy().rules) == {kind.code for kind in taxonomy().types}

    def test_a_named_ground_takes_the_place_of_the_rule(self) -> None:
        law = Ground(kind="law", reference="Art. 9 EUTMR", explanation="The mark is registered.")
        story = given(*REVIEWED).when(UPHOLD.model_copy(update={"ground": law}))
        decided = story.then(CaseDecided).new[0]
        assert isinstance(decided, CaseDecided)
        assert decided.statement.ground == law

    def test_a_case_is_decided_once(self) -> None:
        given(*DECIDED).when(DISMISS).refused(AlreadyDecided, saying="upheld")
        story = given(*DECIDED).when(Close(), at=MONDAY + 185 * DAY).then(CaseClosed)
        story.when(DISMISS).refused(AlreadyDecided)

    def test_the_loser_of_a_race_to_decide_is_told(self) -> None:
        given(*DECIDED).when(DISMISS, by=SVEN).refused(AlreadyDecided)

    def test_an_unclaimed_case_is_not_decided(self) -> None:
        given(*ASKED, answer(MONDAY), Release()).when(UPHOLD).refused(NotClaimed)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"manifestly_unfounded": True}, "manifestly_unfounded"),
            ({"outcome": Outcome.DISMISSED, "restrictions": ("warning",)}, "restrictions"),
            ({"ends_at": MONDAY + DAY}, "ends_at"),
            ({"restrictions": ("warning",), "ends_at": MONDAY}, "ends_at"),
        ],
    )
    def test_contradictions_are_told_beside_their_field(
        self, changes: dict[str, object], field: str
    ) -> None:
        story = given(*REVIEWED).when(UPHOLD.model_copy(update=changes)).refused(Invalid)
        assert isinstance(story.refusal, Invalid)
        assert [error["field"] for error in story.refusal.errors] == [field]

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"facts": " "}, "at least 1 character"),
            ({"facts": "a\x00b"}, "control characters"),
            ({"facts": "x" * 5001}, "at most 5000"),
            ({"ground": {"kind": "law", "reference": " ", "explanation": "x"}}, "Name the law"),
            ({"ground": {"kind": "law", "reference": "x" * 2001, "explanation": "x"}}, "at most"),
            ({"ground": {"kind": "law", "reference": "x", "explanation": "\x07"}}, "control"),
            ({"territory": ["Mars"]}, "match pattern"),
            ({"outcome": "guilty"}, "upheld"),
        ],
    )
    def test_what_cannot_be_a_decision_is_not_made_one(
        self, changes: dict[str, object], sentence: str
    ) -> None:
        with pytest.raises(ValidationError, match=sentence):
            Decide.model_validate({"outcome": "upheld", "facts": "Seen."} | changes)

    def test_the_time_to_appeal_runs_from_being_told_for_each_party_on_its_own(self) -> None:
        story = given(complaint("Anna's", complainant="guest:anna"), *DECIDED)
        decision = story.case.decision_id
        assert decision is not None
        story.when(Told(decision_id=decision, complaint_id=None, at=MONDAY + HOUR)).then()
        later = MONDAY + 3 * DAY
        told = Told(decision_id=decision, complaint_id=derived_id("complaint", "Ivan's"), at=later)
        story.when(told, at=later).then(DecisionToldLate)
        story.when(told, at=later).then()  # the same mail, read again
        until, mine = end_of_day(MONDAY + 184 * DAY), end_of_day(later + 184 * DAY)
        assert story.case.appeal_until == mine
        story.when(Close(), at=until + MINUTE).refused(NotDueYet)
        lodged = until + MINUTE
        story.when(appeal(decision, lodged, by="accused", name="a"), at=lodged)
        story.then(AppealRejected)
        story.when(appeal(decision, lodged, by="complainant", name="b"), at=lodged)
        story.then(AppealOpened)

    def test_who_filed_several_complaints_is_told_once_of_all_of_them(self) -> None:
        story = given(complaint("Ivan's second"), *DECIDED)
        decision = story.case.decision_id
        assert decision is not None
        mine = derived_id("complaint", "Ivan's")
        later = MONDAY + 3 * DAY
        told = Told(decision_id=decision, complaint_id=mine, at=later)
        story.when(told, at=later).then(DecisionToldLate, DecisionToldLate)
        assert {complaint for _decision, complaint in story.case.told_late} == {
            mine,
            derived_id("complaint", "Ivan's second"),
        }

    def test_it_closes_when_the_appeal_window_is_over(self) -> None:
        last = end_of_day(MONDAY + 184 * DAY)
        given(*DECIDED).when(Close(), at=last).refused(NotDueYet)
        story = given(*DECIDED).when(Close(), at=last + MINUTE).then(CaseClosed)
        assert story.case.status is Status.CLOSED


class TestAllowed:
    def test_what_is_possible_is_told_and_why_the_rest_is_not(self) -> None:
        rows = {row.command: row for row in allowed(given(*REVIEWED).case, MIA, now=MONDAY)}
        possible = {name for name, row in rows.items() if row.allowed}
        assert {"claim", "release", "request-counter-notice", "decide"} <= possible
        assert not {"admit", "approve", "resume", "reopen", "decide-appeal"} & possible
        assert rows["admit"].reason is not None
        assert "under review" in rows["admit"].reason

    def test_others_see_who_holds_the_case(self) -> None:
        rows = allowed(given(*REVIEWED).case, SVEN, now=MONDAY)
        possible = {row.command for row in rows if row.allowed}
        assert possible == {"escalate", "mark-out-of-court", "link", "add-note"}
        assert any("mia is working on this case" in (row.reason or "") for row in rows)

    def test_nothing_is_possible_before_the_first_complaint(self) -> None:
        assert not any(row.allowed for row in allowed(NEW_CASE, MIA, now=MONDAY))


class TestAsTheListTellsIt:
    """What the row of a case says, where it could forget what the case knows."""

    def test_when_who_was_asked_takes_the_complaint_back_the_decision_is_due_again(self) -> None:
        story = given(complaint(), complaint("Layla's"), Admit(), Claim())
        due = story.case.decide_due_at
        asked = RequestInformation(complaint_id=derived_id("complaint", "Ivan's"), question="When?")
        story.when(asked).when(withdrawal())
        assert story.case.status is Status.UNDER_REVIEW
        row = _row(story)
        assert (row["state"], row["due_at"], row["due_kind"]) == ("under_review", due, "decision")

    def test_a_graver_complaint_that_joins_makes_the_case_graver(self) -> None:
        story = given(complaint(reason="SM3"), complaint("Layla's", reason="SM5", severity=2))
        assert (story.case.severity, _row(story)["severity"]) == (2, 2)


def _row(story: Story) -> Row:
    log = [(Aggregate(kind="case", id=story.case.id).subject, fact) for fact in story.facts]
    row: Row | None = None
    for sequence, (subject, fact) in enumerate(log, start=1):
        row = fold_case(row, fact, Message(sequence, subject, META, (fact,)))
    assert row is not None
    return row
