"""Facts of a case: what moderators work on. The same accused, product and type make one case."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime

from contracts.envelope import Contract
from contracts.parties import Evidence, Product


class Outcome(StrEnum):
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    DISMISSED = "dismissed"


Restriction = Literal[
    "warning",
    "search_demotion",
    "listing_hidden",
    "listing_removed",
    "listing_restriction",
]
"""What may be imposed on a listing or its member without a second person's consent."""


class Ground(Contract):
    """Why the content may not stay: a law or a contract's rule, Art. 17(3)(d) and (e)."""

    kind: Literal["law", "contract"]
    reference: str
    explanation: str


class StatementOfReasons(Contract):
    """The decision as told to the accused (Digital Services Act, Art. 17(3)).

    `restrictions` empty means that nothing was restricted; `ends_at` None means no end.
    """

    facts: str
    ground: Ground
    restrictions: tuple[Restriction, ...] = ()
    territory: tuple[str, ...] = ("worldwide",)
    ends_at: AwareDatetime | None = None
    automated_detection: bool = False
    automated_decision: bool = False
    redress: tuple[str, ...] = ()


class CaseOpened(Contract):
    """The first complaint of its kind opened a case.

    `accused` is the member id from the marketplace's catalogue, None while the product is unknown.
    """

    type: Literal["CaseOpened"] = "CaseOpened"
    version: Literal[1] = 1
    case_id: str
    number: str
    accused: str | None
    product: Product
    product_title: str | None = None
    complaint_type: str
    severity: int
    policy_version: str
    opened_at: AwareDatetime
    triage_due_at: AwareDatetime


class ComplaintJoined(Contract):
    type: Literal["ComplaintJoined"] = "ComplaintJoined"
    version: Literal[1] = 1
    complaint_id: str
    complaint_number: str
    complainant: str
    reason: str
    language: str
    joined_at: AwareDatetime


class CaseAdmitted(Contract):
    """The complaint can be decided; a decision is due by `decide_due_at`."""

    type: Literal["CaseAdmitted"] = "CaseAdmitted"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    decide_due_at: AwareDatetime | None = None


class CaseDeclaredInadmissible(Contract):
    """Not a complaint that can be decided; `explanation` is told to every complainant."""

    type: Literal["CaseDeclaredInadmissible"] = "CaseDeclaredInadmissible"
    version: Literal[1] = 1
    decision_id: str
    by: str
    at: AwareDatetime
    explanation: str
    appeal_until: AwareDatetime


class CaseClaimed(Contract):
    """A moderator holds the case until `until`; a claim made again by the holder renews it."""

    type: Literal["CaseClaimed"] = "CaseClaimed"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    until: AwareDatetime


class CaseReleased(Contract):
    type: Literal["CaseReleased"] = "CaseReleased"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime


class CounterNoticeRequested(Contract):
    """The accused was asked to answer by `due_at`; `allegation` is what they are told, without a
    word about who complained."""

    type: Literal["CounterNoticeRequested"] = "CounterNoticeRequested"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    due_at: AwareDatetime
    allegation: str


class CounterNoticeReceived(Contract):
    """The accused answered. `late` answers are kept and shown, but do not move the case."""

    type: Literal["CounterNoticeReceived"] = "CounterNoticeReceived"
    version: Literal[1] = 1
    response_id: str
    by: str
    received_at: AwareDatetime
    late: bool
    text: str
    evidence: tuple[Evidence, ...] = ()
    decide_due_at: AwareDatetime | None = None


class CounterNoticeLapsed(Contract):
    type: Literal["CounterNoticeLapsed"] = "CounterNoticeLapsed"
    version: Literal[1] = 1
    due_at: AwareDatetime
    at: AwareDatetime
    decide_due_at: AwareDatetime | None = None


class CaseDecided(Contract):
    """`manifestly_unfounded` is possible only with `dismissed`."""

    type: Literal["CaseDecided"] = "CaseDecided"
    version: Literal[1] = 1
    decision_id: str
    by: str
    at: AwareDatetime
    outcome: Outcome
    manifestly_unfounded: bool = False
    statement: StatementOfReasons
    appeal_until: AwareDatetime
    policy_version: str | None = None


class CaseClosed(Contract):
    """The appeal window is over."""

    type: Literal["CaseClosed"] = "CaseClosed"
    version: Literal[1] = 1
    at: AwareDatetime


CaseFact = (
    CaseOpened
    | ComplaintJoined
    | CaseAdmitted
    | CaseDeclaredInadmissible
    | CaseClaimed
    | CaseReleased
    | CounterNoticeRequested
    | CounterNoticeReceived
    | CounterNoticeLapsed
    | CaseDecided
    | CaseClosed
)
