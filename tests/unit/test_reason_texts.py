"""Texts that decisions begin with: what is filled in, what is left, and what is refused."""

import pytest

from services.moderation.reason_texts import (
    ReasonText,
    Wording,
    WriteReasonText,
    check,
    offered,
    shipped,
    unfilled,
)
from services.runtime.problems import Invalid

ENGLISH = Wording(language="en", title="Fake", text="“{title}” bears [brand]. See [evidence].")
RUSSIAN = Wording(language="ru", title="Подделка", text="«{title}» несёт [бренд].")
TEXT = ReasonText(id="fake", types=("CF",), wordings=(ENGLISH, RUSSIAN))


def test_a_text_is_offered_in_the_readers_language_else_in_english() -> None:
    assert offered(TEXT, "ru", title="Nike {x}").text == "«Nike {x}» несёт [бренд]."
    arabic = offered(TEXT, "ar", title="Nike")
    assert (arabic.title, arabic.fields) == ("Fake", ("[brand]", "[evidence]"))
    only = TEXT.model_copy(update={"wordings": (RUSSIAN,)})
    assert offered(only, "ar", title="Nike").title == "Подделка"


def test_a_field_that_was_left_is_found_and_other_brackets_are_the_authors_own() -> None:
    facts = "“Nike” bears [brand]. The seller wrote [sic] so, and [brand] again."
    assert unfilled(facts, [TEXT]) == ["[brand]"]
    assert unfilled("It bears Nike [sic].", [TEXT]) == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (WriteReasonText(types=("XX",), wordings=(ENGLISH,)), "types"),
        (WriteReasonText(wordings=(ENGLISH, ENGLISH)), "wordings"),
        (
            WriteReasonText(wordings=(ENGLISH.model_copy(update={"text": "{seller} lies."}),)),
            "wordings.en.text",
        ),
    ],
)
def test_what_nobody_could_use_is_refused_beside_its_field(
    asked: WriteReasonText, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check(asked)
    assert [each["field"] for each in refused.value.errors] == [field]


def test_the_texts_of_the_software_can_be_written_as_they_are() -> None:
    for each in shipped():
        check(WriteReasonText(types=each.types, wordings=each.wordings))
        assert {wording.language for wording in each.wordings} == {"en", "ru", "ar"}
