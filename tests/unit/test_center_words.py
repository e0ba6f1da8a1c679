"""What the Complaint Center's pages say, in the reader's language."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import services.moderation.web
from contracts.case import Ground, StatementOfReasons
from services.moderation.party_models import DecisionOnAccused, MeasureOfDecision
from services.moderation.web.routes import FUNCTIONS
from services.runtime.locales import moment_text, short_moment_text
from services.runtime.web import Pages
from services.runtime.web.text import Reader, reading

AT = datetime(2026, 11, 22, 21, 15, tzinfo=UTC)
WEB = Path(services.moderation.web.__file__).parent


def statement_told(*restrictions: str, measures: tuple[MeasureOfDecision, ...]) -> str:
    """The statement of reasons, in English."""
    pages = Pages(
        WEB / "templates",
        service="moderation",
        clock=lambda: AT,
        translations=WEB.parent / "translations",
        functions=FUNCTIONS,
    )
    ground = Ground(kind="contract", reference="4.2", explanation="The rule.")
    decision = DecisionOnAccused(
        id="d",
        outcome="upheld",
        statement=StatementOfReasons.model_validate(
            {"facts": "The facts.", "ground": ground, "restrictions": restrictions, "redress": ()}
        ),
        measures=measures,
        at=AT,
        appeal_until=None,
    )
    with reading(Reader("en", AT, pages.translations["en"], "")):
        macro = pages._environment.get_template("statement.html").module.statement  # type: ignore[attr-defined]
        return str(macro(decision))


def test_a_statement_of_reasons_names_each_measure_once_however_it_was_imposed() -> None:
    told = statement_told(
        "warning",
        "account_frozen",
        measures=(
            MeasureOfDecision(kind="warning", days=None),
            MeasureOfDecision(kind="account_frozen", days=7),
        ),
    )
    assert told.count("Warning") == 1
    assert told.count("Account frozen") == 1
    assert "Account frozen: 7 days" in told


def test_a_restriction_of_an_older_decision_without_measures_is_named_too() -> None:
    assert "Listing hidden" in statement_told("listing_hidden", measures=())


@pytest.mark.parametrize(
    ("language", "full", "short"),
    [
        ("en", "22 November 2026, 21:15 UTC", "22 Nov 2026, 21:15 UTC"),
        ("ru", "22 ноября 2026 г., 21:15 UTC", "22 нояб. 2026 г., 21:15 UTC"),
        ("ar", "22 نوفمبر 2026، 21:15 UTC", "22 نوفمبر 2026، 21:15 UTC"),
    ],
)
def test_a_moment_is_written_with_the_commas_of_its_language(
    language: str, full: str, short: str
) -> None:
    assert _plain(moment_text(AT, language)) == full
    assert _plain(short_moment_text(AT, language)) == short


def _plain(text: str) -> str:
    """With ordinary spaces, and without marks of direction."""
    return text.replace("\xa0", " ").replace("\u202f", " ").replace("\u200f", "")
