"""Why a command was refused, as a fact keeps it, said in the language of whoever reads it.

What a bulk action came to is kept in English, case by case. Sentences without values are found in
the catalogue as they are; those with values are taken apart here.
"""

from collections.abc import Iterator
from typing import Final

from babel.support import NullTranslations

from services.moderation import refusals
from services.moderation.command_names import COMMAND_NAMES
from services.moderation.party_words import OUTCOMES
from services.moderation.transitions import STATES
from services.runtime import problems
from services.runtime.phrases import Phrases
from services.runtime.sentences import Sentence
from services.runtime.sentences import gettext as _


def _titles() -> Iterator[str]:
    for module in (problems, refusals):
        for each in vars(module).values():
            if isinstance(each, type) and issubclass(each, problems.Refused):
                yield each.title


_PHRASES: Final = Phrases(
    (
        *_titles(),
        _("The case has changed since you looked."),
        _("Your role does not allow “%(command)s”."),
        _("“%(command)s” is not possible while the case is %(state)s; %(possible)s."),
        _("possible now: %(commands)s"),
        _("nothing is possible now"),
        _("The case was decided (%(outcome)s). Decisions are changed on appeal only."),
        _("The case has been on hold since %(since)s. Resume it first."),
        _("The case has been on hold since %(since)s."),
        _("%(holder)s is working on this case until %(until)s UTC."),
        _(
            "Your claim ran out at %(until)s UTC. Claim the case again; nothing that you "
            "wrote is lost."
        ),
        _("The policy gives at most %(n)s days more."),
    ),
    words=(*COMMAND_NAMES.values(), *STATES.values(), *OUTCOMES.values()),
)


def refusal_said(text: str, translations: NullTranslations, language: str) -> str:
    """`text` in `language`, where it is a refusal of this software; else as it is."""
    found = _PHRASES.recognised(text)
    if isinstance(found, Sentence):
        return found.told(translations, language)
    return translations.gettext(text) if text else ""
