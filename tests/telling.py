"""A complaint and its case as facts, for tests of who is told what."""

from datetime import UTC, datetime, timedelta

from contracts.case import (
    CaseAdmitted,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseOpened,
    ComplaintJoined,
    CounterNoticeLapsed,
    CounterNoticeRequested,
    Ground,
    Outcome,
    StatementOfReasons,
)
from contracts.codec import Fact, Message
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta
from contracts.ids import number
from contracts.mail import MailQueued
from contracts.parties import Person, Product
from services.notifier.telling import CaseSoFar, of_complaint, plan

NOON = datetime(2026, 12, 7, 12, 0, tzinfo=UTC)
A_WEEK = timedelta(days=7)

CASE = Aggregate(kind="case", id="0c45e")

IVAN = Person(kind="member", id="ivan", name="Иван Петров", email="ivan@example.org", language="ru")
GUEST = Person(
    kind="guest", id="9ue57", name="Layla Haddad", email="layla@example.net", language="ar"
)

LINK = "http://ru.aliexpress.com/item/Crystal-Case-Cover/32700000001.html?aff_id=ivan77"


def filed(person: Person = IVAN, *, name: str = "c0mp1", description: str = "") -> ComplaintFiled:
    """The guide's own example: an item in a category that is not its own."""
    return ComplaintFiled(
        complaint_id=name,
        number=number("C", name),
        product=Product(link=LINK, product_id="32700000001"),
        complaint_type="SM",
        reason="SM3",
        description=description or "Чехол для телефона выставлен в категории «Косметички».",
        language=person.language,
        complainant=person,
        good_faith=True,
        filed_at=NOON,
    )


def opened(accused: str | None = "sunrise-store") -> CaseOpened:
    return CaseOpened(
        case_id=CASE.id,
        number="K-QXD2M-7K3F9",
        accused=accused,
        product=Product(link=LINK, product_id="32700000001"),
        product_title="Crystal Case Cover",
        complaint_type="SM",
        severity=1,
        policy_version="2026-01",
        opened_at=NOON,
        triage_due_at=NOON + A_WEEK,
    )


def joined(complaint: ComplaintFiled) -> ComplaintJoined:
    return ComplaintJoined(
        complaint_id=complaint.complaint_id,
        complaint_number=complaint.number,
        complainant=complaint.complainant.actor,
        reason=complaint.reason,
        language=complaint.language,
        joined_at=NOON,
    )


ADMITTED = CaseAdmitted(by="moderator:mia", at=NOON)
INADMISSIBLE = CaseDeclaredInadmissible(
    decision_id="d1",
    by="moderator:mia",
    at=NOON,
    explanation="The item was delivered as ordered; a dispute about the price is not for us.",
    appeal_until=NOON + timedelta(days=184),
)
ASKED = CounterNoticeRequested(
    by="moderator:mia",
    at=NOON,
    due_at=NOON + A_WEEK,
    allegation="The phone case is listed in the category of cosmetic bags.",
)
LAPSED = CounterNoticeLapsed(due_at=NOON + A_WEEK, at=NOON + A_WEEK)
DECIDED = CaseDecided(
    decision_id="d2",
    by="moderator:mia",
    at=NOON,
    outcome=Outcome.UPHELD,
    statement=StatementOfReasons(
        facts="A case for a telephone is listed under Beauty › Cosmetic bags.\n\n"
        "The seller did not answer.",
        ground=Ground(
            kind="contract",
            reference="Listing rules, 3.2: items stand in their own category",
            explanation="A telephone case is not a cosmetic bag. The wrong category brings the "
            "listing before people who search for something else.",
        ),
        restrictions=("listing_hidden", "warning"),
        ends_at=NOON + timedelta(days=30),
        redress=("You can appeal, free of charge, until 9 June 2027.", "You can go to court."),
    ),
    appeal_until=NOON + timedelta(days=184),
)
CLOSED = CaseClosed(at=NOON + timedelta(days=184))


def message(*facts: Fact, of: Aggregate = CASE, sequence: int = 1, command: str = "") -> Message:
    """The facts of one command, as a message of the log."""
    meta = Meta(
        id=command or f"command-{sequence}",
        time=NOON,
        actor="moderator:mia",
        correlation="correlation",
    )
    return Message(sequence, of.subject, meta, facts)


def mails(fact: Fact, case: CaseSoFar, *complaints: ComplaintFiled) -> list[MailQueued]:
    """The mails about `fact` as they are queued, the accused being the shop Sunrise."""
    by_id = {complaint.complaint_id: complaint for complaint in complaints}
    queued = []
    for told in plan(message(fact), case):
        telling = told.telling
        complaint = by_id.get(telling.reader)
        person = complaint.complainant if complaint else None
        queued.append(
            MailQueued(
                mail_id=told.mail_id,
                template=telling.template,
                language=person.language if person else "en",
                to_address=person.email if person else "shop@sunrise.example",
                to_name=person.name if person else "Sunrise Store",
                audience=telling.side,
                case_id=CASE.id,
                complaint_id=complaint.complaint_id if complaint else None,
                params=(of_complaint(complaint) if complaint else {}) | telling.params,
                queued_at=NOON,
            )
        )
    return queued
