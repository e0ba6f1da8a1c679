"""R32: on each side's page stands when they were told of a change by mail, and of nobody else's."""

from datetime import timedelta
from typing import Any

from contracts import case as c
from contracts.codec import Message
from contracts.envelope import Aggregate, Meta
from contracts.mail import Audience, MailQueued, MailSent
from contracts.member import member_key
from services.moderation.center_store import AccusedParts, ComplaintParts
from services.moderation.mails import MAIL_VIEWS, measure_told, shown_on
from services.moderation.policy import policy
from services.moderation.shown.accused import accused_detail
from services.moderation.shown.complainants import complaint_detail
from services.runtime.database import Row
from tests.contract.examples import day
from tests.folding import Tables
from tests.unit.test_center_privacy import (
    CASE,
    MINE,
    SECRET_OF_MINE,
    START,
    filed,
    joined,
    statement,
)

SENT = day(3)
READER = f"member:{SECRET_OF_MINE}"


def queued(mail_id: str, reader: str, audience: Audience, **told: Any) -> MailQueued:
    return MailQueued(
        mail_id=mail_id,
        template="decided",
        language="en",
        to_address="somebody@example.org",
        to_name="Somebody",
        audience=audience,
        case_id=CASE,
        complaint_id=MINE if audience == "complainant" else None,
        params={},
        queued_at=START,
        reader=reader,
        **told,
    )


def rows_of(*facts: tuple[str, MailQueued | MailSent]) -> list[Row]:
    [view] = MAIL_VIEWS
    rows: dict[Any, Row] = {}
    for sequence, (mail_id, fact) in enumerate(facts, start=1):
        subject = Aggregate(kind="mail", id=mail_id).subject
        message = Message(sequence, subject, Meta("m", START, "a", "c"), (fact,))
        key = view.key(fact, message)
        assert key is not None
        rows[key] = view.fold(rows.get(key), fact, message)
    return list(rows.values())


def sent(minutes: int = 0) -> MailSent:
    at = SENT + timedelta(minutes=minutes)
    return MailSent(at=at, attempt=1, message_id="<m@x>", reply="250 OK")


def tables(*later: tuple[str, c.CaseFact]) -> Tables:
    decided = c.CaseDecided(
        by="mia", at=START, decision_id="d", outcome=c.Outcome.UPHELD, statement=statement(),
        appeal_until=START + timedelta(days=184),
    )  # fmt: skip
    opened = c.CaseOpened(
        case_id=CASE, number="K-1", accused="seller", product=filed(MINE, "x").product,
        product_title="", complaint_type="SM", severity=1, policy_version="1",
        opened_at=START, triage_due_at=START,
    )  # fmt: skip
    return Tables(
        [
            (f"complaint.00.{MINE}", filed(MINE, SECRET_OF_MINE)),
            (f"case.00.{CASE}", opened),
            (f"case.00.{CASE}", joined(MINE, SECRET_OF_MINE, START)),
            (f"case.00.{CASE}", decided),
            *later,
        ]
    )


DECIDED = 4
"""Where the decision stands in the log."""


def complainants_times(mails: list[Row]) -> dict[str, Any]:
    log = tables()
    row, case = log.rows["complaints"][MINE,], log.rows["cases"][CASE,]
    mine = [mail for mail in mails if mail["reader"] == READER and mail["sent_at"]]
    found = ComplaintParts(row, case, log.all("timeline"), (), mine)
    shown = complaint_detail(found, policy=policy(), now=SENT)
    return {entry.kind: entry.told_at for entry in shown.timeline}


def test_r32_the_complainant_sees_when_the_receipt_and_the_decision_were_mailed() -> None:
    times = complainants_times(
        rows_of(
            ("r", queued("r", READER, "complainant", fact="ComplaintFiled", cause=1)),
            ("r", sent()),
            ("d", queued("d", READER, "complainant", fact="CaseDecided", cause=DECIDED)),
            ("d", sent(5)),
        )
    )
    assert times == {"submitted": SENT, "joined": None, "decided": SENT + timedelta(minutes=5)}


def test_r32_who_is_told_late_sees_a_later_end_of_the_time_to_appeal() -> None:
    until = START + timedelta(days=187)
    late = c.DecisionToldLate(decision_id="d", complaint_id=MINE, at=SENT, appeal_until=until)
    log = tables((f"case.00.{CASE}", late))
    row, case, story = log.rows["complaints"][MINE,], log.rows["cases"][CASE,], log.all("timeline")
    mine = complaint_detail(ComplaintParts(row, case, story, ()), policy=policy(), now=SENT)
    assert mine.decision is not None
    assert mine.decision.appeal_until == until
    assert [each.until for each in mine.actions if each.name == "appeal"] == [until]
    accused = accused_detail(AccusedParts(case, (), story, (), ()), now=SENT)
    assert accused.decision is not None
    assert accused.decision.appeal_until == START + timedelta(days=184)
    assert case["appeal_until"] == case["due_at"] == until


def test_r34_the_accused_sees_when_the_statement_of_reasons_was_mailed() -> None:
    log = tables()
    mails = rows_of(
        ("d", queued("d", "member:seller", "accused", fact="CaseDecided", cause=DECIDED)),
        ("d", sent()),
    )
    found = AccusedParts(log.rows["cases"][CASE,], (), log.all("timeline"), (), (), mails)
    shown = accused_detail(found, now=SENT)
    assert [(entry.kind, entry.told_at) for entry in shown.timeline] == [("decided", SENT)]


def test_r32_a_mail_that_was_not_sent_tells_nothing() -> None:
    waiting = queued("d", READER, "complainant", fact="CaseDecided", cause=DECIDED)
    assert complainants_times(rows_of(("d", waiting)))["decided"] is None


def test_r32_a_member_sees_when_a_measure_and_its_end_were_mailed() -> None:
    about = {"case_id": CASE, "decision_id": "d", "imposed_at": START, "ended_at": day(5)}
    told = rows_of(
        ("i", queued("i", "member:seller", "accused", fact="MeasureImposed", decision_id="d")),
        ("i", sent()),
        ("e", queued("e", "member:seller", "accused", fact="MeasureReversed")),
        ("e", MailSent(at=day(6), attempt=1, message_id="<m@x>", reply="250 OK")),
        ("o", queued("o", "member:seller", "accused", fact="MeasureImposed", decision_id="o")),
        ("o", sent(-5)),
    )
    assert measure_told(told, about) == (SENT, day(6))
    assert measure_told(told, about | {"ended_at": None}) == (SENT, None)


def test_r32_the_pages_that_tell_of_a_mail_are_those_of_its_reader() -> None:
    [decided, imposed] = rows_of(
        ("d", queued("d", READER, "complainant", fact="CaseDecided", cause=DECIDED)),
        ("i", queued("i", "member:seller", "accused", fact="MeasureImposed")),
    )
    assert shown_on(decided) == {f"case:{CASE}", f"complaint:{MINE}"}
    assert f"member:{member_key('member:seller')}" in shown_on(imposed)


def test_r32_what_is_sent_again_and_what_goes_to_staff_is_not_the_time_of_being_told() -> None:
    told = {"fact": "CaseDecided", "cause": DECIDED}
    rows = rows_of(
        ("again", queued("again", READER, "complainant", again="d", **told)),
        ("again", sent()),
        ("staff", queued("staff", "role:moderators", "moderators", **told)),
        ("staff", sent()),
    )
    assert {row["reader"] for row in rows} == {None}
