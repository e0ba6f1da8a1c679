"""R30, R32, R34: who is told what, row by row of the policy's table "Tell everyone"."""

from collections.abc import Sequence

import pytest

from contracts.case import CaseClaimed, CounterNoticeReceived, Outcome
from contracts.codec import Fact
from contracts.envelope import Aggregate
from services.notifier.telling import (
    TABLE,
    CaseSoFar,
    Telling,
    evolve,
    needs_history,
    of_complaint,
    plan,
    tellings,
)
from tests.telling import (
    ADMITTED,
    ASKED,
    CLOSED,
    DECIDED,
    GUEST,
    INADMISSIBLE,
    IVAN,
    LAPSED,
    LINK,
    NOON,
    filed,
    joined,
    message,
    opened,
)

IVANS, GUESTS = filed(IVAN, name="1van5"), filed(GUEST, name="9ue575")


def after(*facts: Fact) -> CaseSoFar:
    case = CaseSoFar()
    for fact in facts:
        case = evolve(case, fact)
    return case


def told(fact: Fact, case: CaseSoFar) -> set[tuple[str, str, str]]:
    return {(t.side, t.reader, t.template) for t in tellings(case, fact)}


BOTH_JOINED = (opened(), joined(IVANS), joined(GUESTS))


def test_filed_is_told_to_who_filed() -> None:
    assert told(IVANS, CaseSoFar()) == {("complainant", "1van5", "receipt")}


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


def test_where_the_accused_is_unknown_only_complainants_are_told() -> None:
    case = after(opened(accused=None), joined(GUESTS), ADMITTED)
    assert told(DECIDED, case) == {("complainant", "9ue575", "decided")}


def test_what_moderators_do_among_themselves_is_told_to_nobody() -> None:
    claimed = CaseClaimed(by="moderator:mia", at=NOON, until=NOON)
    answered = CounterNoticeReceived(
        response_id="r1", by="sunrise-store", received_at=NOON, late=False, text="No."
    )
    case = after(*BOTH_JOINED, ADMITTED, ASKED)
    assert not told(claimed, case)
    assert not told(answered, case)
    assert not needs_history(message(claimed, answered))


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
    assert [(t.telling.reader, t.telling.template) for t in plan(together, CaseSoFar())] == [
        ("1van5", "admitted"),
        ("9ue575", "admitted"),
    ]


def test_the_same_fact_read_twice_makes_the_same_mails() -> None:
    case = after(*BOTH_JOINED, ADMITTED)
    first = [told.mail_id for told in plan(message(ASKED, command="ask"), case)]
    again = [told.mail_id for told in plan(message(ASKED, command="ask", sequence=9), case)]
    assert first == again
    assert len(set(first)) == 3


def test_one_person_with_two_complaints_gets_a_mail_for_each() -> None:
    case = after(opened(), joined(IVANS), joined(filed(IVAN, name="1van52")), ADMITTED)
    readers = [t.reader for t in tellings(case, DECIDED) if t.side == "complainant"]
    assert readers == ["1van5", "1van52"]


def test_the_same_command_id_on_another_case_makes_other_mails() -> None:
    case = after(*BOTH_JOINED, ADMITTED)
    here = {t.mail_id for t in plan(message(ASKED, command="ask"), case)}
    elsewhere = Aggregate(kind="case", id="07e2")
    there = {t.mail_id for t in plan(message(ASKED, command="ask", of=elsewhere), case)}
    assert not here & there


@pytest.mark.parametrize("fact", [ASKED, LAPSED, DECIDED, CLOSED])
def test_nothing_of_a_complaint_goes_to_the_accused(fact: Fact) -> None:
    case = after(*BOTH_JOINED, ADMITTED, ASKED)
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
    assert by_side["complainant"].params["restrictions"] == "listing_hidden"
    assert by_side["accused"].params["restrictions"] == "listing_hidden warning"


def test_a_guests_own_words_are_not_mailed_to_an_address_that_nobody_proved() -> None:
    (receipt,) = tellings(CaseSoFar(), GUESTS)
    assert GUESTS.description not in " ".join((receipt.params | of_complaint(GUESTS)).values())
    (receipt,) = tellings(CaseSoFar(), IVANS)
    assert receipt.params["description"] == IVANS.description


def test_a_description_of_a_megabyte_is_cut_and_says_so() -> None:
    (receipt,) = tellings(CaseSoFar(), filed(description="ж" * 1_000_000))
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
