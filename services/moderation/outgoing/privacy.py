"""Nobody is named in what goes to the Transparency Database: checked before anything is sent.

Pure. It finds what can be recognised; who writes the facts of a decision is told so beforehand.
"""

import re
from collections.abc import Iterable
from typing import Any

from contracts.outgoing import FieldError
from services.runtime.sentences import gettext as _

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w-])(\+|00)?\d[\d ()/.-]{7,}\d(?![\w-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4}")

FREE_TEXT = (
    "decision_facts",
    "illegal_content_legal_ground",
    "illegal_content_explanation",
    "incompatible_content_ground",
    "incompatible_content_explanation",
    "category_specification_other",
)
SHORTEST_NAME = 4
"""A shorter name is too often a word."""


def personal_data(record: dict[str, Any], people: Iterable[str]) -> list[FieldError]:
    """What stands in the texts of `record` that tells who somebody is. `people` are the names,
    addresses and account ids of those who have to do with the case."""
    known = [each for each in people if len(each) >= SHORTEST_NAME]
    found: list[FieldError] = []
    for field in FREE_TEXT:
        text = str(record.get(field) or "")
        found += [FieldError(field=field, message=what) for what in _found(text, known)]
    return found


def _is_phone(digits: str) -> bool:
    """Bare digits are the numbers of items and orders."""
    written = digits.startswith(("+", "00")) or not digits.isdigit()
    return written and sum(map(str.isdigit, digits)) >= 9


def _found(text: str, people: list[str]) -> Iterable[str]:
    if _EMAIL.search(text):
        yield _("There is an e-mail address in it.")
    undated = _DATE.sub(" ", text)
    if any(_is_phone(hit.group()) for hit in _PHONE.finditer(undated)):
        yield _("There is a telephone number in it.")
    if _IBAN.search(text):
        yield _("There is a bank account in it.")
    folded = text.casefold()
    for person in people:
        if re.search(rf"(?<!\w){re.escape(person.casefold())}(?!\w)", folded):
            yield _("There is the name or account of somebody in it.")
            return
