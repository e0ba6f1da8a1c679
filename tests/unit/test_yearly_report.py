"""The parts of the yearly report that staff enter: forms, checks, the file."""

import csv
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from services.moderation.api.examples import REPORT_ENTRIES
from services.moderation.api.reports import EnterReport
from services.moderation.outgoing.report import as_csv, figures, with_entries
from services.moderation.outgoing.report_template import (
    ALL,
    RECIPIENTS,
    TEMPLATE,
    Entry,
    Wanted,
    categories,
    check,
)
from services.moderation.web.report_forms import entries_of, form_of
from services.runtime.problems import Invalid

RECIPIENTS_FIELD = f"e{next(i for i, each in enumerate(TEMPLATE) if each.section == RECIPIENTS)}"


def _values(wanted: Wanted) -> st.SearchStrategy[Entry]:
    text = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)
    number = st.integers(0, 10**9).map(float) | st.floats(0, 1).map(lambda x: round(x, 4))
    return st.builds(
        Entry,
        section=st.just(wanted.section),
        indicator=st.just(wanted.indicator),
        category=st.sampled_from(sorted(categories(wanted.split))),
        value=number if wanted.kind == "number" else st.none(),
        text=st.just("") if wanted.kind == "number" else text,
    )


entered = st.tuples(
    *(st.lists(_values(each), max_size=3, unique_by=lambda e: e.category) for each in TEMPLATE)
).map(lambda lists: [entry for each in lists for entry in each])


@given(entered)
def test_what_was_entered_comes_back_from_its_form_the_same(entries: list[Entry]) -> None:
    check(entries)
    form = form_of(entries)
    again = entries_of(FormData([(name, text) for name, (text,) in form.values.items()]))
    assert sorted(again, key=str) == sorted(entries, key=str)


@given(entered)
def test_every_row_of_the_template_is_in_the_report_entered_or_marked(entries: list[Entry]) -> None:
    rows = with_entries(figures((), (), ()), entries)
    by_source = {
        source: [(each.section, each.indicator) for each in rows if each.source == source]
        for source in ("counted", "entered", "missing")
    }
    wanted = {(each.section, each.indicator) for each in TEMPLATE}
    assert set(by_source["entered"]) | set(by_source["missing"]) == wanted
    assert not set(by_source["entered"]) & set(by_source["missing"])
    assert len(by_source["entered"]) == len(entries)
    sections = [each.section for each in rows]
    changes = sum(one != other for one, other in pairwise(sections))
    assert changes + 1 == len(set(sections))  # each section stands in one place


def test_the_file_says_what_is_to_be_filled_in_and_runs_no_formula() -> None:
    words = Entry(section=TEMPLATE[0].section, indicator=TEMPLATE[0].indicator, text="=1+1")
    rows = list(csv.DictReader(io.StringIO(as_csv(with_entries((), [words])))))
    assert rows[0]["text"] == "'=1+1"
    missing = [each for each in rows if each["source"] == "missing"]
    assert len(missing) == len(TEMPLATE) - 1
    assert {each["text"] for each in missing} == {"to be filled in by the platform"}
    assert {each["value"] for each in missing} == {""}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("XX 12", "There is no category XX here."),
        ("DE 12\nde 13", "This is said twice: de."),
        ("DE many", "Enter a number, such as 1200 or 0.95, and not many."),
        ("DE -1", "Enter a number, such as 1200 or 0.95, and not -1."),
        ("DE nan", "Enter a number, such as 1200 or 0.95, and not nan."),
    ],
)
def test_what_cannot_be_counted_is_refused_beside_its_field(text: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        entries_of(FormData({RECIPIENTS_FIELD: text}))
    assert refused.value.errors == [{"field": RECIPIENTS_FIELD, "message": sentence}]


def test_numbers_are_read_as_people_write_them() -> None:
    entries = entries_of(FormData({RECIPIENTS_FIELD: "de 1 200 000\n all 0,5\n"}))
    assert [(each.category, each.value) for each in entries] == [(ALL, 0.5), ("DE", 1_200_000)]


def test_the_api_refuses_what_the_report_does_not_ask_for() -> None:
    strange = Entry(section="wishes", indicator="more", value=1)
    silent = Entry(section=RECIPIENTS, indicator="average monthly active recipients")
    with pytest.raises(Invalid) as refused:
        check([strange, silent])
    assert [each["field"] for each in refused.value.errors] == ["entries.0", "entries.1"]


@pytest.mark.parametrize("example", [body for _, body in REPORT_ENTRIES])
def test_the_documentations_example_is_taken(example: dict[str, object]) -> None:
    check(EnterReport.model_validate(example).entries)
