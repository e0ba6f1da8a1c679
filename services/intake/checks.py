"""What each field of a complaint must be: None, or a sentence for what needs another look. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from contracts.parties import Evidence
from contracts.taxonomy import taxonomy
from services.intake.evidence_kinds import FILES_AT_MOST
from services.intake.links import Resolution, resolve
from services.intake.profile import Profile
from services.runtime.sentences import gettext as _

DESCRIPTION_LIMIT: Final = 20_000
"""Characters of a description or an answer."""
NAME_LIMIT: Final = 200
DISPUTE_LIMIT: Final = 100
FILES_IN_ALL: Final = 20
"""Files that one party can send in one matter, five at a time."""
EMAIL_LIMIT: Final = 254
"""RFC 5321, 4.5.3.1.3, less the angle brackets."""

_EMAIL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"
)
_UNSTORABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def tidy(text: str) -> str:
    """One line without spaces around it, and without the characters that change its direction."""
    if not text.isprintable():
        kept = (c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
        text = "".join(kept)
    return " ".join(text.split())


def address(text: str) -> str:
    """An e-mail address, tidied, its domain as mail servers know it (RFC 3490)."""
    local, at, domain = tidy(text).rpartition("@")
    if not domain.isascii():
        with suppress(UnicodeError):  # `email` will say that it is none
            domain = domain.encode("idna").decode()
    return f"{local}{at}{domain}"


def link(text: str, profile: Profile | None = None) -> tuple[Resolution, str | None]:
    """What the text points to at the marketplace of `profile`, and why it cannot be filed."""
    if not text.strip():
        return resolve("", profile), _("Paste the link to the product.")
    found = resolve(text, profile)
    return found, found.reason if found.verdict == "refuse" else None


def unknown_reason(code: str) -> str:
    """The sentence about a reason that is none."""
    if not code:
        return _("Choose a reason.")
    if taxonomy().type_of(code):
        return _("%(code)s is a type. Choose one of its reasons, such as %(example)s.") % {
            "code": code[:20],
            "example": f"{code[:20]}1",
        }
    return _("There is no reason “%(code)s”. The taxonomy lists them all.") % {"code": code[:20]}


def description(description: str) -> str | None:
    return text(description, _("Describe the situation in your own words."))


def text(typed: str, missing: str) -> str | None:
    """What is wrong with words that are needed; `missing` is the sentence where there are none."""
    return optional(typed) if typed.strip() else missing


def optional(text: str) -> str | None:
    """What is wrong with words that may be left out."""
    if len(text) > DESCRIPTION_LIMIT:
        return _(
            "This has %(n)s characters; at most %(most)s can be taken. "
            "Shorten it, or attach the rest as a PDF."
        ) % {"n": len(text), "most": DESCRIPTION_LIMIT}
    if _UNSTORABLE.search(text):
        return _(
            "This contains invisible control characters. Type it anew, or paste it as plain text."
        )
    return None


def name(text: str) -> str | None:
    if not text:
        return _("Tell us your name.")
    if len(text) > NAME_LIMIT:
        return _("A name may have at most %(n)s characters.") % {"n": NAME_LIMIT}
    return None


def email(text: str) -> str | None:
    if not text:
        return _("Tell us your e-mail address: the receipt and the decision are sent to it.")
    if len(text) > EMAIL_LIMIT or not _EMAIL.fullmatch(text):
        return _("This is not a complete e-mail address. It looks like name@example.org.")
    return None


def dispute(text: str) -> str | None:
    if len(text) > DISPUTE_LIMIT:
        return _("The number of a dispute has at most %(n)s characters.") % {"n": DISPUTE_LIMIT}
    return None


def evidence(files: Sequence[Evidence | None]) -> str | None:
    if len(files) > FILES_AT_MOST:
        return _("At most %(n)s files can be attached.") % {"n": FILES_AT_MOST}
    if None in files:
        return _("One of the files is not there (any more). Attach it again.")
    return None


def some_evidence(files: Sequence[Evidence | None]) -> str | None:
    return None if files else _("Attach at least one file.")


def good_faith(stated: bool) -> str | None:
    if not stated:
        return _("Confirm that what you say is, to your knowledge, accurate and complete.")
    return None
