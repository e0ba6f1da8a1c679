"""An example of each reason, as the help articles give it: one text, told in two places."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from contracts.taxonomy import taxonomy
from services.intake.articles import FOLDER, LANGUAGES

_EXAMPLE: Final = re.compile(r"^- \*\*(?P<name>.+?)[.。]?\*\*\s*(?P<text>.+)$", re.MULTILINE)
_MARKS: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)|[*_`]")


def examples_of(reason: str) -> dict[str, str]:
    """The example of a reason's code in each language, empty where there is none."""
    return {language: _examples(language).get(reason, "") for language in LANGUAGES}


@cache
def _examples(language: str) -> Mapping[str, str]:
    return dict(_read(language))


def _read(language: str) -> Iterator[tuple[str, str]]:
    for kind in taxonomy().types:
        article = (FOLDER / language / f"{kind.slug}.md").read_text("utf-8")
        told = {match["name"]: match["text"] for match in _EXAMPLE.finditer(article)}
        for reason in kind.reasons:
            if text := told.get(getattr(reason, language)):
                yield reason.code, _MARKS.sub(r"\1", text)
