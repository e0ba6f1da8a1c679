"""Sentences that the software itself wrote into facts, in English, said in a reader's language.

A fact keeps what was told, as it was told. Grounds and explanations in it are a person's own words,
which are never altered, or one of these: rules that the policy names, and what a service says of
what it did. Those are recognised when somebody reads them.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from services.runtime.catalogues import catalogues
from services.runtime.sentences import Sentence, listed
from services.runtime.sentences import gettext as _

PHRASES: Final = (
    # The rules of the complaint policy.
    _("Marketplace rules: intellectual property"),
    _(
        "Offering counterfeit goods or using the rights of others without permission is not "
        "allowed."
    ),
    _("Marketplace rules: restricted and prohibited products"),
    _("Goods on the list of restricted and prohibited products may not be offered."),
    _("Marketplace rules: search manipulation"),
    _("A listing must stand in its own category, with a true title, price and attributes."),
    _("Marketplace rules: trade outside the marketplace"),
    _("Members may not lead others to pay or to deal outside the marketplace."),
    _("Marketplace rules: false information"),
    _("What a listing says about goods, delivery and seller must be true."),
    # Why a measure was imposed, or lifted.
    _("The decision on the case imposes it."),
    _("%(total)s points in the %(track)s track reached the threshold of %(threshold)s."),
    _("What it rested on was taken off the record."),
    _("The decision that imposed it was changed."),
    _("The decision takes its place."),
    _("The complaint was withdrawn."),
    # Why an appeal is not heard.
    _("This decision does not stand any more, or cannot be appealed against."),
    _("This decision answered your own appeal. You can turn to a court."),
    _("The complaint is not one of this case, or it was withdrawn."),
    _("The time to appeal ended on %(until)s."),
    _("You have appealed against this decision already."),
)

_VALUE: Final = re.compile(r"%\\\((\w+)\\\)s")
_MOMENT: Final = "%d %B %Y, %H:%M UTC"


class Phrases:
    """Sentences of our own, to be recognised in English text. `words` are what may stand in them
    as a value, one or several parted by commas; alone, somebody may have written the same."""

    def __init__(self, phrases: Iterable[str], words: Iterable[str] = ()) -> None:
        every = tuple(phrases)
        self._plain = {str(each): each for each in every if "%(" not in each}
        self._words = {str(each): each for each in words}
        self._patterns = tuple(
            (re.compile(_VALUE.sub(r"(?P<\1>.{1,300}?)", re.escape(str(each)))), each)
            for each in every
            if "%(" in each
        )

    def recognised(self, text: str) -> str:
        """`text` as a sentence to be said in the reader's language, where it is one of ours; else
        the same text."""
        if (phrase := self._plain.get(text)) is not None:
            return phrase
        for pattern, phrase in self._patterns:
            if (found := pattern.fullmatch(text)) is not None:
                values = {name: self._value(each) for name, each in found.groupdict().items()}
                said: str = phrase % values
                return said
        return text

    def _value(self, text: str) -> Any:
        with suppress(ValueError):
            return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
        parts = text.split(", ")
        if all(part in self._words for part in parts):
            return listed([self._words[part] for part in parts])
        return self.recognised(text)


_OURS: Final = Phrases(PHRASES)


def recognised(text: str) -> str:
    """`text` as a sentence to be said in the reader's language, where it is one of ours; else the
    same text."""
    return _OURS.recognised(text)


def said(text: str, language: str) -> str:
    """`text` in `language`, where it is one of ours; else the same text."""
    phrase = recognised(text)
    if not isinstance(phrase, Sentence):
        return text
    return phrase.told(catalogues()[language], language)
