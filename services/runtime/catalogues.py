"""Catalogues of translations: `.po` files in the tree, compiled when a process starts.

A service's own folder is `services/<service>/translations`; what all of them say is in the
runtime's. `python -m deploy.messages` keeps them up to date with the code.
"""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from services.runtime.locales import ENGLISH, LANGUAGES

SHARED: Final = Path(__file__).parent / "translations"


@cache
def catalogues(folder: Path | None = None) -> dict[str, NullTranslations]:
    """By language, what is said in the pages of the service with this folder, and by all of them.

    Raises OSError or babel's PoFileError when a file is missing or is not a catalogue.
    """
    said: dict[str, NullTranslations] = {}
    for language in LANGUAGES:
        if language == ENGLISH:
            said[language] = NullTranslations()
            continue
        shared = _compiled(SHARED / f"{language}.po", language)
        own = folder / f"{language}.po" if folder else None
        said[language] = shared.merge(_compiled(own, language)) if own else shared
    return said


def _compiled(file: Path, language: str) -> Translations:
    with file.open("rb") as source:
        catalogue = read_po(source, locale=language, abort_invalid=True)
    binary = BytesIO()
    write_mo(binary, catalogue)
    binary.seek(0)
    return Translations(fp=binary)
