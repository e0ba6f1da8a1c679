"""Facts are for ever: what was written once is read alike by every version that follows."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts import codec
from contracts.codec import Fact, Undecodable, decode, encode
from contracts.envelope import Meta, aggregate_of, caused_by
from contracts.streams import STREAMS
from tests.contract.examples import EXAMPLES, GOLDEN, META, golden_file, message
from tests.contract.facts import FACT_CLASSES, facts, metas

named = pytest.mark.parametrize(("kind", "fact"), EXAMPLES, ids=[fact.type for _, fact in EXAMPLES])


@named
def test_every_version_ever_written_is_read_as_the_fact_of_today(kind: str, fact: Fact) -> None:
    for version in range(1, fact.version + 1):
        golden = GOLDEN / f"{fact.type}.v{version}.json"
        assert golden.exists(), f"{golden.name} is missing: python -m tests.contract.examples"
        read = decode(golden.read_bytes(), sequence=7)
        assert read.facts == (fact,)
        assert (read.meta, read.sequence) == (META, 7)
        assert aggregate_of(read.subject).kind == kind


@named
def test_what_is_written_today_is_the_newest_golden_file(kind: str, fact: Fact) -> None:
    golden = json.loads(golden_file(fact).read_bytes())
    assert _said(golden) == _said(json.loads(message(kind, fact)))


def _said(value: Any) -> Any:
    """Without what is empty: a field that was added later may stand there as null or false."""
    if isinstance(value, dict):
        empty: tuple[object, ...] = (None, [], {}, False)
        return {name: _said(each) for name, each in value.items() if each not in empty}
    return [_said(each) for each in value] if isinstance(value, list) else value


def test_there_is_an_example_of_every_fact_and_a_fact_for_every_golden_file() -> None:
    known: dict[str, int] = {fact.type: fact.version for _, fact in EXAMPLES}
    assert set(known) == {each.__name__ for each in FACT_CLASSES}
    for golden in GOLDEN.iterdir():
        name, version, suffix = golden.name.split(".")
        assert suffix == "json"
        assert int(version.removeprefix("v")) <= known[name]


@given(said=st.lists(facts(), min_size=1, max_size=3), meta=metas())
def test_whatever_is_written_is_read_back_equal(said: list[Fact], meta: Meta) -> None:
    payload = encode(source="redress/x", subject="case.07.a", meta=meta, facts=tuple(said))
    read = decode(payload, sequence=1)
    assert read.facts == tuple(said)
    assert read.meta == meta
    again = encode(source="redress/x", subject=read.subject, meta=read.meta, facts=read.facts)
    assert again == payload


def test_a_message_without_facts_is_not_written() -> None:
    with pytest.raises(ValueError, match="says nothing"):
        encode(source="redress/x", subject="case.07.a", meta=META, facts=())


def test_what_follows_from_a_message_keeps_its_correlation_and_names_it_as_the_cause() -> None:
    follows = caused_by(META, command="c", time=META.time, actor="service:moderation")
    assert follows.correlation == META.correlation
    assert (follows.id, follows.causation) == ("c", META.id)


def test_an_older_version_is_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_a_day(fact: dict[str, Any]) -> dict[str, Any]:
        return {**fact, "version": 0, "at": f"{fact['at']}T00:00:00Z"}

    def by_somebody(fact: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in fact.items() if name != "moderator"}
        return {**kept, "version": 1, "by": fact["moderator"]}

    monkeypatch.setitem(codec.UPCASTERS, ("CaseReleased", -1), at_a_day)
    monkeypatch.setitem(codec.UPCASTERS, ("CaseReleased", 0), by_somebody)
    old = {"type": "CaseReleased", "version": -1, "moderator": "mia", "at": "2015-05-05"}
    _, today = next(each for each in EXAMPLES if each[1].type == "CaseReleased")
    document = json.loads(message("case", today))
    document["data"].insert(0, old)
    lifted, untouched = decode(json.dumps(document).encode(), sequence=1).facts
    assert lifted.model_dump(mode="json") == {
        "type": "CaseReleased",
        "version": 1,
        "by": "mia",
        "at": "2015-05-05T00:00:00Z",
    }
    assert untouched == today


def _without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: document.pop(name)


@pytest.mark.parametrize(
    "spoil",
    [
        _without("id"),
        _without("data"),
        lambda document: document.update(specversion="0.3"),
        lambda document: document.update(time="2026-03-02T09:30:15"),  # no zone
        lambda document: document.update(data="nothing"),
        lambda document: document.update(data=[7]),
        lambda document: document.update(data=[{"type": ["x"], "version": {}}]),
        lambda document: document["data"][0].update(type="CaseForgotten"),
        lambda document: document["data"][0].update(version=99),
        lambda document: document["data"][0].pop("at"),
    ],
)
def test_what_no_version_explains_is_undecodable(
    spoil: Callable[[dict[str, Any]], object],
) -> None:
    _, fact = next(each for each in EXAMPLES if each[1].type == "CaseReleased")
    document = json.loads(message("case", fact))
    spoil(document)
    with pytest.raises(Undecodable):
        decode(json.dumps(document).encode(), sequence=1)


@named
def test_an_older_process_reads_what_a_newer_one_wrote_without_the_fields_it_does_not_know(
    kind: str, fact: Fact
) -> None:
    document = json.loads(message(kind, fact))
    document["traceparent"] = "00-1"
    document["data"] = [_with_news(each) for each in document["data"]]
    read = decode(json.dumps(document).encode(), sequence=1)
    assert read.facts == (fact,)


def _with_news(value: Any) -> Any:
    """With a field that nobody knows in every object, but in `params`, which are free."""
    if isinstance(value, list):
        return [_with_news(each) for each in value]
    if not isinstance(value, dict):
        return value
    known = {n: each if n == "params" else _with_news(each) for n, each in value.items()}
    return known | {"a_newer_field": [1]}


def test_a_refusal_to_read_tells_nothing_personal() -> None:
    """It is logged, and laid down with the dead letters."""
    document = json.loads(message(*EXAMPLES[0]))
    document["data"][0] |= {"version": 99, "complainant": "ivan@example.com"}
    with pytest.raises(Undecodable) as refused:
        decode(json.dumps(document).encode(), sequence=1)
    assert "ivan" not in str(refused.value)
    assert "complainant" in str(refused.value)


@given(st.binary(max_size=200) | st.text().map(json.dumps).map(str.encode))
@example(b"[" * 100_000)
@example(b'{"data": [' + b'{"type": ' * 1000 + b"}")
def test_garbage_is_undecodable_and_nothing_worse(garbage: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(garbage, sequence=1)


@named
def test_a_fact_cannot_be_changed_nor_carry_what_it_does_not_declare(kind: str, fact: Fact) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(fact, "type", "Other")  # noqa: B010  # what type checkers would not let through
    with pytest.raises(ValidationError, match="Extra inputs"):
        type(fact).model_validate({**fact.model_dump(), "mood": "bad"})
    assert any(
        subject.startswith(f"{kind}.")
        for stream in STREAMS
        if stream.facts
        for subject in stream.subjects
    )
