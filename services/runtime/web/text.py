"""Whom a page is written for, and how it is told to that reader.

The reader is a context variable because templates' macros, filters and functions all need it, and
none of them should have to pass it on.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from babel.support import NullTranslations
from markupsafe import Markup

from services.runtime.locales import ENGLISH, direction
from services.runtime.sentences import Sentence, shown


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader of one page. `now` is the moment that deadlines are told relative to."""

    language: str
    now: datetime
    translations: NullTranslations
    csrf_token: str

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return direction(self.language)


_NOBODY = Reader(ENGLISH, datetime.min.replace(tzinfo=UTC), NullTranslations(), "")
_reader: ContextVar[Reader] = ContextVar("reader", default=_NOBODY)


def reader() -> Reader:
    """The reader of the page being made."""
    return _reader.get()


@contextmanager
def reading(someone: Reader) -> Iterator[None]:
    """Everything rendered inside is for `someone`."""
    token = _reader.set(someone)
    try:
        yield
    finally:
        _reader.reset(token)


def told(text: Any) -> Any:
    """A marked sentence as text in the reader's language; anything else as it is.

    What templates show goes through this by itself. Python code needs it where a sentence becomes
    a part of other text.
    """
    if isinstance(text, Sentence):
        someone = _reader.get()
        return text.told(someone.translations, someone.language)
    return text


# Templates' own gettext. Its values may be marked sentences, numbers and times, which Jinja's would
# show as Python does. Like Jinja's it wants `%%` for a percent sign.


def gettext(message: str, /, **values: Any) -> Markup:
    """`message` in the reader's language."""
    return _filled(_reader.get().translations.gettext(message), values)


def ngettext(singular: str, plural: str, n: int, /, **values: Any) -> Markup:
    """The plural form of the reader's language for `n`."""
    text = _reader.get().translations.ngettext(singular, plural, n)
    return _filled(text, {"num": n, **values})


def pgettext(context: str, message: str, /, **values: Any) -> Markup:
    """`message` as it is said in `context` in the reader's language."""
    return _filled(str(_reader.get().translations.pgettext(context, message)), values)


def npgettext(context: str, singular: str, plural: str, n: int, /, **values: Any) -> Markup:
    """The plural form of the reader's language for `n`, as it is said in `context`."""
    text = _reader.get().translations.npgettext(context, singular, plural, n)
    return _filled(str(text), {"num": n, **values})


def _filled(text: str, values: Mapping[str, Any]) -> Markup:
    someone = _reader.get()
    return Markup(text) % {
        name: shown(value, someone.translations, someone.language) for name, value in values.items()
    }


def languages_accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first; `*` is left out."""
    wanted: list[tuple[float, str]] = []
    for part in header[:1000].split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.partition("q=")[2] or 1)
        except ValueError:
            continue
        if tag and tag != "*" and quality > 0:
            wanted.append((quality, tag.lower()))
    return [tag for _, tag in sorted(wanted, key=lambda pair: -pair[0])]


def negotiate(wanted: list[str], available: tuple[str, ...]) -> str:
    """The first wanted language that is available, by its primary subtag; else the first."""
    for tag in wanted:
        primary = tag.partition("-")[0]
        if primary in available:
            return primary
    return available[0]
