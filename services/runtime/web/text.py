"""Whom a page is written for, and gettext in that reader's language.

The reader is a context variable because templates' macros, filters and route handlers all need it,
and none of them should have to pass it on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from gettext import NullTranslations

_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


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


def direction(language: str) -> str:
    """The writing direction of a BCP 47 language: `rtl` or `ltr`."""
    return "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


_NOBODY = Reader("en", datetime.min.replace(tzinfo=UTC), NullTranslations(), "")
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


def gettext(message: str) -> str:
    """`message` in the reader's language."""
    return _reader.get().translations.gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """The plural form of the reader's language for `n`."""
    return _reader.get().translations.ngettext(singular, plural, n)


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
