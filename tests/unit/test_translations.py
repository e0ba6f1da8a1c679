"""Everything that is said is said in Russian and Arabic too, with the same values in it."""

import re
from collections.abc import Iterable

import pytest
from babel.messages.catalog import Message

from deploy.messages import TRANSLATED, catalogue, missing, said_in, services
from services.runtime.catalogues import SHARED, catalogues
from services.runtime.locales import locale

_VALUE = re.compile(r"%\((\w+)\)[sd]|%(?!\()(.)")

EVERY = [(service, language) for service in services() for language in TRANSLATED]


def _values(text: str) -> set[str]:
    return {name or sign for name, sign in _VALUE.findall(text)}


def _names(messages: Iterable[Message]) -> list[str]:
    return [str(message.id) for message in messages]


@pytest.mark.parametrize(("service", "language"), EVERY)
def test_every_sentence_in_the_code_is_translated_in_every_plural_form(
    service: str, language: str
) -> None:
    catalog = catalogue(service, language)
    said = said_in(service)
    unknown = [m for m in said if m.id and catalog.get(m.id, m.context) is None]
    assert _names(unknown) == [], "run `make messages` and translate"
    assert _names(missing(catalog)) == [], "translate, in every plural form"


@pytest.mark.parametrize(("service", "language"), EVERY)
def test_a_catalogue_holds_nothing_that_is_no_longer_said(service: str, language: str) -> None:
    said = said_in(service)
    gone = [m for m in catalogue(service, language) if m.id and said.get(m.id, m.context) is None]
    assert _names(gone) == [], "run `make messages`"


@pytest.mark.parametrize(("service", "language"), EVERY)
def test_a_translation_has_the_values_of_its_original(service: str, language: str) -> None:
    catalog = catalogue(service, language)
    assert catalog.num_plurals == {"ru": 3, "ar": 6}[language]
    for message in catalog:
        if isinstance(message.id, str):
            if message.id and message.string:
                assert _values(str(message.string)) == _values(message.id)
            continue
        singular, plural = map(_values, message.id)
        forms = [_values(form) for form in message.string or () if form]
        # A form for none, one or two may say so in words.
        assert all(form <= singular | plural for form in forms), message.id
        assert not forms or plural in forms, message.id


def test_each_language_counts_as_its_speakers_do() -> None:
    said = catalogues(SHARED)
    counted = [said["ru"].ngettext("%(n)s byte", "%(n)s bytes", n) for n in (1, 3, 5, 21)]
    assert counted == ["%(n)s байт", "%(n)s байта", "%(n)s байт", "%(n)s байт"]
    assert locale("ru-RU").language == "ru"
    assert str(locale("tlh")) == "en_GB"
