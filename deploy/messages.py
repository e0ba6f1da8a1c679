"""Brings the catalogues of translations up to date with the code: `python -m deploy.messages`.

Every service has `translations/<language>.po`. What is new is added untranslated, what is no longer
said is taken out, and what is left to do is printed. What the runtime's catalogue has, the others
need not.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from services.runtime.locales import ENGLISH, LANGUAGES, locale

SERVICES: Final = Path(__file__).parents[1] / "services"
SHARED: Final = "runtime"
TRANSLATED: Final = tuple(language for language in LANGUAGES if language != ENGLISH)

_METHODS: Final = [("**.py", "python"), ("**.html", "jinja2"), ("**.j2", "jinja2")]
_OPTIONS: Final = {
    pattern: {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
    for pattern in ("**.html", "**.j2")
}
_KEYWORDS: Final[dict[str, Any]] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def services() -> list[str]:
    """The folders of services that have catalogues, the shared one first."""
    found = sorted(folder.parent.name for folder in SERVICES.glob("*/translations"))
    return [SHARED, *(name for name in found if name != SHARED)]


def said_in(service: str) -> Catalog:
    """Every sentence that is marked in the code and templates of a service, but not in the shared
    ones. Raises jinja2.TemplateSyntaxError."""
    shared = said_in(SHARED) if service != SHARED else Catalog()
    template = Catalog()
    found = extract_from_dir(
        SERVICES / service, _METHODS, _OPTIONS, keywords=_KEYWORDS, comment_tags=["i18n:"]
    )
    for file, _, message, comments, context in found:
        if message and shared.get(message, context) is None:
            where = [(f"services/{service}/{Path(file).as_posix()}", 0)]
            template.add(message, None, where, auto_comments=comments, context=context)
    return template


def file_of(service: str, language: str) -> Path:
    return SERVICES / service / "translations" / f"{language}.po"


def catalogue(service: str, language: str) -> Catalog:
    """The catalogue as it is in the tree; empty when there is none yet."""
    file = file_of(service, language)
    if not file.exists():
        return Catalog(locale=locale(language))
    with file.open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def missing(catalog: Catalog) -> Iterator[Message]:
    """Messages that are not, or not in every plural form, translated."""
    for message in catalog:
        forms = message.string if message.pluralizable else (message.string,)
        if message.id and not (forms and all(forms)):
            yield message


def update(service: str, language: str) -> Catalog:
    """The catalogue with exactly the messages that the service says now."""
    catalog = catalogue(service, language)
    catalog.update(said_in(service), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    return catalog


def save(service: str, language: str, catalog: Catalog) -> None:
    # Neither dates nor line numbers: they would change with every edit of the code.
    file = file_of(service, language)
    with file.open("wb") as target:
        target.write(
            'msgid ""\nmsgstr ""\n'
            f'"Language: {language}\\n"\n'
            '"MIME-Version: 1.0\\n"\n'
            '"Content-Type: text/plain; charset=utf-8\\n"\n'
            '"Content-Transfer-Encoding: 8bit\\n"\n'
            f'"Plural-Forms: {catalog.plural_forms}\\n"\n\n'.encode()
        )
        write_po(target, catalog, width=0, omit_header=True, sort_output=True, include_lineno=False)


def main() -> None:
    for service in services():
        for language in TRANSLATED:
            catalog = update(service, language)
            save(service, language, catalog)
            left = list(missing(catalog))
            print(f"{file_of(service, language).relative_to(SERVICES.parent)}: {len(left)} to do")
            for message in left:
                sys.stdout.write(f"  {message.id}\n")


if __name__ == "__main__":
    main()
