"""Words of the console that are put together from others are in the reader's language whole."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.taxonomy import taxonomy
from services import moderation
from services.moderation.policy import policy
from services.moderation.web.bulk_forms import bulk_forms
from services.moderation.web.command_forms import CommandForm
from services.moderation.web.queue_labels import filter_said
from services.runtime.catalogues import catalogues
from services.runtime.sentences import shown

CATALOGUES = catalogues(Path(moderation.__file__).with_name("translations"))
LATIN = re.compile(r"[a-z]{3,}")


def told(text: object, language: str) -> str:
    return str(shown(text, CATALOGUES[language], language))


def words(form: CommandForm) -> Iterator[object]:
    yield from (form.label, form.button)
    for field in form.fields:
        yield from (field.label, field.hint, *(label for _, label in field.options))


@pytest.mark.parametrize("language", ["ru", "ar"])
def test_the_forms_of_bulk_actions_have_no_english_in_them(language: str) -> None:
    said = [told(each, language) for form in bulk_forms(policy()) for each in words(form)]
    assert len(said) > len([reason for kind in taxonomy().types for reason in kind.reasons])
    assert [each for each in said if LATIN.search(each)] == []


@pytest.mark.parametrize("language", ["ru", "ar"])
def test_a_filter_of_several_states_has_no_english_in_it(language: str) -> None:
    assert not LATIN.search(told(filter_said("state", ["open", "admitted"]), language))


@pytest.mark.parametrize(("language", "comma"), [("en", ", "), ("ru", ", "), ("ar", "، ")])
def test_a_list_has_the_commas_of_its_language(language: str, comma: str) -> None:
    states = ["open", "admitted", "decided"]
    said = told(filter_said("state", states), language)
    assert said == comma.join(told(filter_said("state", [each]), language) for each in states)
