"""One example of every fact, as the services have it today, and the golden files beside them.

A golden file holds a whole message as it stands in the log. It is written once, when its version
of the fact is new, and never changed: `python -m tests.contract.examples` writes those that are
missing and touches no other.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from contracts.case import (
    AccusedEvidenceReceived,
    AppealDecided,
    AppealOpened,
    AppealRejected,
    CaseAdmitted,
    CaseClaimed,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseEscalated,
    CaseHeld,
    CaseLinked,
    CaseOpened,
    CaseReleased,
    CaseReopened,
    CaseResumed,
    CaseRetyped,
    CaseStandsElsewhere,
    CaseWithdrawn,
    ComplaintEvidenceAdded,
    ComplaintJoined,
    ComplaintLeft,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeReminded,
    CounterNoticeRequested,
    DecisionProposed,
    DecisionReturned,
    DecisionToldLate,
    ExtensionAsked,
    ExtensionGranted,
    ExtensionRefused,
    Finding,
    Ground,
    InformationLapsed,
    InformationReceived,
    InformationRequested,
    InterimMeasureImposed,
    InterimMeasureKept,
    InterimMeasureLifted,
    Measure,
    NoteAdded,
    Outcome,
    OutOfCourtMarked,
    StatementOfReasons,
)
from contracts.codec import Fact, encode
from contracts.complaint import (
    ComplaintFiled,
    ComplaintWithdrawn,
    EvidenceAdded,
    GuestLinkAsked,
    InformationSupplied,
)
from contracts.envelope import Aggregate, Meta
from contracts.mail import (
    AddressRestored,
    AddressSuppressed,
    DigestItemHeld,
    DigestQueued,
    MailBounced,
    MailDeferred,
    MailQueued,
    MailSent,
    MailSuppressed,
    NoticesRead,
    PreferencesSet,
)
from contracts.member import (
    FindingRecorded,
    FindingRevalued,
    FindingReversed,
    MeasureExpired,
    MeasureImposed,
    MeasureProposed,
    MeasureRefused,
    MeasureReversed,
    MeasureStarted,
    Step,
)
from contracts.outgoing import (
    FieldError,
    OutgoingAttempted,
    OutgoingDelivered,
    OutgoingFailed,
    OutgoingQueued,
    OutgoingRefused,
    OutgoingRequeued,
)
from contracts.parties import Evidence, Person, Product
from contracts.response import (
    AppealLodged,
    CounterNoticeSubmitted,
    EvidenceSupplied,
    ExtensionRequested,
)
from contracts.staff import (
    BulkCase,
    BulkCaseSettled,
    BulkFinished,
    BulkStarted,
    BulkStopped,
    Exported,
    QualityRead,
    QueueForgotten,
    QueueSaved,
    ReasonTextRetired,
    ReasonTextWritten,
    ReportEntered,
    ReportEntry,
    Viewed,
    Wording,
)
from tests.contract.chats import IN_CHATS, OF_OPERATORS

GOLDEN = Path(__file__).resolve().parents[2] / "contracts" / "golden"


def day(number: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, number, hour, 30, 15, 123456, tzinfo=UTC)


META = Meta(
    id="9f1c2d3e4b5a69788796a5b4c3d2e1f0",
    time=day(2),
    actor="moderator:mia",
    correlation="0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    causation="1b2c3d4e5f60718293a4b5c6d7e8f90a",
)

PICTURE = Evidence(
    id="5d41402abc4b2a76b9719d911017c592",
    name="чехол.jpg",
    media_type="image/jpeg",
    size=183_204,
    sha256="2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    uploaded_at=day(2, 8),
    uploaded_by="member:ivan",
)
PHONE_CASE = Product(link="https://aliexpress.com/item/32700000001.html", product_id="32700000001")

COMPLAINT = "7c9e6679742540de944be07fc1f90ae7"
CASE = "3f2504e04f8941d39a0c0305e82c3301"
DECISION = "16fd2706821a4b3ba1b0c1f1f1a1e4c9"
APPEAL = "886313e13b8a53729b900c9aee199e5d"
MEASURE = "74738ff55367e9589aee98fffdcd1876"

STATEMENT = StatementOfReasons(
    facts="On 2 March the item stood among cosmetic bags.",
    ground=Ground(
        kind="contract",
        reference="Listing rules, 4.2",
        explanation="An item is listed in its own category.",
    ),
    restrictions=("search_demotion", "warning"),
    ends_at=day(23),
    redress=("Appeal within six months.",),
)
FINDING = Finding(
    id="a87ff679a2f3e71d9181a67b7542122c",
    reason="SM3",
    gravity="general",
    track="INF",
    points=Decimal("0.5"),
)
FREEZE = Measure(id=MEASURE, kind="account_frozen", days=7)

LATER_FROM_COMPLAINANTS: tuple[Fact, ...] = (
    EvidenceAdded(by="member:ivan", text="Ещё один снимок.", evidence=(PICTURE,), added_at=day(3)),
    InformationSupplied(
        case_id=CASE,
        by="member:ivan",
        text="Заказ сделан 1 марта.",
        evidence=(PICTURE,),
        supplied_at=day(4),
    ),
    ComplaintWithdrawn(by="member:ivan", reason="Продавец исправил.", withdrawn_at=day(5)),
    GuestLinkAsked(guest="5d41402abc4b2a76b9719d911017c592", asked_at=day(6), holds_until=day(7)),
)
LATER_FROM_THE_ACCUSED: tuple[Fact, ...] = (
    ExtensionRequested(
        case_id=CASE,
        by="sunrise-store",
        reason="The supplier answers on Monday.",
        requested_at=day(4),
    ),
    EvidenceSupplied(
        case_id=CASE,
        by="sunrise-store",
        text="The invoice.",
        evidence=(PICTURE,),
        received_at=day(5),
    ),
    AppealLodged(
        appeal_id=APPEAL,
        case_id=CASE,
        decision_id=DECISION,
        appellant="complainant",
        complaint_id=COMPLAINT,
        by="member:ivan",
        text="Категорию так и не исправили.",
        evidence=(PICTURE,),
        language="ru",
        lodged_at=day(12),
    ),
)
LATER_ON_CASES: tuple[Fact, ...] = (
    ComplaintLeft(complaint_id=COMPLAINT, complainant="ivan", at=day(5), why="withdrawn"),
    CaseWithdrawn(at=day(5)),
    CaseRetyped(
        by="mia",
        at=day(3),
        from_type="FI",
        to_type="SM",
        reason="SM3",
        severity=1,
        explanation="The category is wrong; what the listing says is true.",
    ),
    CaseLinked(case_id="6ba7b8109dad11d180b400c04fd430c8", by="service:moderation", at=day(12)),
    CaseEscalated(by="mia", at=day(3), escalated=True, reason="The brand's lawyer wrote."),
    OutOfCourtMarked(by="mia", at=day(20), open=True, reference="ODS 2026/17"),
    CaseHeld(by="mia", at=day(4), reason="The police asked us to wait."),
    CaseResumed(by="mia", at=day(6), answer_due_at=day(10), decide_due_at=day(19)),
    NoteAdded(
        note_id="0cc175b9c0f1b6a831c399e269772661",
        by="mia",
        at=day(4),
        visibility="internal",
        text="Same seller as in K-2.",
    ),
    InformationRequested(
        by="mia",
        at=day(3),
        complaint_id=COMPLAINT,
        question="When was it ordered?",
        due_at=day(10),
    ),
    InformationReceived(
        complaint_id=COMPLAINT,
        by="ivan",
        at=day(4),
        late=False,
        text="Заказ сделан 1 марта.",
        evidence=(PICTURE,),
    ),
    InformationLapsed(complaint_id=COMPLAINT, due_at=day(10), at=day(10, 10)),
    ComplaintEvidenceAdded(
        complaint_id=COMPLAINT, by="ivan", at=day(3), text="Ещё один снимок.", evidence=(PICTURE,)
    ),
    CounterNoticeReminded(at=day(6), due_at=day(8), which="half"),
    ExtensionAsked(by="sunrise-store", at=day(4), reason="The supplier answers on Monday."),
    ExtensionGranted(by="mia", at=day(4), due_at=day(15)),
    ExtensionRefused(by="mia", at=day(4), explanation="The invoice is asked for, nothing else."),
    AccusedEvidenceReceived(
        by="sunrise-store",
        received_at=day(5),
        late=False,
        text="The invoice.",
        evidence=(PICTURE,),
    ),
    InterimMeasureImposed(
        by="mia",
        at=day(3),
        measure=Measure(id=MEASURE, kind="listing_hidden", product_id="32700000001"),
        statement=STATEMENT,
        recheck_at=day(10),
    ),
    InterimMeasureKept(
        by="mia", at=day(10), measure_id=MEASURE, explanation="As it was.", recheck_at=day(17)
    ),
    InterimMeasureLifted(by="mia", at=day(6), measure_id=MEASURE, explanation="It was corrected."),
    DecisionProposed(
        decision_id=DECISION,
        by="mia",
        at=day(8),
        outcome=Outcome.UPHELD,
        statement=STATEMENT,
        findings=(FINDING,),
        measures=(FREEZE,),
        review_due_at=day(9),
    ),
    DecisionReturned(decision_id=DECISION, by="sven", at=day(9), explanation="Name the rule."),
    AppealOpened(
        appeal_id=APPEAL,
        decision_id=DECISION,
        appellant="complainant",
        complaint_id=COMPLAINT,
        by="ivan",
        at=day(12),
        text="Категорию так и не исправили.",
        evidence=(PICTURE,),
        due_at=day(26),
    ),
    DecisionToldLate(
        decision_id=DECISION, complaint_id=COMPLAINT, at=day(12), appeal_until=day(31)
    ),
    AppealRejected(
        appeal_id=APPEAL, by="service:moderation", at=day(12), explanation="The window is over."
    ),
    AppealDecided(
        appeal_id=APPEAL,
        decision_id=DECISION,
        by="olga",
        at=day(20),
        result="varied",
        explanation="A warning is enough.",
        outcome=Outcome.PARTLY_UPHELD,
        statement=STATEMENT,
        findings=(FINDING,),
        measures=(FREEZE,),
        appeal_until=None,
    ),
    CaseStandsElsewhere(case_id="7c" * 16, complaint_type="CF", at=day(31)),
    CaseReopened(by="sven", at=day(31), ground="Order of the court.", decide_due_at=day(31, 23)),
)
OUTGOING: tuple[Fact, ...] = (
    OutgoingQueued(
        outgoing_id=MEASURE,
        channel="webhook",
        topic="measure.imposed",
        case_id=CASE,
        body='{"type":"measure.imposed"}',
        queued_at=day(9),
    ),
    OutgoingRefused(
        at=day(9), errors=(FieldError(field="decision_facts", message="An e-mail address."),)
    ),
    OutgoingAttempted(at=day(9), attempt=1),
    OutgoingDelivered(at=day(9), reply="201"),
    OutgoingFailed(
        at=day(9),
        reason="422",
        errors=(FieldError(field="category", message="The category is not known."),),
        retry_at=None,
    ),
    OutgoingRequeued(by="sven", at=day(10), body=None),
)
STANDING: tuple[Fact, ...] = (
    FindingRecorded(
        finding_id=FINDING.id,
        member="member:sunrise-store",
        case_id=CASE,
        decision_id=DECISION,
        reason="SM3",
        gravity="general",
        track="INF",
        points=Decimal("0.5"),
        explanation="A general finding of SM3 counts half a point.",
        at=day(9),
        expires_at=day(9).replace(year=2027),
    ),
    FindingReversed(
        finding_id=FINDING.id,
        member="member:sunrise-store",
        case_id=CASE,
        appeal_id=APPEAL,
        at=day(20),
    ),
    FindingRevalued(
        finding_id=FINDING.id,
        member="member:sunrise-store",
        points=Decimal(2),
        explanation="The first of its kind.",
        steps=(Step(rule="base", points=Decimal(2)),),
        at=day(20),
    ),
    MeasureProposed(
        measure_id=MEASURE,
        member="member:sunrise-store",
        kind="account_frozen",
        days=7,
        track="INF",
        threshold=Decimal(12),
        total=Decimal("12.5"),
        case_id=CASE,
        decision_id=DECISION,
        at=day(9),
    ),
    MeasureRefused(
        measure_id=MEASURE,
        member="member:sunrise-store",
        by="sven",
        at=day(9),
        explanation="The half point is under appeal.",
    ),
    MeasureImposed(
        measure_id=MEASURE,
        member="member:sunrise-store",
        kind="account_frozen",
        case_id=CASE,
        decision_id=DECISION,
        by="sven",
        at=day(9),
        starts_at=day(9),
        ends_at=day(16),
        explanation="12.5 points in the INF track.",
    ),
    MeasureStarted(measure_id=MEASURE, member="member:sunrise-store", at=day(9)),
    MeasureExpired(measure_id=MEASURE, member="member:sunrise-store", at=day(16)),
    MeasureReversed(
        measure_id=MEASURE,
        member="member:sunrise-store",
        case_id=CASE,
        by="olga",
        at=day(12),
        explanation="The finding was taken off.",
    ),
)

OF_READERS: tuple[Fact, ...] = (
    PreferencesSet(
        reader="member:ivan",
        by="member:ivan",
        at=day(2),
        reminders=False,
        news="digest",
        language="ru",
    ),
    DigestItemHeld(
        reader="member:ivan",
        mail_id="c56a4180652d4d5f8b1a9c1e6e2f3a4b",
        at=day(2),
        due_at=day(3),
    ),
    DigestQueued(
        reader="member:ivan",
        mail_id="d67b5291763e5e6f9c2bad2f7f304b5c",
        items=("c56a4180652d4d5f8b1a9c1e6e2f3a4b",),
        at=day(3),
    ),
    NoticesRead(reader="member:ivan", until=day(4)),
    AddressSuppressed(
        address="ivan@example.com",
        mail_id="c56a4180652d4d5f8b1a9c1e6e2f3a4b",
        reason="550 5.1.1 no such user",
        at=day(2),
    ),
    AddressRestored(address="ivan@example.com", by="moderator:mia", at=day(5)),
)

CASE = "3f2504e04f8941d39a0c0305e82c3301"
BULK = "9d5ed678fe57bcca610140957afab571"

DESK: tuple[Fact, ...] = (
    ReasonTextWritten(
        text_id="wrong-category",
        complaint_types=("SM",),
        wordings=(
            Wording(language="en", title="Wrong category", text="“{title}” stands in [category]."),
            Wording(language="ru", title="Не та категория", text="«{title}» стоит в [категория]."),
        ),
        by="sven",
        at=day(3),
    ),
    ReasonTextRetired(text_id="wrong-category", by="sven", at=day(4)),
    ReportEntered(
        report_id="0cc175b9c0f1b6a831c399e269772661",
        since=day(1).date(),
        until=day(4).date(),
        entries=(
            ReportEntry(section="recipients", indicator="average", category="DE", value=1200),
            ReportEntry(section="words", indicator="summary", category="all", text="Немного."),
        ),
        by="sven",
        at=day(4),
    ),
    Viewed(what="file", case_id=CASE, detail=PICTURE.id, by="mia", at=day(3)),
    Exported(what="cases", query="queue=done&type=SM", format="csv", by="sven", at=day(3)),
    QueueSaved(
        queue_id="0cc175b9c0f1b6a831c399e269772661",
        name="Русские подделки",
        query="type=CF&language=ru",
        by="mia",
        at=day(3),
    ),
    QueueForgotten(queue_id="0cc175b9c0f1b6a831c399e269772661", by="mia", at=day(4)),
    BulkStarted(
        bulk_id=BULK,
        command="declare-inadmissible",
        body='{"explanation":"The link leads to another marketplace."}',
        query="queue=new&product=1005001",
        cases=(BulkCase(case_id=CASE, case_version=42),),
        by="mia",
        roles=("moderator",),
        at=day(4),
    ),
    BulkCaseSettled(
        bulk_id=BULK, case_id=CASE, outcome="refused", reason="It has changed.", at=day(4)
    ),
    BulkStopped(bulk_id=BULK, by="mia", at=day(4)),
    BulkFinished(bulk_id=BULK, at=day(4)),
    QualityRead(
        case_id=CASE,
        decision_id="8fa14cdd754f91cc6554c9e71929cce7",
        by="sven",
        verdict="differ",
        note="The rule of 2025 applied.",
        at=day(20),
    ),
)

EXAMPLES: tuple[tuple[str, Fact], ...] = (
    (
        "complaint",
        ComplaintFiled(
            complaint_id="7c9e6679742540de944be07fc1f90ae7",
            number="C-7K3F9-QXD2M",
            product=PHONE_CASE,
            complaint_type="SM",
            reason="SM3",
            description="Чехол для телефона стоит в категории «Косметички».\nСм. снимок. 📷",
            language="ru",
            complainant=Person(
                kind="member",
                id="ivan",
                name="Иван Петров",
                email="ivan@example.com",
                language="ru",
            ),
            evidence=(PICTURE,),
            good_faith=True,
            filed_at=day(2),
        ),
    ),
    (
        "response",
        CounterNoticeSubmitted(
            case_id="3f2504e04f8941d39a0c0305e82c3301",
            by="sunrise-store",
            text="The listing was in the right category until the import of 1 March.",
            evidence=(PICTURE,),
            received_at=day(4),
        ),
    ),
    (
        "case",
        CaseOpened(
            case_id="3f2504e04f8941d39a0c0305e82c3301",
            number="K-7K3F9-QXD2M",
            accused="sunrise-store",
            product=PHONE_CASE,
            product_title="Phone case, silicone",
            complaint_type="SM",
            severity=2,
            policy_version="2026-01",
            opened_at=day(2),
            triage_due_at=day(3),
        ),
    ),
    (
        "case",
        ComplaintJoined(
            complaint_id="7c9e6679742540de944be07fc1f90ae7",
            complaint_number="C-7K3F9-QXD2M",
            complainant="ivan",
            reason="SM3",
            language="ru",
            joined_at=day(2),
        ),
    ),
    ("case", CaseAdmitted(by="mia", at=day(3), decide_due_at=day(17))),
    (
        "case",
        CaseDeclaredInadmissible(
            decision_id="16fd2706821a4b3ba1b0c1f1f1a1e4c9",
            by="mia",
            at=day(3),
            explanation="The link leads to another marketplace.",
            appeal_until=day(30),
        ),
    ),
    ("case", CaseClaimed(by="mia", at=day(3), until=day(3, 10))),
    ("case", CaseReleased(by="mia", at=day(3, 10))),
    (
        "case",
        CounterNoticeRequested(
            by="mia",
            at=day(3),
            due_at=day(8),
            allegation="The item is listed in a category that is not its own.",
        ),
    ),
    (
        "case",
        CounterNoticeReceived(
            response_id="6ba7b8109dad11d180b400c04fd430c8",
            by="sunrise-store",
            received_at=day(4),
            late=False,
            text="The listing was in the right category until the import of 1 March.",
            evidence=(PICTURE,),
            decide_due_at=day(11),
        ),
    ),
    ("case", CounterNoticeLapsed(due_at=day(8), at=day(8, 10), decide_due_at=day(15))),
    (
        "case",
        CaseDecided(
            decision_id="16fd2706821a4b3ba1b0c1f1f1a1e4c9",
            by="sven",
            at=day(9),
            outcome=Outcome.UPHELD,
            statement=StatementOfReasons(
                facts="On 2 March the item stood among cosmetic bags.",
                ground=Ground(
                    kind="contract",
                    reference="Listing rules, 4.2",
                    explanation="An item is listed in its own category.",
                ),
                restrictions=("search_demotion", "warning"),
                territory=("worldwide",),
                ends_at=day(23),
                automated_detection=False,
                automated_decision=False,
                redress=("Appeal within six months.", "Out-of-court dispute settlement."),
            ),
            appeal_until=day(30),
            policy_version="2026-01",
        ),
    ),
    ("case", CaseClosed(at=day(31))),
    *(("complaint", fact) for fact in LATER_FROM_COMPLAINANTS),
    *(("response", fact) for fact in LATER_FROM_THE_ACCUSED),
    *(("case", fact) for fact in LATER_ON_CASES),
    *(("member", fact) for fact in STANDING),
    *(("outgoing", fact) for fact in OUTGOING),
    (
        "mail",
        MailQueued(
            mail_id="c56a4180652d4d5f8b1a9c1e6e2f3a4b",
            template="complainant/receipt",
            language="ru",
            to_address="ivan@example.com",
            to_name="Иван Петров",
            audience="complainant",
            case_id=None,
            complaint_id="7c9e6679742540de944be07fc1f90ae7",
            params={"number": "C-7K3F9-QXD2M", "product": "Чехол"},
            queued_at=day(2),
        ),
    ),
    (
        "mail",
        MailSent(
            at=day(2),
            attempt=2,
            message_id="<c56a4180652d4d5f8b1a9c1e6e2f3a4b@redress.example>",
            reply="250 OK",
        ),
    ),
    ("mail", MailDeferred(at=day(2), attempt=1, reason="451 try later", retry_at=day(2, 10))),
    ("mail", MailBounced(at=day(2), attempt=3, reason="550 no such user")),
    ("mail", MailSuppressed(at=day(2), why="preference")),
    *(("reader", fact) for fact in OF_READERS),
    *(("staff", fact) for fact in DESK),
    *(("chat", fact) for fact in IN_CHATS),
    *(("operator", fact) for fact in OF_OPERATORS),
)


def golden_file(fact: Fact) -> Path:
    return GOLDEN / f"{fact.type}.v{fact.version}.json"


SOURCES = {
    "case": "moderation",
    "member": "moderation",
    "outgoing": "moderation",
    "staff": "moderation",
    "mail": "notifier",
    "reader": "notifier",
    "chat": "chat",
    "operator": "chat",
}


def message(kind: str, *facts: Fact) -> bytes:
    """The message as its service would write it to the log."""
    aggregate = Aggregate.model_validate({"kind": kind, "id": "7c9e6679742540de944be07fc1f90ae7"})
    source = SOURCES.get(kind, "intake")
    return encode(source=f"redress/{source}", subject=aggregate.subject, meta=META, facts=facts)


def write_missing() -> None:
    for kind, fact in EXAMPLES:
        document = json.loads(message(kind, fact))
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        if not golden_file(fact).exists():
            golden_file(fact).write_text(text)


if __name__ == "__main__":
    write_missing()
