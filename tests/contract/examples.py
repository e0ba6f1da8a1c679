"""One example of every fact, as the services have it today, and the golden files beside them.

A golden file holds a whole message as it stands in the log. It is written once, when its version
of the fact is new, and never changed: `python -m tests.contract.examples` writes those that are
missing and touches no other.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from contracts.case import (
    CaseAdmitted,
    CaseClaimed,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseOpened,
    CaseReleased,
    ComplaintJoined,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeRequested,
    Ground,
    Outcome,
    StatementOfReasons,
)
from contracts.codec import Fact, encode
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta
from contracts.mail import MailBounced, MailDeferred, MailQueued, MailSent
from contracts.parties import Evidence, Person, Product
from contracts.response import CounterNoticeSubmitted

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
)


def golden_file(fact: Fact) -> Path:
    return GOLDEN / f"{fact.type}.v{fact.version}.json"


def message(kind: str, *facts: Fact) -> bytes:
    """The message as its service would write it to the log."""
    aggregate = Aggregate.model_validate({"kind": kind, "id": "7c9e6679742540de944be07fc1f90ae7"})
    source = {"case": "moderation", "mail": "notifier"}.get(kind, "intake")
    return encode(source=f"redress/{source}", subject=aggregate.subject, meta=META, facts=facts)


def write_missing() -> None:
    for kind, fact in EXAMPLES:
        document = json.loads(message(kind, fact))
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        if not golden_file(fact).exists():
            golden_file(fact).write_text(text)


if __name__ == "__main__":
    write_missing()
