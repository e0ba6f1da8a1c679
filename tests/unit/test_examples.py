"""R25: every reason is explained by an example, in every language."""

import pytest

from contracts.taxonomy import taxonomy
from services.intake.articles import LANGUAGES
from services.intake.examples import example_of

REASONS = [reason.code for kind in taxonomy().types for reason in kind.reasons]


@pytest.mark.parametrize("language", LANGUAGES)
def test_r25_every_reason_has_its_example(language: str) -> None:
    told = {code: example_of(code, language) for code in REASONS}
    assert [code for code, text in told.items() if not text] == []
    assert not any(mark in text for text in told.values() for mark in ("**", "](", "`"))


def test_a_reader_of_another_language_is_told_in_english() -> None:
    assert example_of("SM3", "de") == example_of("SM3", "en")
    assert "cosmetic" in example_of("SM3", "en")
    assert example_of("XX", "en") == ""
