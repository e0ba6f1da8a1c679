"""A queued mail as its reader sees it: subject, plain text and HTML, from one letter.

Pure: the same MailQueued renders to the same bytes at any time, so a mail sent twice after a crash
is the same mail, and the ledger can show what was sent without keeping it.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from contracts.mail import MailQueued
from services.notifier.letters import language_for, letter
from services.runtime.phrases import said

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
"""Control characters, and the ones that turn the direction of all text after them."""

WITH_STATEMENT = {
    ("accused", "decided"),
    ("accused", "appeal_decided"),
    ("accused", "interim_measure_imposed"),
    ("accused", "measure_imposed"),
}
"""What carries reasons that the member must be able to keep: attached as a document too
(Regulation 2019/1150, Art. 4, "on a durable medium")."""

CHAT_LINK_LIVES = timedelta(days=30)

_RENAMED = {"facts": "facts_found", "restrictions": "measures"}
"""What parameters of mails in older logs are called today."""


class Rendered(NamedTuple):
    """`subject` is one line. `html` is a whole document without scripts or remote content."""

    subject: str
    text: str
    html: str


Preview = Callable[[MailQueued], Rendered]
"""Renders a mail for staff: as its reader sees it, but for the token in a signed link."""


class Links:
    """Addresses in mails. `sign(purpose, subject, holder)` makes the token of a signed link; with a
    fourth argument, a time, of one that expires then."""

    def __init__(
        self,
        public_url: str,
        sign: Callable[..., str],
        digits: Callable[[str], str] = lambda _request_id: "••••••",
    ) -> None:
        self._public_url = public_url.rstrip("/")
        self._sign = sign
        self.digits = digits
        """The six digits of a code that proves an address; hidden where staff look."""

    def page(self, mail: MailQueued) -> str:
        """The page about what the mail tells: a complaint for complainants, else the case.

        Guests have no account, and a member whose account is blocked, be it for another case, must
        still read what is said of them, answer and appeal: their links open that one page without
        signing in.
        """
        if mail.template == "digest":
            return f"{self._public_url}/center"
        if mail.template == "guest_link":
            until = datetime.fromisoformat(mail.params["holds_until"])
            token = quote(self._sign("guest", mail.params["guest"], "", until), safe="")
            return f"{self._public_url}/complaints/mine?token={token}"
        if mail.audience == "customer":
            return self._chat(mail)
        if mail.audience in ("moderators", "appeals_officers"):
            return f"{self._public_url}/moderation/cases/{quote(mail.case_id or '', safe='')}"
        if mail.audience == "accused":
            case_id = mail.case_id or ""
            page = f"{self._public_url}/center/cases/{quote(case_id, safe='')}"
            if mail.reader:
                holder = mail.reader.partition(":")[2]
                page += f"?token={self._token('case', case_id, holder)}"
            return page
        complaint_id = mail.complaint_id or ""
        page = f"{self._public_url}/center/complaints/{quote(complaint_id, safe='')}"
        if guest := mail.params.get("guest"):
            page += f"?token={self._token('complaint', complaint_id, guest)}"
        return page

    def _chat(self, mail: MailQueued) -> str:
        """The chat; whoever has no account opens it with a token."""
        chat_id = mail.params["chat_id"]
        page = f"{self._public_url}/chat?chat={quote(chat_id, safe='')}"
        if mail.params.get("kind") == "member":
            return page
        until = mail.queued_at + CHAT_LINK_LIVES
        return f"{page}&token={quote(self._sign('chat', chat_id, chat_id, until), safe='')}"

    def settings(self, mail: MailQueued) -> str:
        """The page where the reader says what they want to be mailed; "" for staff."""
        if mail.reader is None or mail.reader.startswith("role:"):
            return ""
        return f"{self._public_url}/mail/preferences?token={self._preferences(mail.reader)}"

    def unsubscribe(self, mail: MailQueued) -> str:
        """Where one click (RFC 8058) ends mails of this kind; "" for what cannot be ended."""
        if mail.duty is None or mail.reader is None:
            return ""
        token = self._preferences(mail.reader)
        return f"{self._public_url}/mail/unsubscribe/{mail.duty}?token={token}"

    def _preferences(self, reader: str) -> str:
        return self._token("mail-preferences", reader, reader.partition(":")[2])

    def _token(self, purpose: str, subject: str, holder: str) -> str:
        return quote(self._sign(purpose, subject, holder), safe="")


def render(mail: MailQueued, links: Links, *, brand: str) -> Rendered:
    """The mail in both media; `brand` is the sender's name.

    Raises jinja2.UndefinedError when `params` lacks what the letter needs, and
    jinja2.TemplateNotFound for a letter of a version that is not known here.
    """
    values = _values(mail, links, brand)
    language = language_for(mail.language)
    text: Any = letter(language, mail.audience, mail.template, "text").make_module(values)
    subject = one_line(text.subject)
    # Numbers stand in running text, in Arabic too: kept whole, and in their own direction.
    values |= {"subject": subject, "number": _isolated(values.get("number", ""))}
    html = letter(language, mail.audience, mail.template, "html").render(values)
    return Rendered(subject, _spaced(str(text)), html.strip() + "\n")


def render_blocks(
    mail: MailQueued, links: Links, *, brand: str
) -> tuple[str, list[dict[str, Any]]]:
    """The subject and the letter's parts as data, for the document that is attached."""
    values = _values(mail, links, brand)
    language = language_for(mail.language)
    made: Any = letter(language, mail.audience, mail.template, "data").make_module(values)
    blocks = [json.loads(line) for line in str(made).splitlines() if line.strip()]
    return one_line(made.subject), blocks


def _values(mail: MailQueued, links: Links, brand: str) -> dict[str, Any]:
    params: dict[str, Any] = {
        _RENAMED.get(name, name): cleaned(value) for name, value in mail.params.items()
    }
    for name in OURS & params.keys():
        params[name] = said(params[name], language_for(mail.language))
    if "items" in params:
        params["items"] = _items(mail, links)
    if "request_id" in params:
        params["code"] = links.digits(params["request_id"])
    return {
        **dict.fromkeys(OPTIONAL),
        **params,
        "side": mail.audience,
        "name": one_line(mail.to_name),
        "page": links.page(mail),
        "settings_page": links.settings(mail),
        "brand": brand,
    }


def _items(mail: MailQueued, links: Links) -> list[tuple[str, str]]:
    """Subject and page of each mail that a digest stands for. The log holds no signed links."""
    found = []
    for item in json.loads(mail.params["items"]):
        about = {name: item[name] for name in ("audience", "case_id", "complaint_id")}
        params = {"guest": item["guest"]} if item["guest"] else {}
        one = mail.model_copy(update={**about, "template": "", "params": params})
        found.append((one_line(item["subject"]), links.page(one)))
    return found


OURS = frozenset({"rule", "explanation", "appeal_explanation"})
"""Parameters that may be sentences of the software's own, said in the reader's language."""

OPTIONAL = (
    "also",
    "appeal_until",
    "automated_decision",
    "automated_detection",
    "decided",
    "description",
    "due_at",
    "ends_at",
    "findings",
    "ground",
    "guest",
    "listing",
    "manifestly_unfounded",
    "measures",
    "outcome",
    "product_id",
    "starts_at",
    "yours",
)
"""Parameters that a mail may lack; any other one missing is an error, not a gap in a sentence."""


def cleaned(text: str) -> str:
    """`text` with line ends as one newline each, without controls that could act on the reader."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, limit: int = 200) -> str:
    """`text` fit for a header: no controls, every run of white space one space."""
    line = " ".join(_CONTROLS.sub(" ", text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _isolated(number: str) -> Markup:
    return Markup('<bdi dir="ltr" style="white-space:nowrap;">{}</bdi>').format(number)


def _spaced(text: str) -> str:
    """Never more than one empty line in a row."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
