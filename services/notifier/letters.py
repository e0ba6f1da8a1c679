"""Letters: how a mail is written down, and what becomes of it in each medium.

A letter is a file for each language, written as a letter: a `Subject:`, then paragraphs with empty
lines between them, `## ` before a heading. What stands in braces is Jinja. So whoever writes or
translates one sees what its reader will; `blocks.text.j2` and `blocks.html.j2` say what a
paragraph, a quote or a table looks like, `sections.j2` has the parts that many letters share, and
`words.toml` the words.
"""

import json
import re
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateNotFound

from contracts.taxonomy import taxonomy

Medium = Literal["text", "html", "data"]

LANGUAGES = ("en", "ru", "ar")
"""The first is for readers of any other language."""

TEXT_COLUMNS = 72

_MAILS = files("services.notifier") / "mails"
_CALL = re.compile(
    r"\{\{ (about|automation|bullets|button|digest|facts|grounds|open|quote|redress|statement"
    r"|what_was_done)\(.*\) \}\}"
)


def letter(language: str, side: str, template: str, medium: Medium) -> Template:
    """A letter, ready to be filled in. Raises jinja2.TemplateNotFound for one that is not here."""
    return _environment(language, medium).select_template(
        [f"{folder}/{template}" for folder in _FOLDERS[side]]
    )


def language_for(tag: str) -> str:
    """The language that a reader of `tag` is written to in."""
    primary = tag.partition("-")[0].lower()
    return primary if primary in LANGUAGES else LANGUAGES[0]


_FOLDERS = {
    "complainant": ("complainant", "both", "reader"),
    "accused": ("accused", "both", "reader"),
    "moderators": ("staff",),
    "appeals_officers": ("staff",),
    "customer": ("customer",),
}


@cache
def words(language: str) -> dict[str, Any]:
    """The words of a language."""
    return tomllib.loads((_MAILS / language / "words.toml").read_text("utf-8"))


def jinja(written: str, medium: Medium) -> str:
    """The Jinja template of a letter: its blocks made explicit. Only what the letter's author wrote
    is looked at here, so nobody's words can become a heading, or a template."""
    subject, _, body = written.partition("\n\n")
    blocks = (_block(block) for block in re.split(r"\n{2,}", body.strip()))
    # The HTML has its subject given: there it would be escaped for a page.
    head = "" if medium == "html" else f"{{% set subject %}}{subject[9:]}{{% endset %}}\n"
    return f"{head}{{% call layout() %}}\n" + "\n".join(blocks) + "\n{% endcall %}\n"


def _block(block: str) -> str:
    lines = block.split("\n")
    if any(not _is_structure(line) for line in lines):
        return "{% call para() %}\n" + block + "\n{% endcall %}"
    return "\n".join(
        f'{{{{ heading("{line[3:]}") }}}}' if line.startswith("## ") else line for line in lines
    )


def _is_structure(line: str) -> bool:
    only_tags = re.fullmatch(r"(\{%[^%]*%\})+", line.strip()) is not None
    return only_tags or line.startswith("## ") or _CALL.fullmatch(line) is not None


class _Letters(BaseLoader):
    """The letters of one language, with the blocks of one medium before each."""

    def __init__(self, language: str, medium: Medium) -> None:
        self._folder = _MAILS / language
        self._medium = medium
        parts = (f"blocks.{medium}.j2", "sections.j2")
        self._before = "".join((_MAILS / part).read_text("utf-8") for part in parts)

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        file = self._folder / f"{template}.j2"
        if not file.is_file():
            raise TemplateNotFound(template)
        source = self._before + jinja(file.read_text("utf-8"), self._medium)
        return source, str(file), None


@cache
def _environment(language: str, medium: Medium) -> Environment:
    environment = Environment(
        loader=_Letters(language, medium),
        autoescape=medium == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    rtl = language == "ar"
    environment.globals |= {
        "w": words(language),
        "lang": language,
        "dir": "rtl" if rtl else "ltr",
        "start": "right" if rtl else "left",
        "end": "left" if rtl else "right",
    }
    speech = Speech(language)
    environment.filters |= {
        "moment": speech.moment,
        "day": speech.day,
        "reason": speech.reason,
        "complaint_type": speech.complaint_type,
        "measures": speech.measures,
        "findings": speech.findings,
        "territory": speech.territory,
        "fill": _fill,
        "quoted": _quoted,
        "squeezed": _squeezed,
        "json": _json,
    }
    return environment


class Speech:
    """Codes and times as a language says them."""

    def __init__(self, language: str) -> None:
        self._words = words(language)
        self._locale = Locale.parse(language)
        self._name = language

    def moment(self, value: str) -> str:
        """`7 December 2026, 14:30 UTC`"""
        at = datetime.fromisoformat(value).astimezone(UTC)
        comma = "،" if self._name == "ar" else ","
        return f"{_day(at.date(), self._name)}{comma} {at:%H:%M} UTC"

    def day(self, value: str) -> str:
        """`7 December 2026`"""
        return _day(datetime.fromisoformat(value).astimezone(UTC).date(), self._name)

    def reason(self, code: str) -> str:
        """`Wrong category (Search exposure cheating)`; the code itself where it is not known."""
        found = taxonomy().find(code)
        if found is None:
            return code
        return f"{getattr(found[1], self._name)} ({getattr(found[0], self._name)})"

    def complaint_type(self, code: str) -> str:
        found = taxonomy().type_of(code)
        return str(getattr(found, self._name)) if found else code

    def measures(self, coded: str) -> list[str]:
        """Sentences from `listing_hidden account_frozen:7`."""
        return [self._measure(*each.partition(":")[::2]) for each in coded.split()]

    def _measure(self, kind: str, days: str) -> str:
        sentence = str(self._words["measure"].get(kind, kind))
        if not days:
            return sentence
        told = self._counted("days", Decimal(days))
        return str(self._words["for_days"]).format(measure=sentence, days=told)

    def findings(self, lines: str) -> list[str]:
        """Sentences from `SM3 general INF 0.5`, one a line."""
        return [self._finding(*line.split(" ")) for line in lines.splitlines()]

    def _finding(self, reason: str, gravity: str, track: str, points: str) -> str:
        counted = self._counted("strikes" if track == "IPS" else "points", Decimal(points))
        gravity = self._words["gravity"][gravity]
        reason = self.reason(reason)
        return str(self._words["finding"]).format(
            reason=reason, gravity=gravity, points=counted, track=track
        )

    def territory(self, named: str) -> str:
        return str(self._words["worldwide"]) if named == "worldwide" else named

    def _counted(self, what: str, number: Decimal) -> str:
        forms = self._words[what]
        form = forms.get(self._locale.plural_form(number), forms["other"])
        return str(form).format(n=format_decimal(number, locale=self._locale))


@lru_cache(maxsize=1000)
def _day(day: date, language: str) -> str:
    return format_date(day, "d MMMM y", locale=language)


@lru_cache(maxsize=500)  # most paragraphs are the same in thousands of mails
def _fill(text: str, columns: int = TEXT_COLUMNS) -> str:
    """One paragraph, wrapped; words longer than a line (addresses) stay whole."""
    lines: list[str] = []
    line = ""
    for word in text.split():  # textwrap would take ten times as long to find the same places
        if line and len(line) + 1 + len(word) > columns:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join((*lines, line))


def _quoted(text: str) -> str:
    """Somebody's words with `> ` before each line, so that they cannot pass for ours."""
    lines = (_fill(line, TEXT_COLUMNS - 2).split("\n") for line in text.strip().split("\n"))
    return "\n".join(f"> {part}".rstrip() for line in lines for part in line)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
