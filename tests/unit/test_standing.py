"""Points, strikes and ladders: computed from the record, proposed by the software, decided by
people, and taken back exactly. R36; Digital Services Act, Art. 23."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from contracts.case import Finding, Measure
from contracts.member import (
    FindingRecorded,
    FindingRevalued,
    FindingReversed,
    MeasureExpired,
    MeasureImposed,
    MeasureProposed,
    MeasureRefused,
    MeasureReversed,
    MeasureStarted,
    MemberFact,
)
from contracts.taxonomy import taxonomy
from services.moderation.commands import CLOCK, SERVICE, Actor
from services.moderation.policy import policy
from services.moderation.refusals import NotDueYet, OwnProposal
from services.moderation.standing.commands import (
    ApproveMeasure,
    ExpireMeasure,
    LiftMeasure,
    MemberCommand,
    OnMeasure,
    RefuseMeasure,
    Settle,
    StaffMemberCommand,
    StartMeasure,
)
from services.moderation.standing.deciding import decide
from services.moderation.standing.points import UNFOUNDED, Gravity, worth
from services.moderation.standing.record import NO_RECORD, OPEN, Record, evolve
from services.moderation.standing.refusals import NotInForce, NotProposed
from services.moderation.standing.valuing import Entry, crossings, total, valued
from services.runtime.problems import Forbidden, Invalid, Refused
from tests.cases import DAY, HOUR, MIA, MINUTE, MONDAY, OLGA, SARA, SVEN

RULES = policy().standing
SELLER = "member:sunrise-store"
YEAR = 365 * DAY


class Story:
    """One member's record, told command by command."""

    def __init__(self) -> None:
        self.record: Record = NO_RECORD
        self.new: list[MemberFact] = []
        self.refusal: Refused | None = None

    def when(
        self, command: MemberCommand, *, by: Actor = SERVICE, at: datetime = MONDAY
    ) -> "Story":
        self.new, self.refusal = [], None
        try:
            self.new = decide(self.record, command, by=by, now=at, policy=policy())
        except Refused as refused:
            self.refusal = refused
        self.record = reduce(evolve, self.new, self.record)
        return self

    def then(self, *kinds: type[MemberFact]) -> "Story":
        assert self.refusal is None, self.refusal
        assert tuple(type(fact) for fact in self.new) == kinds
        return self

    def refused(self, kind: type[Refused]) -> "Story":
        assert type(self.refusal) is kind, self.refusal or self.new
        return self

    def proposed(self) -> list[tuple[str, int | None]]:
        return [(f.kind, f.days) for f in self.new if isinstance(f, MeasureProposed)]

    def points(self) -> list[Decimal]:
        findings = sorted(self.record.findings.values(), key=lambda held: held.entry.at)
        return [held.points for held in findings]

    def on(self, command: StaffMemberCommand) -> OnMeasure:
        """What a person asks of the first measure."""
        return OnMeasure(self.measure_id(), command)

    def measure_id(self) -> str:
        return next(iter(self.record.measures))


def says(
    case: str,
    reason: str | None,
    gravity: Gravity = "general",
    *,
    at: datetime = MONDAY,
    complained_at: datetime | None = None,
    measures: tuple[Measure, ...] = (),
    as_complainant: bool = False,
    cause: str = "",
) -> Settle:
    """What a case says of the member; `reason` None: nothing any more."""
    findings: tuple[Finding, ...] = ()
    if reason is not None:
        counts = worth(reason, gravity)
        assert counts is not None
        findings = (
            Finding(
                id=f"finding-{case}",
                reason=reason,
                gravity=gravity,
                track=counts.track,
                points=counts.points,
            ),
        )
    return Settle(
        member=SELLER,
        case_id=case,
        as_complainant=as_complainant,
        decision_id=f"decision-{case}",
        cause=cause or f"decision-{case}",
        decided_at=at,
        decided_by=("mia", "sven"),
        complained_at=complained_at or at,
        findings=findings,
        measures=measures,
    )


def record_of(*said: Settle) -> Story:
    story = Story()
    for each in said:
        story.when(each, at=each.decided_at)
    return story


class TestPoints:
    def test_every_reason_of_the_taxonomy_counts_in_one_track(self) -> None:
        for kind in taxonomy().types:
            for reason in kind.reasons:
                counts = worth(reason.code, "general")
                assert counts is not None
                assert counts.track == (reason.track or kind.track)

    @pytest.mark.parametrize(
        ("reason", "gravity", "points"),
        [("SM3", "general", "0.5"), ("PR2", "serious", "12"), ("FI6", "extreme", "48"),
         ("CF1", "general", "1"), ("OT1", "extreme", "1"), ("SM9", "serious", "12")],
    )  # fmt: skip
    def test_a_finding_counts_by_reason_and_gravity(
        self, reason: str, gravity: Gravity, points: str
    ) -> None:
        story = record_of(says("a", reason, gravity))
        assert story.points() == [Decimal(points)]
        recorded = next(fact for fact in story.new if isinstance(fact, FindingRecorded))
        assert recorded.steps[-1].points == Decimal(points)
        assert reason in recorded.explanation

    def test_the_second_of_a_kind_counts_what_a_repeat_does(self) -> None:
        story = record_of(says("a", "CF2"), says("b", "CF2", at=MONDAY + 2 * DAY))
        assert story.points() == [0, 6]
        assert record_of(says("a", "CF2"), says("b", "CF3", at=MONDAY + DAY)).points() == [0, 0]

    def test_general_findings_count_twelve_points_in_a_day_at_most(self) -> None:
        story = record_of(*(says(str(n), "PR2", at=MONDAY + n * HOUR) for n in range(3)))
        assert story.points() == [6, 6, 0]
        recorded = story.new[0]
        assert isinstance(recorded, FindingRecorded)
        assert [step.rule for step in recorded.steps] == ["base", "cap"]
        story.when(says("later", "PR2", at=MONDAY + DAY + HOUR), at=MONDAY + DAY + HOUR)
        assert story.points()[-1] == 6

    def test_serious_findings_have_no_such_cap(self) -> None:
        story = record_of(*(says(str(n), "PR2", "serious", at=MONDAY + n * HOUR) for n in range(3)))
        assert story.points() == [12, 12, 12]

    def test_misused_brands_count_six_points_a_day_at_most(self) -> None:
        first = says("a", "CF2", "serious")
        same_day = says("b", "CF5", "serious", at=MONDAY + 14 * HOUR)
        next_day = says("c", "CF4", "serious", at=MONDAY + 16 * HOUR)
        assert record_of(first, same_day, next_day).points() == [6, 0, 6]
        assert record_of(first, says("b", "CF5", "extreme", at=MONDAY + HOUR)).points() == [6, 48]

    def test_trade_outside_counts_more_from_the_sixth_and_the_eleventh(self) -> None:
        story = record_of(*(says(f"{n:02}", "OT2", at=MONDAY + n * DAY) for n in range(12)))
        assert story.points() == [1] * 5 + [2] * 5 + [3] * 2

    def test_complaints_of_three_days_are_one_strike(self) -> None:
        later = MONDAY + 20 * DAY
        one = says("a", "CF1", at=later, complained_at=MONDAY)
        same = says("b", "CF6", at=later + DAY, complained_at=MONDAY + 3 * DAY)
        another = says("c", "CF1", at=later + 2 * DAY, complained_at=MONDAY + 3 * DAY + MINUTE)
        assert record_of(one, same, another).points() == [1, 0, 1]

    def test_an_entry_counts_for_365_days_to_the_hour(self) -> None:
        record = valued([Entry("a", "PR2", "serious", MONDAY, MONDAY)], RULES)
        assert total(record, "IPP", MONDAY + YEAR - timedelta(microseconds=1)) == 12
        assert total(record, "IPP", MONDAY + YEAR) == 0
        assert total(record, "IPP", MONDAY - MINUTE) == 0

    def test_tracks_count_apart(self) -> None:
        story = record_of(says("a", "PR2"), says("b", "FI7", at=MONDAY + HOUR))
        assert story.points() == [6, 6]
        assert story.proposed() == []


class TestLadders:
    @pytest.mark.parametrize(
        ("reason", "gravity", "proposed"),
        [
            ("PR1", "general", [("warning", None)]),
            ("PR2", "general", [("listing_restriction", 3)]),
            ("PR2", "serious", [("account_frozen", 7)]),
            ("PR1", "extreme", [("account_closed", None)]),
            ("FI7", "general", []),
            ("FI6", "general", [("account_frozen", 7)]),
            ("FI6", "serious", [("account_frozen", 14)]),
            ("CF1", "general", [("account_frozen", 7)]),
            ("SM3", "extreme", []),
        ],
    )
    def test_the_highest_threshold_reached_is_proposed(
        self, reason: str, gravity: Gravity, proposed: list[tuple[str, int | None]]
    ) -> None:
        assert record_of(says("a", reason, gravity)).proposed() == proposed

    def test_each_twelve_points_of_search_manipulation_freeze_and_none_closes(self) -> None:
        story, proposed = Story(), []
        for n in range(20):
            at = MONDAY + n * DAY
            proposed += story.when(says(str(n), "SM3", "extreme", at=at), at=at).proposed()
        assert proposed == [("account_frozen", 7)] * 10

    def test_three_strikes_close_and_a_freeze_follows_the_record(self) -> None:
        story = record_of(says("p", "PR2", "serious"))
        proposed = []
        for n in (10, 20, 30):
            at = MONDAY + n * DAY
            proposed += story.when(says(f"s{n}", "CF1", at=at), at=at).proposed()
        assert proposed == [
            ("account_frozen", 14),
            ("account_frozen", 14),
            ("listing_restriction", 30),
            ("account_closed", None),
        ]

    def test_what_has_expired_crosses_nothing(self) -> None:
        story = record_of(says("a", "PR2"), says("b", "PR2", at=MONDAY + YEAR))
        assert story.proposed() == [("listing_restriction", 3)]

    def test_a_complainant_is_warned_then_paused_three_days_then_thirty(self) -> None:
        story, proposed = Story(), []
        for n in range(4):
            at = MONDAY + n * DAY
            command = says(str(n), UNFOUNDED, at=at, as_complainant=True)
            proposed += story.when(command, at=at).proposed()
        assert proposed == [
            ("warning", None),
            ("complaining_suspended", 3),
            ("complaining_suspended", 30),
            ("complaining_suspended", 30),
        ]


class TestMeasures:
    def frozen(self) -> Story:
        return record_of(says("a", "PR2", "serious"))

    def test_a_person_approves_and_the_clock_ends_it(self) -> None:
        story = self.frozen()
        approve = story.on(ApproveMeasure())
        story.when(approve, by=SARA, at=MONDAY + HOUR).then(MeasureImposed)
        imposed = story.new[0]
        assert isinstance(imposed, MeasureImposed)
        assert imposed.ends_at == MONDAY + HOUR + 7 * DAY
        end = ExpireMeasure(measure_id=story.measure_id())
        story.when(end, by=CLOCK, at=MONDAY + 7 * DAY).refused(NotDueYet)
        story.when(end, by=CLOCK, at=MONDAY + 7 * DAY + HOUR).then(MeasureExpired)
        story.when(end, by=CLOCK, at=MONDAY + 8 * DAY).then()

    def test_what_concerns_an_account_needs_a_senior_who_did_not_decide(self) -> None:
        story = self.frozen()
        approve = story.on(ApproveMeasure())
        story.when(approve, by=MIA).refused(Forbidden)
        story.when(approve, by=SVEN).refused(OwnProposal)
        story.when(approve, by=OLGA).refused(Forbidden)
        story.when(approve, by=SARA).then(MeasureImposed)

    def test_a_warning_needs_one_moderator(self) -> None:
        story = record_of(says("a", "PR1"))
        story.when(story.on(ApproveMeasure()), by=MIA).then(MeasureImposed)

    def test_it_is_decided_on_once(self) -> None:
        story = self.frozen()
        refuse = story.on(RefuseMeasure(explanation="Too much."))
        story.when(refuse, by=SARA).then(MeasureRefused)
        story.when(refuse, by=SARA).refused(NotProposed)
        story.when(story.on(ApproveMeasure()), by=SARA).refused(NotProposed)
        lift = story.on(LiftMeasure(explanation="An error."))
        story.when(lift, by=SARA).refused(NotInForce)

    def test_closing_takes_effect_thirty_days_after_being_told(self) -> None:
        story = record_of(says("a", "PR1", "extreme"))
        story.when(story.on(ApproveMeasure()), by=SARA).then(MeasureImposed)
        begin = StartMeasure(measure_id=story.measure_id())
        story.when(begin, by=CLOCK, at=MONDAY + 29 * DAY).refused(NotDueYet)
        story.when(begin, by=CLOCK, at=MONDAY + 30 * DAY).then(MeasureStarted)
        story.when(begin, by=CLOCK, at=MONDAY + 31 * DAY).then()

    def test_unless_a_ground_is_recorded(self) -> None:
        story = record_of(says("a", "PR1", "extreme"))
        at_once = ApproveMeasure(immediate_ground="A danger to life, Art. 4(4)(c).")
        imposed = story.when(story.on(at_once), by=SARA).then(MeasureImposed).new[0]
        assert isinstance(imposed, MeasureImposed)
        assert imposed.starts_at == MONDAY
        frozen = self.frozen()
        frozen.when(frozen.on(at_once), by=SARA).refused(Invalid)

    def test_a_measure_of_the_decision_is_imposed_with_it_and_lifted_with_it(self) -> None:
        hold = Measure(id="m1", kind="payout_hold", days=5)
        story = record_of(says("a", "SM3", measures=(hold,)))
        imposed = story.new[-1]
        assert isinstance(imposed, MeasureImposed)
        assert imposed.ends_at == MONDAY + 5 * DAY
        story.when(says("a", None, cause="appeal"), at=MONDAY + DAY)
        story.then(FindingReversed, MeasureReversed)

    def test_the_same_said_twice_changes_nothing(self) -> None:
        story = self.frozen()
        story.when(says("a", "PR2", "serious"), at=MONDAY + DAY).then()


class TestReversal:
    def test_points_and_the_measure_that_rested_on_them_are_taken_back(self) -> None:
        story = record_of(says("a", "PR2"), says("b", "PR2", at=MONDAY + 2 * DAY))
        assert story.proposed() == [("account_frozen", 7)]
        story.when(says("b", None), at=MONDAY + 3 * DAY).then(FindingReversed, MeasureReversed)
        states = {each.kind: each.state for each in story.record.measures.values()}
        assert states == {"listing_restriction": "proposed", "account_frozen": "reversed"}

    def test_the_second_of_a_kind_becomes_the_first(self) -> None:
        story = record_of(says("a", "CF2"), says("b", "CF2", at=MONDAY + 2 * DAY))
        story.when(says("a", None), at=MONDAY + 3 * DAY)
        story.then(FindingReversed, FindingRevalued, MeasureReversed)
        assert story.points() == [0]

    def test_a_joined_strike_counts_when_the_other_falls_away(self) -> None:
        story = record_of(says("a", "CF1"), says("b", "CF1", at=MONDAY + DAY))
        assert story.points() == [1, 0]
        story.when(says("a", None), at=MONDAY + 3 * DAY).then(FindingReversed, FindingRevalued)
        assert story.points() == [1]

    def test_what_still_follows_stays(self) -> None:
        at = [MONDAY + n * 2 * DAY for n in range(3)]
        story = record_of(*(says(str(n), "PR2", at=at[n]) for n in range(3)))
        story.when(says("0", None), at=MONDAY + 9 * DAY).then(FindingReversed)

    def test_where_less_follows_less_is_proposed(self) -> None:
        story = record_of(says("a", "PR2", "serious"))
        at = MONDAY + 2 * DAY
        story.when(says("b", "PR2", "serious", at=at), at=at)
        assert story.proposed() == [("account_frozen", 14)]
        story.when(says("a", None), at=MONDAY + 3 * DAY)
        states = [(each.days, each.state) for each in story.record.measures.values()]
        assert states == [(7, "proposed"), (14, "reversed")]

    def test_an_expired_measure_is_not_lifted_again(self) -> None:
        story = TestMeasures().frozen()
        story.when(story.on(ApproveMeasure()), by=SARA)
        story.when(ExpireMeasure(measure_id=story.measure_id()), at=MONDAY + 8 * DAY)
        story.when(says("a", None), at=MONDAY + 9 * DAY).then(FindingReversed)


reasons = st.sampled_from([r.code for kind in taxonomy().types for r in kind.reasons])
gravities = st.sampled_from(["general", "serious", "extreme"])
said = st.lists(
    st.tuples(reasons, gravities, st.integers(0, 24 * 450), st.integers(0, 24 * 10)),
    max_size=8,
)


def _cases(rows: Iterable[tuple[str, Gravity, int, int]]) -> list[Settle]:
    return [
        says(
            str(place),
            reason,
            gravity,
            at=MONDAY + hours * HOUR,
            complained_at=MONDAY + (hours - before) * HOUR,
        )
        for place, (reason, gravity, hours, before) in enumerate(rows)
    ]


@for_all(said, st.data())
@settings(max_examples=200)
def test_what_was_taken_back_has_never_been(
    rows: list[tuple[str, Gravity, int, int]], data: st.DataObject
) -> None:
    """In whatever order cases are decided and overturned, the record is that of those left."""
    cases = _cases(rows)
    order = data.draw(st.permutations(cases))
    gone = data.draw(st.sets(st.sampled_from([c.case_id for c in cases]))) if cases else set()
    story = Story()
    for each in order:
        story.when(each, at=MONDAY + 500 * DAY)
    for each in order:
        if each.case_id in gone:
            story.when(says(each.case_id, None), at=MONDAY + 501 * DAY)
    left = record_of(*(each for each in cases if each.case_id not in gone))
    assert {i: (h.points, h.steps) for i, h in story.record.findings.items()} == {
        i: (h.points, h.steps) for i, h in left.record.findings.items()
    }
    record = valued((held.entry for held in story.record.findings.values()), RULES)
    followed = {(c.track, c.rung.at) for c in crossings(record, RULES)}
    higher = {(c.track, c.finding_id): c.rung.at for c in crossings(record, RULES)}
    for measure in story.record.measures.values():
        if measure.state in OPEN:
            assert measure.track is not None
            assert measure.finding_id is not None
            assert measure.threshold is not None
            raised = higher.get((measure.track, measure.finding_id))
            assert (measure.track, measure.threshold) in followed or (
                raised is not None and raised > measure.threshold
            )


@for_all(said)
def test_no_points_are_negative_and_every_step_is_told(
    rows: list[tuple[str, Gravity, int, int]],
) -> None:
    story = record_of(*_cases(rows))
    for held in story.record.findings.values():
        assert held.points >= 0
        assert held.steps[0].rule == "base"
        assert held.steps[-1].points == held.points
    for track in ("IPS", "IPP", "TRX", "INF", "ABUSE"):
        record = valued((held.entry for held in story.record.findings.values()), RULES)
        assert total(record, track, MONDAY + 300 * DAY) >= 0
