"""R30, R32, R34: who is told what, row by row of the policy's table "Tell everyone"."""

from collections.abc import Sequence
from typing import Literal

import pytest

from contracts.case import CaseClaimed, Outcome
from contracts.codec import Fact
from contracts.complaint import GuestLinkAsked
from contracts.envelope import Aggregate
from contracts.member import MeasureExpired
from services.notifier.saying import of_complaint
from services.notifier.so_far import Before, folded
from services.notifier.table import TABLE
from services.notifier.telling import Telling, needs_history, plan, tellings
from tests.telling import (
    ADMITTED,
    ANSWERED,
    APPEAL_REFUSED,
    ASKED,
    CASE,
    CLOSED,
    DECIDED,
    EXTENDED,
    GUEST,
    HELD_NO_MORE,
    IMPOSED,
    INADMISSIBLE,
    INTERIM,
    INTERIM_KEPT,
    INTERIM_LIFTED,
    IVAN,
    LAPSED,
    LEFT_ALONE,
    LINK,
    NOON,
    NOT_EXTENDED,
    REMINDED,
    REOPENED,
    RETYPED,
    SUSPENDED,
    UNHEARD,
    WITHDRAWN,
    appealed,
    filed,
    heard,
    joined,
    left,
    message,
    note,
    opened,
    question,
    unanswered,
)

IVANS, GUESTS = filed(IVAN, name="1van5"), filed(GUEST, name="9ue575")


def after(*facts: Fact) -> Before:
    return Before(folded(facts))


def told(fact: Fact, before: Before, complaint: str = "") -> set[tuple[str, str, str]]:
    return {
        (t.side, t.reader, t.template)
        for t in tellings(before, fact, complaint=complaint)
        if t.side not in ("moderators", "appeals_officers")
    }


BOTH_JOINED = (opened(), joined(IVANS), joined(GUESTS))


def test_filed_is_told_to_who_filed() -> None:
    assert told(IVANS, Before(), "1van5") == {("complainant", "1van5", "receipt")}


@pytest.mark.parametrize(
    ("earlier", "fact", "template"),
    [
        ((), ADMITTED, "admitted"),
        ((), INADMISSIBLE, "inadmissible"),
        ((ADMITTED,), ASKED, "counter_notice_requested"),
        ((ADMITTED, ASKED), LAPSED, "counter_notice_lapsed"),
        ((ADMITTED, ASKED, LAPSED), DECIDED, "decided"),
        ((ADMITTED, ASKED, LAPSED, DECIDED), CLOSED, "closed"),
    ],
)
def test_every_complaint_of_the_case_is_told(
    earlier: Sequence[Fact], fact: Fact, template: str
) -> None:
    case = after(*BOTH_JOINED, *earlier)
    complainants = {entry for entry in told(fact, case) if entry[0] == "complainant"}
    assert complainants == {
        ("complainant", "1van5", template),
        ("complainant", "9ue575", template),
    }


@pytest.mark.parametrize(
    ("earlier", "fact", "template"),
    [
        ((ADMITTED,), ASKED, "counter_notice_requested"),
        ((ADMITTED, ASKED), LAPSED, "counter_notice_lapsed"),
        ((ADMITTED, ASKED), DECIDED, "decided"),
        ((ADMITTED, ASKED, DECIDED), CLOSED, "closed"),
        ((ADMITTED,), DECIDED, "decided"),
    ],
)
def test_the_accused_is_told(earlier: Sequence[Fact], fact: Fact, template: str) -> None:
    case = after(*BOTH_JOINED, *earlier)
    assert ("accused", "sunrise-store", template) in told(fact, case)


@pytest.mark.parametrize("fact", [ADMITTED, INADMISSIBLE])
def test_the_accused_is_not_told_before_they_are_asked(fact: Fact) -> None:
    assert not {entry for entry in told(fact, after(*BOTH_JOINED)) if entry[0] == "accused"}


def test_an_accused_who_never_heard_of_a_case_does_not_hear_that_it_closed() -> None:
    case = after(*BOTH_JOINED, INADMISSIBLE)
    assert {side for side, _, _ in told(CLOSED, case)} == {"complainant"}


def test_the_link_that_a_guest_asked_for_goes_to_that_guest_alone() -> None:
    asked = GuestLinkAsked(guest="9ue575", asked_at=NOON, holds_until=NOON)
    told_of = [*tellings(after(*BOTH_JOINED), asked, complaint="9ue575")]
    assert [(t.side, t.reader, t.template) for t in told_of] == [
        ("complainant", "9ue575", "guest_link")
    ]


def test_where_the_accused_is_unknown_only_complainants_are_told() -> None:
    case = after(opened(accused=None), joined(GUESTS), ADMITTED)
    assert told(DECIDED, case) == {("complainant", "9ue575", "decided")}


def test_what_moderators_do_among_themselves_is_told_to_nobody() -> None:
    claimed = CaseClaimed(by="moderator:mia", at=NOON, until=NOON)
    case = after(*BOTH_JOINED, ADMITTED, ASKED)
    assert not told(claimed, case)
    assert not told(note("internal"), case)
    assert not needs_history(message(claimed))


def test_a_complaint_that_joins_a_new_case_has_its_receipt_and_hears_nothing_more() -> None:
    assert not told(joined(GUESTS), after(opened(), joined(IVANS)))


@pytest.mark.parametrize(
    ("stands", "template"),
    [
        ((ADMITTED,), "admitted"),
        ((ADMITTED, ASKED), "admitted"),
        ((INADMISSIBLE,), "inadmissible"),
        ((ADMITTED, DECIDED), "decided"),
    ],
)
def test_a_complaint_that_joins_late_is_told_where_the_case_stands(
    stands: Sequence[Fact], template: str
) -> None:
    case = after(opened(), joined(IVANS), *stands)
    assert told(joined(GUESTS), case) == {("complainant", "9ue575", template)}


def test_a_late_complaint_learns_that_the_accused_was_asked_already() -> None:
    case = after(opened(), joined(IVANS), ADMITTED, ASKED)
    (telling,) = tellings(case, joined(GUESTS))
    assert telling.params["due_at"] == ASKED.due_at.isoformat()


def test_facts_of_one_message_are_told_in_order_each_on_those_before() -> None:
    together = message(opened(), joined(IVANS), ADMITTED, joined(GUESTS))
    assert [(t.telling.reader, t.telling.template) for t in plan(together, Before())] == [
        ("1van5", "admitted"),
        ("9ue575", "admitted"),
    ]


def test_the_same_fact_read_twice_makes_the_same_mails() -> None:
    case = after(*BOTH_JOINED, ADMITTED)
    first = [told.mail_id for told in plan(message(ASKED, command="ask"), case)]
    again = [told.mail_id for told in plan(message(ASKED, command="ask", sequence=9), case)]
    assert first == again
    assert len(set(first)) == 3  # both complainants and the accused


def test_one_person_with_two_complaints_gets_one_mail_that_names_both() -> None:
    again = filed(IVAN, name="1van52")
    case = after(opened(), joined(IVANS), joined(again), ADMITTED)
    (telling,) = (t for t in tellings(case, DECIDED) if t.side == "complainant")
    assert telling.reader == "1van5"
    assert telling.params["also"] == again.number


def test_the_same_command_id_on_another_case_makes_other_mails() -> None:
    case = after(*BOTH_JOINED, ADMITTED)
    here = {t.mail_id for t in plan(message(ASKED, command="ask"), case)}
    elsewhere = Aggregate(kind="case", id="07e2")
    there = {t.mail_id for t in plan(message(ASKED, command="ask", of=elsewhere), case)}
    assert not here & there


@pytest.mark.parametrize(
    "fact",
    [
        ASKED, REMINDED, LAPSED, EXTENDED, NOT_EXTENDED, HELD_NO_MORE, RETYPED, INTERIM,
        INTERIM_LIFTED, DECIDED, appealed(IVANS), heard("varied"), LEFT_ALONE, CLOSED, REOPENED,
        note("public"),
    ],
    ids=lambda fact: fact.type,
)  # fmt: skip
def test_nothing_of_a_complaint_goes_to_the_accused(fact: Fact) -> None:
    case = after(*BOTH_JOINED, ADMITTED, ASKED, INTERIM, DECIDED, appealed(IVANS), ASKED)
    (telling,) = (t for t in tellings(case, fact) if t.side == "accused")
    words = " ".join(telling.params.values())
    for secret in (
        *(value for c in (IVANS, GUESTS) for value in (c.complaint_id, c.number, c.description)),
        *(value for p in (IVAN, GUEST) for value in (p.id, p.name, p.email)),
        LINK,
        "aff_id",
    ):
        assert secret not in words


def test_complainants_learn_of_measures_on_the_listing_but_not_on_the_member() -> None:
    case = after(*BOTH_JOINED, ADMITTED)
    by_side: dict[str, Telling] = {t.side: t for t in tellings(case, DECIDED)}
    assert by_side["complainant"].params["measures"] == "listing_hidden"
    assert by_side["accused"].params["measures"] == "listing_hidden warning"


def test_a_guests_own_words_are_not_mailed_to_an_address_that_nobody_proved() -> None:
    (receipt,) = tellings(Before(), GUESTS, complaint="9ue575")
    assert GUESTS.description not in " ".join((receipt.params | of_complaint(GUESTS)).values())
    (receipt,) = tellings(Before(), IVANS, complaint="1van5")
    assert receipt.params["description"] == IVANS.description


def test_a_description_of_a_megabyte_is_cut_and_says_so() -> None:
    (receipt,) = tellings(Before(), filed(description="ж" * 1_000_000), complaint="c0mp1")
    assert len(receipt.params["description"]) < 2_100
    assert receipt.params["description"].endswith(" …")


def test_only_complainants_learn_that_a_complaint_was_manifestly_unfounded() -> None:
    case = after(*BOTH_JOINED, ADMITTED)
    dismissed = DECIDED.model_copy(update={"outcome": Outcome.DISMISSED})
    assert not any("manifestly_unfounded" in t.params for t in tellings(case, dismissed))
    unfounded = dismissed.model_copy(update={"manifestly_unfounded": True})
    learn = {t.side for t in tellings(case, unfounded) if "manifestly_unfounded" in t.params}
    assert learn == {"complainant"}


def test_every_row_of_the_table_names_another_fact_side_and_template() -> None:
    assert len(TABLE) == len({(row.fact, row.side) for row in TABLE})


KNOWN = (*BOTH_JOINED, ADMITTED, ASKED)


@pytest.mark.parametrize(
    ("fact", "readers"),
    [
        (ANSWERED, {"1van5", "9ue575"}),
        (EXTENDED, {"1van5", "9ue575", "sunrise-store"}),
        (REMINDED, {"sunrise-store"}),
        (NOT_EXTENDED, {"sunrise-store"}),
        (RETYPED, {"1van5", "9ue575", "sunrise-store"}),
        (INTERIM, {"sunrise-store"}),
        (INTERIM_KEPT, {"sunrise-store"}),
        (INTERIM_LIFTED, {"sunrise-store"}),
        (REOPENED, {"1van5", "9ue575", "sunrise-store"}),
        (note("public"), {"1van5", "9ue575", "sunrise-store"}),
        (question(GUESTS), {"9ue575"}),
        (unanswered(GUESTS), {"9ue575"}),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
def test_a_known_case_goes_on(fact: Fact, readers: set[str]) -> None:
    assert {reader for _, reader, _ in told(fact, after(*KNOWN, INTERIM))} == readers


@pytest.mark.parametrize("fact", [RETYPED, note("public"), LEFT_ALONE, REOPENED, CLOSED])
def test_the_accused_hear_nothing_before_they_know_of_the_case(fact: Fact) -> None:
    sides = {side for side, _, _ in told(fact, after(*BOTH_JOINED, ADMITTED))}
    assert "accused" not in sides


def test_an_answer_that_came_too_late_changes_nothing_and_is_told_to_nobody() -> None:
    late = ANSWERED.model_copy(update={"late": True})
    assert not told(late, after(*KNOWN, LAPSED))


def test_who_withdrew_is_told_so_and_hears_no_more() -> None:
    before = after(*KNOWN)
    assert told(WITHDRAWN, before, "1van5") == {("complainant", "1van5", "withdrawn")}
    gone = after(*KNOWN, left(IVANS))
    assert {reader for _, reader, _ in told(DECIDED, gone)} == {"9ue575", "sunrise-store"}


def test_a_case_whose_last_complaint_was_withdrawn_ends_once_for_the_accused() -> None:
    case = (*KNOWN, left(IVANS), left(GUESTS))
    assert told(LEFT_ALONE, after(*case)) == {("accused", "sunrise-store", "withdrawn")}
    assert told(CLOSED, after(*case, LEFT_ALONE)) == set()


def test_a_deadline_that_moved_is_told_to_those_whose_answer_is_awaited() -> None:
    assert not told(HELD_NO_MORE, after(*BOTH_JOINED, ADMITTED))
    waiting = after(*KNOWN, question(IVANS))
    assert told(HELD_NO_MORE, waiting) == {
        ("complainant", "1van5", "deadline_moved"),
        ("accused", "sunrise-store", "deadline_moved"),
    }
    answered = after(*KNOWN, question(IVANS), unanswered(IVANS), ANSWERED)
    assert not told(HELD_NO_MORE, answered)


def test_a_complainants_appeal_is_told_to_them_and_to_the_accused_and_to_no_other() -> None:
    decided = (*KNOWN, DECIDED)
    opening = appealed(IVANS)
    expected = {
        ("complainant", "1van5", "appeal_opened"),
        ("accused", "sunrise-store", "appeal_opened"),
    }
    assert told(opening, after(*decided)) == expected
    affirmed = told(heard("affirmed"), after(*decided, opening))
    assert {reader for _, reader, _ in affirmed} == {"1van5", "sunrise-store"}


@pytest.mark.parametrize("result", ["varied", "overturned"])
def test_what_an_appeal_changes_is_told_to_everyone_whom_the_decision_was_told(
    result: Literal["varied", "overturned"],
) -> None:
    changed = tellings(after(*KNOWN, DECIDED, appealed(IVANS)), heard(result))
    yours = {
        t.reader: t.params.get("yours") for t in changed if t.side in ("complainant", "accused")
    }
    assert yours == {"1van5": "yes", "9ue575": None, "sunrise-store": None}


def test_an_appellant_with_two_complaints_is_told_once_about_the_one_that_they_appealed_for() -> (
    None
):
    again = filed(IVAN, name="1van52")
    known = (opened(), joined(IVANS), joined(again), joined(GUESTS), ADMITTED, ASKED, DECIDED)
    changed = told(heard("varied"), after(*known, appealed(again)))
    assert {reader for side, reader, _ in changed if side == "complainant"} == {"1van52", "9ue575"}


def test_the_accuseds_appeal_is_told_to_every_complainant() -> None:
    decided = (*KNOWN, DECIDED)
    everybody = {"1van5", "9ue575", "sunrise-store"}
    assert {reader for _, reader, _ in told(appealed(None), after(*decided))} == everybody
    heard_of = told(heard("affirmed"), after(*decided, appealed(None)))
    assert {reader for _, reader, _ in heard_of} == everybody


def test_an_appeal_about_admission_reaches_the_accused_only_if_it_ends_against_them() -> None:
    unheard = (*BOTH_JOINED, INADMISSIBLE)
    assert {side for side, _, _ in told(appealed(IVANS), after(*unheard))} == {"complainant"}
    opened_ = (*unheard, appealed(IVANS))
    assert {side for side, _, _ in told(heard("overturned"), after(*opened_))} == {"complainant"}
    against = {side for side, _, _ in told(heard("varied"), after(*opened_))}
    assert against == {"complainant", "accused"}


def test_an_appeal_that_cannot_be_heard_is_told_to_who_lodged_it() -> None:
    lodged = after(*KNOWN, DECIDED, appealed(GUESTS))
    assert told(APPEAL_REFUSED, lodged) == {("complainant", "9ue575", "appeal_rejected")}
    by_accused = after(*KNOWN, DECIDED, appealed(None))
    assert told(APPEAL_REFUSED, by_accused) == {("accused", "sunrise-store", "appeal_rejected")}


def test_a_complaint_that_an_appeal_admitted_is_told_so_and_who_joins_then_too() -> None:
    before = after(*BOTH_JOINED, INADMISSIBLE, appealed(IVANS))
    assert told(UNHEARD, before) == {
        ("complainant", "1van5", "appeal_decided"),
        ("complainant", "9ue575", "appeal_decided"),
    }
    late = filed(IVAN, name="1ate")
    admitted = before.evolved(UNHEARD)
    assert told(joined(late), admitted) == {("complainant", "1ate", "admitted")}


def test_a_decision_says_itself_what_became_of_an_interim_measure() -> None:
    both = message(INTERIM_LIFTED, DECIDED)
    mailed = {t.telling.template for t in plan(both, after(*KNOWN, INTERIM))}
    assert mailed == {"decided"}


def test_who_joins_after_an_appeal_is_told_the_decision_as_it_stands_now() -> None:
    case = after(opened(), joined(IVANS), ADMITTED, DECIDED, appealed(IVANS), heard("overturned"))
    (telling,) = tellings(case, joined(GUESTS))
    assert (telling.template, telling.params["outcome"]) == ("decided", "dismissed")


def test_a_measure_is_told_to_the_member_whom_it_is_about() -> None:
    case = folded(KNOWN)
    before = Before(measures={"m2": IMPOSED, "m3": SUSPENDED}, cases={CASE.id: case})
    frozen, suspended = list(tellings(before, IMPOSED)), list(tellings(before, SUSPENDED))
    assert [(t.side, t.reader) for t in frozen] == [("accused", "sunrise-store")]
    assert [(t.side, t.reader) for t in suspended] == [("complainant", "1van5")]
    assert frozen[0].params["measures"] == "account_frozen:7"
    assert frozen[0].case_id == CASE.id
    expired = MeasureExpired(measure_id="m3", member="member:ivan", at=NOON)
    assert [(t.side, t.reader) for t in tellings(before, expired)] == [("complainant", "1van5")]
    strangers = SUSPENDED.model_copy(update={"member": "guest:5742"})
    assert not list(tellings(before, strangers)), "a guest is nobody's accused"
    frozen_guest = IMPOSED.model_copy(update={"member": "guest:5742"})
    assert not list(tellings(before, frozen_guest)), "a guest is nobody's accused"
    unknown = expired.model_copy(update={"measure_id": "m9"})
    assert not list(tellings(before, unknown))


def test_staff_are_told_what_waits_for_them() -> None:
    def staff(fact: Fact) -> set[str]:
        sides: set[str] = {t.side for t in tellings(after(*KNOWN, DECIDED), fact)}
        return sides & {"moderators", "appeals_officers"}

    assert staff(LAPSED) == {"moderators"}
    assert staff(appealed(IVANS)) == {"appeals_officers"}
    assert staff(DECIDED) == set()


def test_a_mail_about_a_decision_names_it_for_the_time_to_appeal_runs_from_being_told() -> None:
    for fact in (DECIDED, INADMISSIBLE):
        told_ = [t for t in tellings(after(*KNOWN), fact) if t.side == "complainant"]
        assert {t.decision_id for t in told_} == {fact.decision_id}
