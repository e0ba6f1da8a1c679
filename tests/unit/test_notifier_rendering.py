"""Mails as their readers see them. Golden files: `tests/data/mails/`, one per mail and medium.

`REDRESS_WRITE_GOLDEN=1` writes them anew; then read what changed before it is committed.
"""

import json
import os
import re
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from contracts.case import Finding, Measure, MeasureKind, Outcome
from contracts.chat import (
    BotAnswered,
    ChatConnected,
    ChatInitiated,
    EmailCodeRequested,
    MessagePosted,
    OfflineMessageLeft,
    Source,
    TranscriptSent,
    Visitor,
)
from contracts.codec import Fact, Message
from contracts.envelope import Aggregate, Meta
from contracts.ids import number
from contracts.mail import MailQueued
from contracts.member import MeasureExpired, MeasureReversed, MeasureStarted
from services.notifier.chats import mails_of
from services.notifier.letters import LANGUAGES, words
from services.notifier.rendering import Links, Rendered, cleaned, one_line, render
from services.notifier.so_far import Before, CaseSoFar, evolve, folded
from services.notifier.table import TABLE
from tests.telling import (
    ADMITTED,
    ANSWERED,
    APPEAL_REFUSED,
    ASKED,
    CASE,
    CLOSED,
    DECIDED,
    EXTENDED,
    GUEST,
    HELD_NO_MORE,
    IMPOSED,
    INADMISSIBLE,
    INTERIM,
    INTERIM_KEPT,
    INTERIM_LIFTED,
    IVAN,
    LAPSED,
    LEFT_ALONE,
    LINK_ASKED,
    NOON,
    NOT_EXTENDED,
    REMINDED,
    REOPENED,
    RETYPED,
    SUSPENDED,
    UNHEARD,
    WITHDRAWN,
    appealed,
    filed,
    heard,
    joined,
    mails,
    note,
    opened,
    question,
    unanswered,
)  # fmt: skip

GOLDEN = Path(__file__).parent.parent / "data" / "mails"
LINKS = Links("https://market.example/", lambda _purpose, *named: ".".join(map(str, named[:2])))

IVANS, GUESTS = filed(IVAN, name="1van5"), filed(GUEST, name="9ue575")
NEW = folded([opened(), joined(IVANS), joined(GUESTS)])
KNOWN = folded([opened(), joined(IVANS), joined(GUESTS), ADMITTED, ASKED, question(IVANS), INTERIM])
OVER = evolve(KNOWN, DECIDED)
DISMISSED = DECIDED.model_copy(
    update={
        "outcome": Outcome.DISMISSED,
        "manifestly_unfounded": True,
        "statement": DECIDED.statement.model_copy(update={"restrictions": ()}),
    }
)
GRAVE = DECIDED.model_copy(
    update={
        "measures": (Measure(id="m2", kind="account_frozen", days=7),),
        "findings": (
            Finding(id="f1", reason="SM3", gravity="general", track="INF", points=Decimal("0.5")),
            Finding(id="f2", reason="CF1", gravity="serious", track="IPS", points=Decimal(1)),
        ),
    }
)
MEASURES = Before(measures={"m2": IMPOSED, "m3": SUSPENDED}, cases={CASE.id: KNOWN})
LATER = IMPOSED.model_copy(
    update={"kind": "account_closed", "starts_at": NOON + timedelta(days=30), "ends_at": None}
)


def of(case: CaseSoFar) -> Before:
    return Before(case)


def ended(kind: type[MeasureExpired | MeasureStarted], measure_id: str) -> Fact:
    member = MEASURES.measures[measure_id].member
    return kind(measure_id=measure_id, member=member, at=NOON)


REVERSED = MeasureReversed(
    measure_id="m2",
    member="member:sunrise-store",
    case_id=CASE.id,
    by="appeals_officer:omar",
    at=NOON,
    explanation="The appeal against the decision succeeded.",
)

SCENES: dict[str, tuple[Fact, Before]] = {
    "complainant.receipt": (IVANS, of(NEW)),
    "complainant.receipt-guest": (GUESTS, of(NEW)),
    "complainant.guest_link": (LINK_ASKED, Before()),
    "complainant.admitted": (ADMITTED, of(NEW)),
    "complainant.admitted-late": (joined(GUESTS), of(KNOWN)),
    "complainant.inadmissible": (INADMISSIBLE, of(NEW)),
    "complainant.information_requested": (question(IVANS), of(KNOWN)),
    "complainant.information_lapsed": (unanswered(IVANS), of(KNOWN)),
    "complainant.counter_notice_requested": (ASKED, of(NEW)),
    "complainant.counter_notice_received": (ANSWERED, of(KNOWN)),
    "complainant.counter_notice_lapsed": (LAPSED, of(KNOWN)),
    "complainant.extension_granted": (EXTENDED, of(KNOWN)),
    "complainant.deadline_moved": (HELD_NO_MORE, of(KNOWN)),
    "complainant.retyped": (RETYPED, of(KNOWN)),
    "complainant.note": (note("public"), of(KNOWN)),
    "complainant.decided": (DECIDED, of(KNOWN)),
    "complainant.decided-dismissed": (DISMISSED, of(KNOWN)),
    "complainant.measure_imposed": (SUSPENDED, MEASURES),
    "complainant.measure_lifted": (
        REVERSED.model_copy(update={"measure_id": "m3", "member": "member:ivan"}),
        MEASURES,
    ),
    "complainant.measure_expired": (ended(MeasureExpired, "m3"), MEASURES),
    "complainant.appeal_opened": (appealed(IVANS), of(OVER)),
    "complainant.appeal_opened-against": (appealed(None), of(OVER)),
    "complainant.appeal_rejected": (APPEAL_REFUSED, of(evolve(OVER, appealed(IVANS)))),
    "complainant.appeal_decided": (heard("affirmed"), of(evolve(OVER, appealed(IVANS)))),
    "complainant.appeal_decided-admitted": (UNHEARD, of(evolve(NEW, INADMISSIBLE))),
    "complainant.withdrawn": (WITHDRAWN, Before()),
    "complainant.closed": (CLOSED, of(OVER)),
    "complainant.reopened": (REOPENED, of(OVER)),
    "accused.counter_notice_requested": (ASKED, of(NEW)),
    "accused.counter_notice_reminded": (REMINDED, of(KNOWN)),
    "accused.counter_notice_lapsed": (LAPSED, of(KNOWN)),
    "accused.extension_granted": (EXTENDED, of(KNOWN)),
    "accused.extension_refused": (NOT_EXTENDED, of(KNOWN)),
    "accused.deadline_moved": (HELD_NO_MORE, of(KNOWN)),
    "accused.retyped": (RETYPED, of(KNOWN)),
    "accused.note": (note("public"), of(KNOWN)),
    "accused.interim_measure_imposed": (INTERIM, of(KNOWN)),
    "accused.interim_measure_kept": (INTERIM_KEPT, of(KNOWN)),
    "accused.interim_measure_lifted": (INTERIM_LIFTED, of(KNOWN)),
    "accused.decided": (GRAVE, of(KNOWN)),
    "accused.decided-dismissed": (DISMISSED, of(KNOWN)),
    "accused.measure_imposed": (LATER, MEASURES),
    "accused.measure_started": (ended(MeasureStarted, "m2"), MEASURES),
    "accused.measure_lifted": (REVERSED, MEASURES),
    "accused.measure_expired": (ended(MeasureExpired, "m2"), MEASURES),
    "accused.appeal_opened": (appealed(None), of(OVER)),
    "accused.appeal_opened-against": (appealed(IVANS), of(OVER)),
    "accused.appeal_rejected": (APPEAL_REFUSED, of(evolve(OVER, appealed(None)))),
    "accused.appeal_decided": (heard("varied"), of(evolve(OVER, appealed(None)))),
    "accused.appeal_decided-overturned": (heard("overturned"), of(evolve(OVER, appealed(None)))),
    "accused.withdrawn": (LEFT_ALONE, of(KNOWN)),
    "accused.closed": (CLOSED, of(OVER)),
    "accused.reopened": (REOPENED, of(OVER)),
    "moderators.counter_notice_lapsed": (LAPSED, of(KNOWN)),
    "appeals_officers.appeal_opened": (appealed(None), of(OVER)),
    "appeals_officers.appeal_decided": (heard("affirmed"), of(evolve(OVER, appealed(None)))),
}
CHAT = Visitor(kind="guest", id="9ue57", name="Layla Haddad", email=GUEST.email, language="ar")
WRITTEN: dict[str, tuple[Fact, ...]] = {
    "customer.chat_code": (
        EmailCodeRequested(
            request_id="c0de", to_address=GUEST.email, language="ar",
            until=NOON + timedelta(minutes=10), at=NOON,
        ),
    ),
    "customer.chat_transcript": (
        MessagePosted(
            message_id="m1", client_id="1", role="customer", by=CHAT.actor,
            text="How do I open a dispute?", at=NOON,
        ),
        BotAnswered(
            message_id="m2", question_id="m1", kind="articles", text="In the order's own page.",
            sources=(Source(title="Disputes", href="/help/disputes", version=1, score=900),),
            at=NOON,
        ),
        ChatConnected(
            operator_id="pavel", operator_name="Pavel", greeting="Hello, I am Pavel.", at=NOON,
        ),
        TranscriptSent(
            request_id="7ran5", to_address=GUEST.email, language="ar", by=CHAT.actor, at=NOON
        ),
    ),
    "customer.chat_answer": (
        OfflineMessageLeft(
            message_id="m1", text="Where is my parcel?", email=GUEST.email, at=NOON
        ),
        MessagePosted(
            message_id="m2", client_id="2", role="operator", by="operator:pavel", name="Pavel",
            text="It is in your city since this morning.", at=NOON,
        ),
    ),
}  # fmt: skip
"""What was said in a chat before the mail; the last of it is mailed."""
DIGEST = "complainant.digest"
NAMES = list(SCENES)


def of_chat(name: str, language: str) -> MailQueued:
    visitor = CHAT.model_copy(update={"language": language})
    begun = ChatInitiated(chat_id="cha7", customer=visitor, at=NOON)
    *said, wanted = (
        fact.model_copy(update={"language": language}) if hasattr(fact, "language") else fact
        for fact in (begun, *WRITTEN[name])
    )
    meta = Meta("1", NOON, CHAT.actor, "1")
    history = [Message(1, "chat.00.cha7", meta, (*said, wanted))]
    return next(mails_of("cha7", [wanted], history, lambda: NOON))


def a_digest(language: str) -> MailQueued:
    items = [
        {
            "subject": f"C-7K3F9-QXD2M: {number}",
            "audience": "complainant",
            "case_id": CASE.id,
            "complaint_id": "9ue575",
            "guest": "9ue57",
        }
        for number in (1, 2)
    ]
    return the_mail("complainant.closed", language).model_copy(
        update={"template": "digest", "params": {"items": json.dumps(items)}}
    )


def shown(mail: MailQueued) -> Rendered:
    return render(mail, LINKS, brand="Complaint Centre")


def the_mail(name: str, language: str = "en") -> MailQueued:
    """The mail of that golden file."""
    if name in WRITTEN:
        return of_chat(name, language)
    if name == DIGEST:
        return a_digest(language)
    fact, before = SCENES[name]
    side = name.partition(".")[0]
    filer = {WITHDRAWN.type: "1van5", LINK_ASKED.type: "9ue575"}.get(fact.type)
    aggregate = Aggregate(kind="complaint", id=filer) if filer else CASE
    found = mails(fact, before, IVANS, GUESTS, of=aggregate, language=language)
    return next(mail for mail in found if mail.audience == side)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [*NAMES, *WRITTEN, DIGEST])
def test_the_mail_reads_as_agreed(name: str, language: str) -> None:
    rendered = shown(the_mail(name, language))
    text = f"Subject: {rendered.subject}\n\n{rendered.text}"
    for suffix, made in (("txt", text), ("html", rendered.html)):
        file = GOLDEN / language / f"{name}.{suffix}"
        if os.environ.get("REDRESS_WRITE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(made, encoding="utf-8")
        assert made == file.read_text(encoding="utf-8")


def test_every_row_of_the_table_has_a_golden_file() -> None:
    agreed = {name.partition("-")[0] for name in NAMES}
    assert {f"{row.side}.{row.template}" for row in TABLE} == agreed


def test_every_letter_is_shown_by_a_golden_file_of_each_side_and_language() -> None:
    sides = {"both": ("complainant", "accused"), "reader": ("complainant",)}
    sides["staff"] = ("moderators", "appeals_officers")
    agreed = {
        (language, file.stem.partition("-")[0])
        for language in LANGUAGES
        for file in (GOLDEN / language).glob("*.txt")
        if file.with_suffix(".html").exists()
    }
    written = Path(str(files("services.notifier") / "mails" / "en"))
    missing = []
    for file in written.rglob("*.j2"):
        folder = file.parent.name
        for language in LANGUAGES:
            shown_to = {
                side: (language, f"{side}.{file.stem}") in agreed
                for side in sides.get(folder, (folder,))
            }
            # Which of the staff a letter goes to is for the table to say.
            if not (any if folder == "staff" else all)(shown_to.values()):
                missing.append((language, folder, file.stem))
    assert not missing


def test_every_language_has_every_letter_and_every_word() -> None:
    mails_folder = files("services.notifier") / "mails"

    def letters(language: str) -> set[str]:
        folder = Path(str(mails_folder / language))
        return {str(file.relative_to(folder)) for file in folder.rglob("*.j2")}

    def keys(table: dict[str, Any], before: str = "") -> set[str]:
        found = set()
        for name, value in table.items():
            # A language has as many plurals as it has.
            if isinstance(value, dict) and "other" not in value:
                found |= keys(value, f"{name}.")
            else:
                found.add(before + name)
        return found

    for language in LANGUAGES:
        assert letters(language) == letters("en")
        assert keys(words(language)) == keys(words("en"))


def test_no_english_is_left_in_another_language() -> None:
    """Whole words of Latin letters: only what is a number, a name, a unit or the reader's own."""
    for language in ("ru", "ar"):
        for name in NAMES:
            mail = the_mail(name, language)
            ours = shown(mail).text
            for value in (*mail.params.values(), mail.to_name, "Complaint Centre"):
                for line in value.splitlines():
                    ours = ours.replace(line, "")
            ours = "\n".join(line for line in ours.splitlines() if not line.startswith(">"))
            found = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"https?:\S+", "", ours)))
            assert found <= {"UTC", "INF", "IPS"}, (language, name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_digest_names_each_piece_of_news_with_its_page(language: str) -> None:
    rendered = shown(a_digest(language))
    for made in (rendered.text, rendered.html):
        assert made.count("/center/complaints/9ue575?token=9ue575.9ue57") == 2
        assert "C-7K3F9-QXD2M: 1" in made
    assert "2" in rendered.subject


@pytest.mark.parametrize("name", NAMES)
def test_the_subject_carries_the_number_and_the_text_the_link(name: str) -> None:
    mail = the_mail(name)
    rendered = shown(mail)
    assert mail.params["number"] in rendered.subject
    where = (
        "complaints/mine?token="
        if mail.template == "guest_link"
        else {
            "complainant": "center/complaints/",
            "accused": f"center/cases/{mail.case_id}",
        }.get(mail.audience, f"moderation/cases/{mail.case_id}")
    )
    assert f"https://market.example/{where}" in rendered.text
    assert f"https://market.example/{where}" in rendered.html


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
    assert (
        "complaints/9ue575?token=9ue575.9ue57" in shown(the_mail("complainant.receipt-guest")).text
    )
    assert "complaints/1van5\n" in shown(the_mail("complainant.receipt")).text


def test_a_member_whose_account_is_blocked_opens_the_case_from_every_mail_about_it() -> None:
    """R36: also from those of another case than the one that they were blocked for."""
    theirs = [name for name in NAMES if name.startswith("accused.")]
    assert len(theirs) > 20
    for name in theirs:
        rendered = shown(the_mail(name))
        page = f"center/cases/{CASE.id}?token={CASE.id}.sunrise-store"
        assert page in rendered.text, name
        assert page in rendered.html, name


def test_only_what_is_not_obligatory_can_be_ended_with_one_click() -> None:
    ends = {name for name in NAMES if LINKS.unsubscribe(the_mail(name))}
    assert "accused.counter_notice_reminded" in ends
    assert "complainant.closed" in ends
    assert not ends & {"complainant.receipt", "complainant.decided", "accused.decided"}
    link = LINKS.unsubscribe(the_mail("accused.counter_notice_reminded"))
    assert "/mail/unsubscribe/reminder?token=member%3Asunrise-store.sunrise-store" in link


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("side", ["complainant", "accused"])
def test_every_outcome_and_every_measure_has_its_words(
    outcome: Outcome, side: str, language: str
) -> None:
    kinds = get_args(MeasureKind)
    assert "listing_hidden" in kinds
    decided = DECIDED.model_copy(
        update={
            "outcome": outcome,
            "measures": tuple(Measure(id=kind, kind=kind, days=3) for kind in kinds),
        }
    )
    found = mails(decided, KNOWN, IVANS, language=language)
    rendered = shown(next(mail for mail in found if mail.audience == side))
    wanted = kinds if side == "accused" else ("listing_hidden", "listing_frozen")
    for kind in wanted:
        assert words(language)["measure"][kind] in " ".join(rendered.text.split())


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
    assert links == [
        "https://market.example/center/complaints/1van5",
        LINKS.settings(with_text("")),
    ]
    assert "\n" not in rendered.subject
    unquoted = [line for line in rendered.text.splitlines() if not line.startswith(">")]
    plain = shown(with_text("")).text.splitlines()
    assert len(unquoted) <= len(plain) + 8


def test_nothing_is_loaded_from_anywhere_and_nothing_runs() -> None:
    for name in NAMES:
        html = shown(the_mail(name, "ar")).html
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
