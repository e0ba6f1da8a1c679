"""R25: every reason is explained by an example, in every language."""

import pytest

from contracts.taxonomy import taxonomy
from services.intake.articles import LANGUAGES
from services.intake.examples import examples_of

REASONS = [reason.code for kind in taxonomy().types for reason in kind.reasons]


@pytest.mark.parametrize("language", LANGUAGES)
def test_r25_every_reason_has_its_example(language: str) -> None:
    told = {code: examples_of(code)[language] for code in REASONS}
    assert [code for code, text in told.items() if not text] == []
    assert not any(mark in text for text in told.values() for mark in ("**", "](", "`"))


def test_the_guides_own_example_is_told() -> None:
    assert "cosmetic" in examples_of("SM3")["en"]
    assert examples_of("XX")["en"] == ""
