"""A complaint and its case as facts, for tests of who is told what."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from contracts.case import (
    AppealDecided,
    AppealOpened,
    AppealRejected,
    CaseAdmitted,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseOpened,
    CaseReopened,
    CaseResumed,
    CaseRetyped,
    CaseWithdrawn,
    ComplaintJoined,
    ComplaintLeft,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeReminded,
    CounterNoticeRequested,
    ExtensionGranted,
    ExtensionRefused,
    Ground,
    InformationLapsed,
    InformationRequested,
    InterimMeasureImposed,
    InterimMeasureKept,
    InterimMeasureLifted,
    Measure,
    NoteAdded,
    Outcome,
    StatementOfReasons,
)
from contracts.codec import Fact, Message
from contracts.complaint import ComplaintFiled, ComplaintWithdrawn, GuestLinkAsked
from contracts.envelope import Aggregate, Meta
from contracts.ids import number
from contracts.mail import MailQueued
from contracts.member import MeasureImposed
from contracts.parties import Person, Product
from services.notifier.saying import of_complaint
from services.notifier.so_far import Before, CaseSoFar
from services.notifier.telling import STAFF, plan

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
LINK_ASKED = GuestLinkAsked(guest=GUEST.id, asked_at=NOON, holds_until=NOON + timedelta(days=1))
ANSWERED = CounterNoticeReceived(
    response_id="r1", by="sunrise-store", received_at=NOON, late=False, text="It is a bag."
)
REMINDED = CounterNoticeReminded(at=NOON, due_at=NOON + A_WEEK, which="half")
EXTENDED = ExtensionGranted(by="moderator:mia", at=NOON, due_at=NOON + 2 * A_WEEK)
NOT_EXTENDED = ExtensionRefused(
    by="moderator:mia", at=NOON, explanation="Two weeks were enough for others."
)
HELD_NO_MORE = CaseResumed(
    by="moderator:mia",
    at=NOON,
    answer_due_at=NOON + 2 * A_WEEK,
    information_due_at=NOON + 2 * A_WEEK,
)
RETYPED = CaseRetyped(
    by="moderator:mia",
    at=NOON,
    from_type="SM",
    to_type="FI",
    reason="FI1",
    severity=2,
    explanation="for the file",
)
LEFT_ALONE = CaseWithdrawn(at=NOON)
WITHDRAWN = ComplaintWithdrawn(by="member:ivan", withdrawn_at=NOON)
REOPENED = CaseReopened(
    by="moderator:olga", at=NOON, ground="order 17/4 of a court", decide_due_at=NOON + A_WEEK
)
MEASURE = Measure(id="m1", kind="listing_frozen", product_id="32700000001")
INTERIM = InterimMeasureImposed(
    by="moderator:mia",
    at=NOON,
    measure=MEASURE,
    statement=DECIDED.statement.model_copy(update={"restrictions": (), "ends_at": None}),
    recheck_at=NOON + A_WEEK,
)
INTERIM_KEPT = InterimMeasureKept(
    by="moderator:mia",
    at=NOON,
    measure_id="m1",
    explanation="Nothing was put right.",
    recheck_at=NOON + 2 * A_WEEK,
)
INTERIM_LIFTED = InterimMeasureLifted(
    by="moderator:mia", at=NOON, measure_id="m1", explanation="The listing was put right."
)
IMPOSED = MeasureImposed(
    measure_id="m2",
    member="member:sunrise-store",
    kind="account_frozen",
    case_id=CASE.id,
    decision_id="d2",
    by="moderator:mia",
    at=NOON,
    starts_at=NOON,
    ends_at=NOON + A_WEEK,
    explanation="12 points on INF within 365 days.",
)
SUSPENDED = IMPOSED.model_copy(
    update={
        "measure_id": "m3",
        "member": "member:ivan",
        "kind": "complaining_suspended",
        "ends_at": NOON + timedelta(days=3),
        "explanation": "The third manifestly unfounded complaint.",
    }
)


def note(visibility: Literal["internal", "public"]) -> NoteAdded:
    return NoteAdded(
        note_id="n1", by="moderator:mia", at=NOON, visibility=visibility, text="Both sides: read."
    )


def question(complaint: ComplaintFiled) -> InformationRequested:
    return InformationRequested(
        by="moderator:mia",
        at=NOON,
        complaint_id=complaint.complaint_id,
        question="Which case did you order?",
        due_at=NOON + A_WEEK,
    )


def unanswered(complaint: ComplaintFiled) -> InformationLapsed:
    return InformationLapsed(
        complaint_id=complaint.complaint_id, due_at=NOON + A_WEEK, at=NOON + A_WEEK
    )


def left(complaint: ComplaintFiled) -> ComplaintLeft:
    return ComplaintLeft(
        complaint_id=complaint.complaint_id, complainant=complaint.complainant.actor, at=NOON
    )


def appealed(by: ComplaintFiled | None) -> AppealOpened:
    """An appeal of a complainant, or for None of the accused."""
    return AppealOpened(
        appeal_id="a1",
        decision_id="d2",
        appellant="complainant" if by else "accused",
        complaint_id=by.complaint_id if by else None,
        by=by.complainant.actor if by else "member:sunrise-store",
        at=NOON,
        text="Nobody looked at the second picture.",
        due_at=NOON + 2 * A_WEEK,
    )


APPEAL_REFUSED = AppealRejected(
    appeal_id="a1", by="service:moderation", at=NOON, explanation="It came after the time for it."
)


UNHEARD = AppealDecided(
    appeal_id="a1",
    decision_id="d1",
    by="appeals_officer:omar",
    at=NOON,
    result="overturned",
    explanation="The order shows which item is meant.",
    outcome=None,
    statement=None,
    appellant="complainant",
    complaint_id="1van5",
)
"""The end of an appeal against being declared inadmissible."""


def heard(result: Literal["affirmed", "varied", "overturned"]) -> AppealDecided:
    return AppealDecided(
        appeal_id="a1",
        decision_id="d2",
        by="appeals_officer:omar",
        at=NOON,
        result=result,
        explanation="The second picture shows a case, as the first one does.",
        outcome=Outcome.DISMISSED if result == "overturned" else Outcome.UPHELD,
        statement=DECIDED.statement.model_copy(
            update={"restrictions": ()} if result == "overturned" else {}
        ),
    )


def message(*facts: Fact, of: Aggregate = CASE, sequence: int = 1, command: str = "") -> Message:
    """The facts of one command, as a message of the log."""
    meta = Meta(
        id=command or f"command-{sequence}",
        time=NOON,
        actor="moderator:mia",
        correlation="correlation",
    )
    return Message(sequence, of.subject, meta, facts)


def mails(
    fact: Fact,
    case: CaseSoFar | Before,
    *complaints: ComplaintFiled,
    of: Aggregate = CASE,
    language: str | None = None,
) -> list[MailQueued]:
    """The mails about `fact` as they are queued, the accused being the shop Sunrise."""
    by_id = {complaint.complaint_id: complaint for complaint in complaints}
    before = Before(case) if isinstance(case, CaseSoFar) else case
    if isinstance(fact, ComplaintFiled):
        of = Aggregate(kind="complaint", id=fact.complaint_id)
    queued = []
    for told in plan(message(fact, of=of), before):
        telling = told.telling
        complaint = by_id.get(telling.reader)
        person = complaint.complainant if complaint else None
        staff = telling.side in STAFF
        queued.append(
            MailQueued(
                mail_id=told.mail_id,
                template=telling.template,
                language=language or (person.language if person else "en"),
                to_address=person.email if person else "shop@sunrise.example",
                to_name=person.name if person else "" if staff else "Sunrise Store",
                audience=telling.side,
                case_id=CASE.id,
                complaint_id=complaint.complaint_id if complaint else None,
                params=(of_complaint(complaint) if complaint else {}) | telling.params,
                queued_at=NOON,
                reader=person.actor
                if person
                else f"{'role' if staff else 'member'}:{telling.reader}",
                duty=telling.duty if telling.duty != "obligatory" else None,
                fact=telling.fact,
                decision_id=telling.decision_id,
            )
        )
    return queued
