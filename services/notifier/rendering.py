"""A queued mail as its reader sees it: subject, plain text and HTML, from one template.

Pure: the same MailQueued renders to the same bytes at any time, so a mail sent twice after a crash
is the same mail, and the ledger can show what was sent without keeping it. One template serves
both media; `blocks.text` and `blocks.html` say what a paragraph, a quote or a table looks like.
"""

import re
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from contracts.mail import MailQueued
from contracts.taxonomy import taxonomy

TEXT_COLUMNS = 72

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
"""Control characters, and the ones that turn the direction of all text after them."""


class Rendered(NamedTuple):
    """`subject` is one line. `html` is a whole document without scripts or remote content."""

    subject: str
    text: str
    html: str


Preview = Callable[[MailQueued], Rendered]
"""Renders a mail for staff: as its reader sees it, but for the token in a guest's link."""


class Links:
    """Addresses in mails. `sign(complaint_id, holder)` makes the token of a guest's own link."""

    def __init__(self, public_url: str, sign: Callable[[str, str], str]) -> None:
        self._public_url = public_url.rstrip("/")
        self._sign = sign

    def page(self, mail: MailQueued) -> str:
        """The page about what the mail tells: a complaint for complainants, else the case."""
        if mail.audience == "accused":
            return f"{self._public_url}/center/cases/{quote(mail.case_id or '', safe='')}"
        complaint_id = mail.complaint_id or ""
        page = f"{self._public_url}/center/complaints/{quote(complaint_id, safe='')}"
        if guest := mail.params.get("guest"):
            page += f"?token={quote(self._sign(complaint_id, guest), safe='')}"
        return page


def render(mail: MailQueued, links: Links, *, brand: str) -> Rendered:
    """The mail in both media; `brand` is the sender's name. English for every reader as yet.

    Raises jinja2.UndefinedError when `params` lacks what the template needs, and
    jinja2.TemplateNotFound for a template of a version that is not known here.
    """
    optional = dict.fromkeys(OPTIONAL)
    values = optional | {name: cleaned(value) for name, value in mail.params.items()}
    values |= {"name": one_line(mail.to_name), "page": links.page(mail), "brand": brand}
    name = f"{mail.audience}/{mail.template}.j2"
    text = _TEXT.get_template(name).make_module(values)
    html = _HTML.get_template(name).render(values)
    return Rendered(one_line(text.subject), _spaced(str(text)), html.strip() + "\n")  # type: ignore[attr-defined]


OPTIONAL = (
    "automated_decision",
    "automated_detection",
    "description",
    "due_at",
    "ends_at",
    "guest",
    "listing",
    "manifestly_unfounded",
    "redress",
    "restrictions",
)
"""Parameters that a mail may lack; any other one missing is an error, not a gap in a sentence."""


def cleaned(text: str) -> str:
    """`text` with line ends as one newline each, without controls that could act on the reader."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, limit: int = 200) -> str:
    """`text` fit for a header: no controls, every run of white space one space."""
    line = " ".join(_CONTROLS.sub(" ", text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _moment(value: str) -> str:
    """`7 December 2026, 14:30 UTC`"""
    at = datetime.fromisoformat(value).astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def _day(value: str) -> str:
    """`7 December 2026`"""
    at = datetime.fromisoformat(value).astimezone(UTC)
    return f"{at.day} {at:%B %Y}"


def _reason(code: str) -> str:
    """`Wrong category (Search exposure cheating)`; the code itself where it is not known."""
    found = taxonomy().find(code)
    return f"{found[1].en} ({found[0].en})" if found else code


def _complaint_type(code: str) -> str:
    found = taxonomy().type_of(code)
    return found.en if found else code


def _fill(text: str, columns: int = TEXT_COLUMNS) -> str:
    """One paragraph, wrapped; words longer than a line (addresses) stay whole."""
    return textwrap.fill(
        " ".join(text.split()), columns, break_long_words=False, break_on_hyphens=False
    )


def _quoted(text: str) -> str:
    """Somebody's words with `> ` before each line, so that they cannot pass for ours."""
    lines = (_fill(line, TEXT_COLUMNS - 2).split("\n") for line in text.strip().split("\n"))
    return "\n".join(f"> {part}".rstrip() for line in lines for part in line)


def _spaced(text: str) -> str:
    """Never more than one empty line in a row."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _environment(medium: str, *, autoescape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("services.notifier", "mails"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["blocks"] = f"blocks.{medium}.j2"
    environment.filters |= {
        "moment": _moment,
        "day": _day,
        "reason": _reason,
        "complaint_type": _complaint_type,
        "fill": _fill,
        "quoted": _quoted,
    }
    return environment


_TEXT = _environment("text", autoescape=False)
_HTML = _environment("html", autoescape=True)
