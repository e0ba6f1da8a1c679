"""Mails as their readers see them. Golden files: `tests/data/mails/`, one per mail and medium.

`REDRESS_WRITE_GOLDEN=1` writes them anew; then read what changed before it is committed.
"""

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from contracts.case import CaseDecided, Outcome, StatementOfReasons
from contracts.codec import Fact
from contracts.ids import number
from contracts.mail import MailQueued
from services.notifier.rendering import Links, Rendered, cleaned, one_line, render
from services.notifier.telling import TABLE, CaseSoFar, evolve
from tests.telling import (
    ADMITTED,
    ASKED,
    CLOSED,
    DECIDED,
    GUEST,
    INADMISSIBLE,
    IVAN,
    LAPSED,
    filed,
    joined,
    mails,
    opened,
)

GOLDEN = Path(__file__).parent.parent / "data" / "mails"
LINKS = Links("https://market.example/", lambda complaint_id, guest: f"{complaint_id}.{guest}")


def shown(mail: MailQueued) -> Rendered:
    return render(mail, LINKS, brand="Complaint Centre")


def the_mail(name: str) -> MailQueued:
    """The mail of that golden file."""
    ivans, guests = filed(IVAN, name="1van5"), filed(GUEST, name="9ue575")
    new = evolve(evolve(CaseSoFar(), opened()), joined(ivans))
    known = evolve(evolve(new, ADMITTED), ASKED)
    dismissed = DECIDED.model_copy(
        update={
            "outcome": Outcome.DISMISSED,
            "manifestly_unfounded": True,
            "statement": DECIDED.statement.model_copy(update={"restrictions": ()}),
        }
    )
    scenes: dict[str, tuple[Fact, CaseSoFar]] = {
        "receipt": (ivans, new),
        "receipt-guest": (guests, new),
        "admitted": (ADMITTED, new),
        "admitted-late": (joined(guests), known),
        "inadmissible": (INADMISSIBLE, new),
        "counter_notice_requested": (ASKED, new),
        "counter_notice_lapsed": (LAPSED, known),
        "decided": (DECIDED, known),
        "decided-dismissed": (dismissed, known),
        "closed": (CLOSED, known),
    }
    side, _, scene = name.partition(".")
    fact, case = scenes[scene]
    return next(mail for mail in mails(fact, case, ivans, guests) if mail.audience == side)


NAMES = [
    "complainant.receipt",
    "complainant.receipt-guest",
    "complainant.admitted",
    "complainant.admitted-late",
    "complainant.inadmissible",
    "complainant.counter_notice_requested",
    "complainant.counter_notice_lapsed",
    "complainant.decided",
    "complainant.decided-dismissed",
    "complainant.closed",
    "accused.counter_notice_requested",
    "accused.counter_notice_lapsed",
    "accused.decided",
    "accused.decided-dismissed",
    "accused.closed",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_mail_reads_as_agreed(name: str) -> None:
    rendered = shown(the_mail(name))
    text = f"Subject: {rendered.subject}\n\n{rendered.text}"
    for suffix, made in (("txt", text), ("html", rendered.html)):
        file = GOLDEN / f"{name}.{suffix}"
        if os.environ.get("REDRESS_WRITE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(made, encoding="utf-8")
        assert made == file.read_text(encoding="utf-8")


def test_every_row_of_the_table_has_a_golden_file() -> None:
    agreed = {name.partition("-")[0] for name in NAMES}
    assert {f"{row.side}.{row.template}" for row in TABLE} == agreed


@pytest.mark.parametrize("name", NAMES)
def test_the_subject_carries_the_number_and_the_text_the_link(name: str) -> None:
    mail = the_mail(name)
    rendered = shown(mail)
    assert mail.params["number"] in rendered.subject
    where = f"cases/{mail.case_id}" if mail.audience == "accused" else "complaints/"
    assert f"https://market.example/center/{where}" in rendered.text
    assert f"https://market.example/center/{where}" in rendered.html


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("accused")])
def test_a_mail_to_the_accused_names_no_complainant(name: str) -> None:
    rendered = shown(the_mail(name))
    for word in (
        IVAN.name,
        IVAN.email,
        "ivan",
        GUEST.name,
        GUEST.email,
        "1van5",
        number("C", "1van5"),
    ):
        assert word not in rendered.text
        assert word not in rendered.html
        assert word not in rendered.subject


def test_a_guests_link_opens_without_a_password_and_a_members_does_not() -> None:
    assert "?token=9ue575.9ue57" in shown(the_mail("complainant.receipt-guest")).text
    assert "token" not in shown(the_mail("complainant.receipt")).text


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("side", ["complainant", "accused"])
def test_every_outcome_and_every_restriction_has_its_words(outcome: Outcome, side: str) -> None:
    annotation = StatementOfReasons.model_fields["restrictions"].annotation
    every = get_args(get_args(annotation)[0])
    assert "listing_hidden" in every
    complaint = filed()
    case = evolve(evolve(CaseSoFar(), opened()), joined(complaint))
    decided: CaseDecided = DECIDED.model_copy(
        update={
            "outcome": outcome,
            "statement": DECIDED.statement.model_copy(update={"restrictions": every}),
        }
    )
    mail = next(m for m in mails(decided, case, complaint) if m.audience == side)
    assert str(outcome).replace("_", " ") in shown(mail).text


class Tags(HTMLParser):
    """What a mail program would act on."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


NASTY = (
    '</blockquote><script>alert(1)</script><img src="https://evil.example/p.gif" onerror=x>'
    "\n\n-- \nComplaint Centre\n# {{ 7 * 7 }} {% include 'x' %}\n"
    "\u202emoc.live\u202c \x1b[2J\x00"
)


def with_text(text: str) -> MailQueued:
    return the_mail("complainant.receipt").model_copy(
        update={
            "to_name": text,
            "params": the_mail("complainant.receipt").params | {"description": text},
        }
    )


def test_peoples_words_stay_words() -> None:
    rendered = shown(with_text(NASTY))
    plain = shown(the_mail("complainant.receipt"))
    assert [tag for tag, _ in Tags(rendered.html).seen] == [tag for tag, _ in Tags(plain.html).seen]
    assert "{{ 7 * 7 }}" in rendered.text
    # Each line of the quote is marked, so that nobody's words can pass for ours.
    assert "\n-- \n" not in rendered.text
    assert "> Complaint Centre" in rendered.text
    for character in "\u202e\u202c\x1b\x00":
        assert character not in rendered.text + rendered.html + rendered.subject


@given(st.text(max_size=300))
def test_no_words_change_what_the_mail_is_made_of(text: str) -> None:
    rendered = shown(with_text(text))
    links = [attrs["href"] for tag, attrs in Tags(rendered.html).seen if tag == "a"]
    assert links == ["https://market.example/center/complaints/1van5"]
    assert "\n" not in rendered.subject
    unquoted = [line for line in rendered.text.splitlines() if not line.startswith(">")]
    plain = shown(with_text("")).text.splitlines()
    assert len(unquoted) <= len(plain) + 8


def test_nothing_is_loaded_from_anywhere_and_nothing_runs() -> None:
    for name in NAMES:
        html = shown(the_mail(name)).html
        assert not re.search(r"url\(|@import|<(script|img|link|iframe|form|object)\b", html)


def test_the_same_mail_renders_to_the_same_words_at_any_time() -> None:
    assert shown(the_mail("accused.decided")) == shown(the_mail("accused.decided"))


def test_a_mail_without_what_its_template_needs_is_an_error_and_not_a_gap() -> None:
    mail = the_mail("accused.counter_notice_requested")
    without = {name: value for name, value in mail.params.items() if name != "allegation"}
    with pytest.raises(UndefinedError, match="allegation"):
        shown(mail.model_copy(update={"params": without}))


@pytest.mark.parametrize(
    ("given_text", "line"),
    [
        ("Ivan\r\nBcc: all@example.org", "Ivan Bcc: all@example.org"),
        ("a\u2028b\x85c", "a b c"),
        ("  Иван \t Петров ", "Иван Петров"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_a_header_is_one_line(given_text: str, line: str) -> None:
    assert one_line(given_text) == line


def test_marks_that_arabic_and_hebrew_need_are_kept() -> None:
    assert cleaned("رقم\u200f 5\r\n") == "رقم\u200f 5\n"
