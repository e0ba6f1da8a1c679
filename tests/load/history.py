"""A log as months of use leave it: complaints, their cases, answers and decisions, interleaved."""

import random
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from contracts.case import (
    CaseAdmitted,
    CaseClaimed,
    CaseDecided,
    CaseOpened,
    ComplaintJoined,
    CounterNoticeReceived,
    CounterNoticeRequested,
    Ground,
    Outcome,
    StatementOfReasons,
)
from contracts.codec import Fact
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate
from contracts.ids import derived_id, number
from contracts.parties import Person, Product
from contracts.response import CounterNoticeSubmitted
from contracts.taxonomy import taxonomy

Step = tuple[Aggregate, list[Fact]]

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SECONDS_APART = 20
UNDER_WAY = 5_000
"""Cases whose facts interleave at any moment."""
SELLERS = 3_000
DESCRIPTIONS = {
    "en": "The stitching is wrong and the logo is not the brand's. ",
    "ru": "Чехол для телефона выставлен в категории «Косметички». ",
    "ar": "مكتوب 2 تيرابايت والسعة الحقيقية 32 جيجابايت. ",
}


def history(cases: int, *, seed: int = 1) -> Iterator[Step]:
    """Every message of `cases` cases in the order of the log, the same for the same `seed`.

    Of ten cases four are only filed, two are admitted, one waits for its answer, three are
    decided. A case takes 2 to 9 messages and 3 to 10 facts.
    """
    chance = random.Random(seed)
    open_cases: deque[Iterator[Step]] = deque()
    started = 0
    while started < cases or open_cases:
        while started < cases and len(open_cases) < UNDER_WAY:
            started += 1
            open_cases.append(one_case(started, chance))
        case = open_cases[chance.randrange(min(len(open_cases), 50))]
        step = next(case, None)
        if step is None:
            open_cases.remove(case)
        else:
            open_cases.rotate(-7)
            yield step


def one_case(place: int, chance: random.Random) -> Iterator[Step]:
    """The messages of the `place`th case, in their order."""
    complaint_id, case_id = (
        derived_id("load", "complaint", str(place)),
        derived_id("load", str(place)),
    )
    filed_at = START + timedelta(seconds=SECONDS_APART * place)
    kind = chance.choice(taxonomy().types)
    reason = chance.choice(kind.reasons)
    language = chance.choice(list(DESCRIPTIONS))
    product = Product(
        link=f"https://www.aliexpress.com/item/{1005001000000000 + place}.html",
        product_id=str(1005001000000000 + place),
    )
    buyer = Person(
        kind="member",
        id=f"buyer-{chance.randrange(cases_of(place))}",
        name="A Buyer",
        email=f"buyer{place}@example.org",
        language=language,
    )
    seller = f"seller-{chance.randrange(SELLERS)}"
    moderator = f"moderator:m{chance.randrange(20)}"
    complaint = Aggregate(kind="complaint", id=complaint_id)
    case = Aggregate(kind="case", id=case_id)

    yield (
        complaint,
        [
            ComplaintFiled(
                complaint_id=complaint_id,
                number=number("C", complaint_id),
                product=product,
                complaint_type=kind.code,
                reason=reason.code,
                description=DESCRIPTIONS[language] * chance.randint(1, 6),
                language=language,
                complainant=buyer,
                good_faith=True,
                filed_at=filed_at,
            )
        ],
    )
    yield (
        case,
        [
            CaseOpened(
                case_id=case_id,
                number=number("K", case_id),
                accused=seller,
                product=product,
                product_title="A product",
                complaint_type=kind.code,
                severity=reason.sev,
                policy_version="1",
                opened_at=filed_at,
                triage_due_at=filed_at + timedelta(hours=72),
            ),
            ComplaintJoined(
                complaint_id=complaint_id,
                complaint_number=number("C", complaint_id),
                complainant=buyer.actor,
                reason=reason.code,
                language=language,
                joined_at=filed_at,
            ),
        ],
    )
    luck = chance.random()
    if luck < 0.4:
        return
    at = filed_at + timedelta(hours=3)
    yield case, [CaseAdmitted(by=moderator, at=at, decide_due_at=at + timedelta(days=3))]
    if luck < 0.6:
        return
    yield case, [CaseClaimed(by=moderator, at=at, until=at + timedelta(minutes=10))]
    due = at + timedelta(days=7)
    yield (
        case,
        [
            CounterNoticeRequested(
                by=moderator, at=at, due_at=due, allegation="The category is wrong."
            )
        ],
    )
    if luck < 0.7:
        return
    answered = at + timedelta(days=2)
    text = "The category was corrected on the same day. " * 3
    response_id = derived_id("load", "answer", str(place))
    yield (
        Aggregate(kind="response", id=case_id),
        [CounterNoticeSubmitted(case_id=case_id, by=seller, text=text, received_at=answered)],
    )
    yield (
        case,
        [
            CounterNoticeReceived(
                response_id=response_id,
                by=seller,
                received_at=answered,
                late=False,
                text=text,
                decide_due_at=answered + timedelta(days=3),
            )
        ],
    )
    decided = answered + timedelta(hours=5)
    yield case, [CaseClaimed(by=moderator, at=decided, until=decided + timedelta(minutes=10))]
    yield (
        case,
        [
            CaseDecided(
                decision_id=derived_id("load", "decision", str(place)),
                by=moderator,
                at=decided,
                outcome=chance.choice(list(Outcome)),
                statement=StatementOfReasons(
                    facts="The item is a case for a telephone. It was listed under cosmetics bags.",
                    ground=Ground(kind="contract", reference="4.2", explanation="Wrong category."),
                    restrictions=("warning",),
                    redress=("You may appeal within 184 days.",),
                ),
                appeal_until=decided + timedelta(days=184),
            )
        ],
    )


def cases_of(place: int) -> int:
    """How many buyers there are by then: about one for three cases."""
    return place // 3 + 1
