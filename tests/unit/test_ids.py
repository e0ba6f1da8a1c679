"""Identifiers, numbers and partitions: the same for ever, on every machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.envelope import Aggregate, aggregate_of
from contracts.ids import PARTITIONS, derived_id, new_id, number, partition
from contracts.streams import STREAMS, stream_of

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
identifiers = st.from_regex(r"[0-9a-z-]{1,64}", fullmatch=True)
kinds = st.sampled_from(["complaint", "response", "case", "mail"])


def test_what_was_derived_once_is_derived_for_ever() -> None:
    """Subjects of the log are made of these: a change would lose what is stored there."""
    assert derived_id("complaint", "ivan", "key-1") == "bc58775928f5528a09e22d01a81afa11"
    assert number("C", "7c9e6679742540de944be07fc1f90ae7") == "C-D6ZNP-3BAGN"
    assert partition("7c9e6679742540de944be07fc1f90ae7") == 5


@given(st.lists(words, min_size=1, max_size=4), st.lists(words, min_size=1, max_size=4))
def test_different_parts_derive_different_identifiers(one: list[str], other: list[str]) -> None:
    assert (derived_id(*one) == derived_id(*other)) == (one == other)


def test_random_identifiers_name_aggregates_and_do_not_repeat() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(Aggregate(kind="case", id=each).id == each for each in made)


@given(identifiers)
def test_a_number_can_be_read_aloud(identifier: str) -> None:
    prefix, one, two = number("C", identifier).split("-")
    assert (prefix, len(one), len(two)) == ("C", 5, 5)
    assert set(one + two).isdisjoint("ILOU")


@given(kinds, identifiers)
def test_a_subject_names_its_aggregate(kind: str, identifier: str) -> None:
    aggregate = Aggregate.model_validate({"kind": kind, "id": identifier})
    assert aggregate_of(aggregate.subject) == aggregate
    assert 0 <= int(aggregate.subject.split(".")[1]) < PARTITIONS


@pytest.mark.parametrize("identifier", ["", "A", "a.b", "a b", "*", ">", "ж", "x" * 65])
def test_what_would_not_be_one_token_of_a_subject_is_no_identifier(identifier: str) -> None:
    with pytest.raises(ValidationError):
        Aggregate(kind="case", id=identifier)


@pytest.mark.parametrize("subject", ["", "case", "case.01", "timer.01.x", "case.01.x.y"])
def test_a_subject_that_is_no_aggregates_is_refused(subject: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        aggregate_of(subject)


@given(kinds)
def test_every_aggregate_has_one_stream_that_keeps_its_facts(kind: str) -> None:
    stream = stream_of(kind)
    assert stream.facts
    holders = [each for each in STREAMS if any(s.startswith(f"{kind}.") for s in each.subjects)]
    assert holders == [stream]


def test_there_is_no_stream_for_what_is_no_aggregate() -> None:
    with pytest.raises(LookupError):
        stream_of("timer")
