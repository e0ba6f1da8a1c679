"""Why a command was refused is kept in English by bulk actions, and said in any language."""

from pathlib import Path

import pytest

from services import moderation
from services.moderation.bulk import POSSIBLE
from services.moderation.command_names import COMMAND_NAMES
from services.moderation.commands import Hold
from services.moderation.refusal_words import refusal_said
from services.moderation.transitions import STAFF_COMMANDS, permit
from services.runtime.catalogues import catalogues
from services.runtime.problems import Refused
from services.runtime.sentences import Sentence
from tests.cases import MIA, MINUTE, MONDAY, OLGA, SARA, SVEN, given
from tests.policy_table import STATES

SAID = catalogues(Path(moderation.__file__).with_name("translations"))


def test_every_command_of_staff_has_a_name_for_people() -> None:
    assert set(COMMAND_NAMES) == set(STAFF_COMMANDS)


@pytest.mark.parametrize("state", [each for each in STATES if each != "new"])
def test_every_refusal_is_said_as_if_it_were_told_at_once(state: str) -> None:
    story = given(*STATES[state])
    cases = [story.case]
    if not story.when(Hold(reason="The police asks.")).refusal:
        cases.append(story.case)
    for case in cases:
        for name in POSSIBLE:
            for by in (MIA, SARA, SVEN, OLGA):
                try:
                    permit(case, STAFF_COMMANDS[name], by, MONDAY + MINUTE)
                except Refused as refused:
                    _is_said_alike(refused.detail)
                    _is_said_alike(refused.title)


def _is_said_alike(sentence: str) -> None:
    assert isinstance(sentence, Sentence)
    kept = str(sentence)  # what a fact keeps
    for language in ("en", "ru", "ar"):
        translations = SAID[language]
        said = refusal_said(kept, translations, language)
        assert said == sentence.told(translations, language)
        assert (said == kept) == (language == "en")


def test_what_somebody_wrote_stays_as_it_is() -> None:
    for text in ("Nobody knows.", "It is “Decide” and open; so much.", ""):
        assert refusal_said(text, SAID["ru"], "ru") == text
