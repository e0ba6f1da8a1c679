"""Sentences that are written once, in English, and said in the language of whoever reads them.

Whoever refuses a command or names a state knows neither page nor reader. So what is marked here
stays with its values until somebody reads it: a page says it in its reader's language, and
everything else (logs, mails' ledgers, tests) sees plain English text.

    from services.runtime.sentences import gettext as _, ngettext

    raise NotFound(_("There is no case %(id)s.") % {"id": case_id})
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import reduce
from typing import Annotated, Any, Final

from babel.support import NullTranslations
from pydantic import ValidatorFunctionWrapHandler, WrapValidator
from typing_extensions import override

from services.runtime.locales import (
    ENGLISH,
    LANGUAGES,
    date_text,
    decimal_text,
    locale,
    moment_text,
)

_PLAIN: Final = NullTranslations()


class Sentence(str):
    """The English text, and what it takes to say the same in another language.

    Its values are filled in with `%`, by name. Numbers, times, and sentences among them are said
    in the reader's language too.
    """

    __slots__ = ("_context", "_count", "_message", "_plural", "_values")

    _message: str
    _plural: str
    _count: int
    _context: str
    _values: Mapping[str, Any] | None

    @classmethod
    def of(
        cls,
        message: str,
        *,
        plural: str = "",
        count: int = 0,
        context: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> "Sentence":
        """`message` as the catalogues know it; with `plural`, the form is chosen by `count`."""
        english = plural if plural and count != 1 else message
        if values is not None:
            english %= {name: _in_english(value) for name, value in values.items()}
        made = cls(english)
        made._message, made._plural, made._count = message, plural, count
        made._context, made._values = context, values
        return made

    @override
    def __mod__(self, values: Any) -> "Sentence":
        """The sentence with its values filled in. Raises KeyError when one is missing."""
        return Sentence.of(
            self._message,
            plural=self._plural,
            count=self._count,
            context=self._context,
            values=values,
        )

    @override
    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)

    def told(self, translations: NullTranslations, language: str) -> str:
        """The sentence in `language`, of which `translations` is the catalogue."""
        if self._plural:
            text = translations.ngettext(self._message, self._plural, self._count)
        elif self._context:
            text = str(translations.pgettext(self._context, self._message))
        else:
            text = translations.gettext(self._message)
        if self._values is None:
            return text
        filled = {name: shown(v, translations, language) for name, v in self._values.items()}
        return text % filled


def _kept(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    return value if isinstance(value, Sentence) else check(value)


Said = Annotated[str, WrapValidator(_kept)]
"""A field of a model for a marked sentence; as a plain `str` it would be English for ever."""


class Name(Sentence):
    """What data, not the catalogues, names in several languages."""

    __slots__ = ("_names",)

    _names: Mapping[str, str]

    @override
    def told(self, translations: NullTranslations, language: str) -> str:
        return self._names.get(language, str(self))


def named(names: Mapping[str, str]) -> str:
    """A name by language, English among them."""
    made = Name(names[ENGLISH])
    made._names = names
    return made


def language_name(tag: str) -> str:
    """A language's name; its BCP 47 tag where Babel knows no name for it."""
    primary = tag.partition("-")[0]
    return named({each: locale(each).languages.get(primary, tag) for each in LANGUAGES})


def gettext(message: str) -> str:
    """Marks a sentence (import it as `_`)."""
    return Sentence.of(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Marks a sentence that counts something, in English for one and for many.

    `%` fills in `n` like any other value.
    """
    return Sentence.of(singular, plural=plural, count=n)


def pgettext(context: str, message: str) -> str:
    """Marks a word that other languages say differently in different places."""
    return Sentence.of(message, context=context)


def joined(sentences: Sequence[str], between: str = "; ") -> str:
    """Several sentences as one text."""
    names = [f"s{position}" for position in range(len(sentences))]
    slots = between.join(f"%({name})s" for name in names)
    return Sentence.of(slots, values=dict(zip(names, sentences, strict=True)))


def listed(words: Sequence[str]) -> str:
    """Several words as a list, with the commas of the reader's language; empty for none."""
    first, *others = words or [""]
    return reduce(
        lambda before, word: gettext("%(words)s, %(word)s") % {"words": before, "word": word},
        others,
        first,
    )


def localised(document: Any, translations: NullTranslations, language: str) -> Any:
    """A JSON document with every marked sentence in it said in `language`."""
    match document:
        case Sentence():
            return document.told(translations, language)
        case dict():
            return {k: localised(v, translations, language) for k, v in document.items()}
        case list():
            return [localised(each, translations, language) for each in document]
        case _:
            return document


def _in_english(value: Any) -> Any:
    # A sentence's own text is English: nothing in it is to be filled in again.
    return value if isinstance(value, str) else shown(value, _PLAIN, ENGLISH)


def shown(value: Any, translations: NullTranslations, language: str) -> Any:
    """A value as it stands in a sentence in `language`."""
    match value:
        case Sentence():
            return value.told(translations, language)
        case datetime():
            return moment_text(value, language)
        case date():
            return date_text(value, language)
        case bool() | str():
            return value
        case int() | float():
            return decimal_text(value, language)
        case _:
            return value
