"""Records of the Transparency Database: every field of the schema, and nobody in any of them."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.case import CaseDecided, Finding, Ground, Measure, MeasureKind, StatementOfReasons
from contracts.taxonomy import taxonomy
from services.moderation.outgoing.privacy import personal_data
from services.moderation.outgoing.queueing import restricted_by
from services.moderation.outgoing.records import Record, Restricted, record_of
from services.moderation.policy import policy
from services.moderation.standing.points import worth
from tests import cases
from tests.cases import MONDAY
from tests.far_sides import errors_in

RULE = Ground(kind="contract", reference="Rules, 4.2", explanation="Its own category.")
LAW = Ground(kind="law", reference="Art. 9 EUTMR", explanation="A registered mark.")
REASONS = [reason.code for kind in taxonomy().types for reason in kind.reasons]


def restricted(
    *kinds: MeasureKind, reason: str = "SM3", trusted: bool = False, **statement: Any
) -> Restricted:
    said = {"facts": "Seen among cosmetic bags.", "ground": RULE} | statement
    found = taxonomy().find(reason)
    counts = worth(reason, "general")
    assert found is not None
    assert counts is not None
    return Restricted(
        puid="0123456789abcdef",
        complaint_type=found[0].code,
        reason=reason,
        trusted_flagger=trusted,
        statement=StatementOfReasons(**said),
        measures=tuple(
            Measure(id=kind, kind=kind, days=7 if kind == "account_frozen" else None)
            for kind in kinds
        ),
        findings=(
            Finding(
                id="f", reason=reason, gravity="general", track=counts.track, points=counts.points
            ),
        ),
        known_at=MONDAY,
        applied_at=MONDAY + timedelta(days=5),
    )


def of(*kinds: MeasureKind, **more: Any) -> Record:
    record = record_of(restricted(*kinds, **more))
    assert record is not None
    assert errors_in(record) == {}
    return record


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_makes_a_valid_record(reason: str) -> None:
    record = of("listing_removed", reason=reason)
    assert record["category_specification"]


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("listing_removed", "decision_visibility", ["DECISION_VISIBILITY_CONTENT_REMOVED"]),
        ("listing_hidden", "decision_visibility", ["DECISION_VISIBILITY_CONTENT_DISABLED"]),
        ("search_demotion", "decision_visibility", ["DECISION_VISIBILITY_CONTENT_DEMOTED"]),
        ("listing_restriction", "decision_provision", "DECISION_PROVISION_PARTIAL_SUSPENSION"),
        ("payout_hold", "decision_monetary", "DECISION_MONETARY_SUSPENSION"),
        ("account_frozen", "decision_account", "DECISION_ACCOUNT_SUSPENDED"),
        ("account_closed", "decision_account", "DECISION_ACCOUNT_TERMINATED"),
    ],
)
def test_each_measure_has_its_word(kind: MeasureKind, field: str, value: Any) -> None:
    assert of(kind)[field] == value


def test_a_warning_restricts_nothing_and_makes_no_record() -> None:
    assert record_of(restricted("warning")) is None
    assert record_of(restricted()) is None


def test_trusted_flaggers_have_their_own_source() -> None:
    assert of("listing_hidden")["source_type"] == "SOURCE_ARTICLE_16"
    assert of("listing_hidden", trusted=True)["source_type"] == "SOURCE_TRUSTED_FLAGGER"


@pytest.mark.parametrize(("detected", "word"), [(True, "Yes"), (False, "No")])
def test_automation_is_told_as_it_was(detected: bool, word: str) -> None:
    record = of("listing_hidden", automated_detection=detected, automated_decision=not detected)
    assert record["automated_detection"] == word
    partly = record["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY"
    assert partly is not detected


def test_illegal_and_incompatible_have_their_own_fields() -> None:
    assert "incompatible_content_ground" not in of("listing_hidden", ground=LAW)
    assert of("listing_hidden", ground=LAW)["illegal_content_legal_ground"] == LAW.reference
    assert of("listing_hidden")["incompatible_content_illegal"] == "No"


@pytest.mark.parametrize(
    ("kinds", "days"),
    [
        (("account_closed",), 30),
        (("account_closed", "listing_removed"), 0),
        (("account_closed", "warning"), 30),
        (("listing_hidden",), 0),
    ],
)
def test_it_applies_from_when_the_first_measure_takes_effect(
    kinds: tuple[MeasureKind, ...], days: int
) -> None:
    case = cases.given(*cases.REVIEWED).case
    decided = cases.given(*cases.DECIDED).facts[-1]
    assert isinstance(decided, CaseDecided)
    measures = tuple(Measure(id=kind, kind=kind) for kind in kinds)
    found = restricted_by(case, decided.model_copy(update={"measures": measures}), policy=policy())
    assert found is not None
    assert found.applied_at == decided.at + timedelta(days=days)
    at_once = tuple(each.model_copy(update={"immediate_ground": "Fraud."}) for each in measures)
    now = restricted_by(case, decided.model_copy(update={"measures": at_once}), policy=policy())
    assert now is not None
    assert now.applied_at == decided.at


def test_an_end_is_told_where_there_is_one() -> None:
    record = of("listing_hidden", "account_frozen")
    assert record["end_date_account_restriction"] == "2026-12-05"
    assert "end_date_visibility_restriction" not in record


@for_all(
    st.lists(st.sampled_from(get_args(MeasureKind)), min_size=1, unique=True),
    st.sampled_from(REASONS),
    st.booleans(),
    st.text(min_size=1, max_size=6000).filter(str.strip),
    st.sampled_from([("worldwide",), ("DE", "US"), ("EEA",), ("US",)]),
)
def test_whatever_is_decided_the_database_would_take(
    kinds: list[MeasureKind], reason: str, trusted: bool, facts: str, territory: tuple[str, ...]
) -> None:
    record = record_of(
        restricted(*kinds, reason=reason, trusted=trusted, facts=facts, territory=territory)
    )
    assert record is None or errors_in(record) == {}


@pytest.mark.parametrize(
    "facts",
    [
        "Write to ivan@example.com.",
        "Call +49 170 1234567 for it.",
        "Call 8 (495) 123-45-67.",
        "Pay to DE89 3704 0044 0532 0130 00.",
        "Иван Петров bought it.",
        "sunrise-store sells it.",
    ],
)
def test_who_can_be_recognised_is_found(facts: str) -> None:
    found = personal_data({"decision_facts": facts}, ["Иван Петров", "sunrise-store", "Bo"])
    assert {each.field for each in found} == {"decision_facts"}


@pytest.mark.parametrize(
    "facts",
    [
        "On 2026-03-02 the item 32700000001234 stood among cosmetic bags for 12.99.",
        "The rule 4.2 of 1 March 2026 asks for 3 working days, from 09:00 to 18:00.",
        "Bonuses were paid.",
    ],
)
def test_what_names_nobody_is_let_through(facts: str) -> None:
    assert personal_data({"decision_facts": facts}, ["Bo", "Иван"]) == []
