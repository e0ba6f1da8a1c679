"""Facts of a case: what moderators work on. The same accused, product and type make one case."""

from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime

from contracts.envelope import Contract
from contracts.parties import Evidence, Product


class Outcome(StrEnum):
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    DISMISSED = "dismissed"


MeasureKind = Literal[
    "warning",
    "search_demotion",
    "listing_hidden",
    "listing_removed",
    "listing_frozen",
    "listing_restriction",
    "payout_hold",
    "account_frozen",
    "account_closed",
    "complaining_suspended",
]
"""Whatever may be imposed on a listing, on its member, or (the last) on a complainant."""

Track = Literal["IPS", "IPP", "TRX", "INF", "ABUSE"]
"""The record in which a finding counts. `ABUSE`: manifestly unfounded complaints (Art. 23)."""


class Measure(Contract):
    """One measure as a decision imposes it. `days` None: until `ends_at`, or until reversed, or
    for good when an account is closed.

    `immediate_ground` is the recorded reason why an account is closed at once and not 30 days
    after being told (Regulation 2019/1150, Art. 4(4)).
    """

    id: str
    kind: MeasureKind
    days: int | None = None
    product_id: str | None = None
    immediate_ground: str | None = None
    ends_at: AwareDatetime | None = None


class Finding(Contract):
    """What a decision puts on a member's record. Points may be halves; a strike is a point in
    the IPS track."""

    id: str
    reason: str
    gravity: Literal["general", "serious", "extreme"]
    track: Track
    points: Decimal


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
    restrictions: tuple[MeasureKind, ...] = ()
    territory: tuple[str, ...] = ("worldwide",)
    ends_at: AwareDatetime | None = None
    automated_detection: bool = False
    automated_decision: bool = False
    redress: tuple[str, ...] = ()


class Listing(Contract):
    """What the marketplace's catalogue told of the product when the case was opened.

    `price` as it is shown there, e.g. `2.49 EUR`; `seller_name` is the shop's, not a person's.
    """

    category: str | None = None
    picture_url: str | None = None
    price: str | None = None
    seller_name: str | None = None


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
    listing: Listing | None = None
    """The listing as it was when it was reported; None where the catalogue does not know it."""
    trusted_flagger: bool = False
    """The complaint came from a trusted flagger (Digital Services Act, Art. 22)."""


class ComplaintJoined(Contract):
    """`triage_due_at`: the complaint of a trusted flagger moved the deadline forward."""

    type: Literal["ComplaintJoined"] = "ComplaintJoined"
    version: Literal[1] = 1
    complaint_id: str
    complaint_number: str
    complainant: str
    reason: str
    language: str
    joined_at: AwareDatetime
    trusted_flagger: bool = False
    triage_due_at: AwareDatetime | None = None


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


class SharedFile(Contract):
    """A complainant's file that the accused may see. Without its name and uploader: they may tell
    who complained."""

    id: str
    media_type: str
    size: int


class CounterNoticeRequested(Contract):
    """The accused was asked to answer by `due_at`; `allegation` is what they are told, without a
    word about who complained."""

    type: Literal["CounterNoticeRequested"] = "CounterNoticeRequested"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    due_at: AwareDatetime
    allegation: str
    evidence: tuple[SharedFile, ...] = ()
    """What a moderator found needed to answer, and fit to be shown."""


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
    """`manifestly_unfounded` is possible only with `dismissed`.

    `proposed_by` names who proposed what `by` approved; None: one person sufficed.
    """

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
    proposed_by: str | None = None
    findings: tuple[Finding, ...] = ()
    measures: tuple[Measure, ...] = ()


class DecisionToldLate(Contract):
    """The mail that tells one party of a decision went out (`at`) on a later day than the decision
    was taken. Their own time to appeal, counted from being told (Digital Services Act, Art. 20(2)),
    ends at `appeal_until`. `complaint_id` None: the accused."""

    type: Literal["DecisionToldLate"] = "DecisionToldLate"
    version: Literal[1] = 1
    decision_id: str
    complaint_id: str | None
    at: AwareDatetime
    appeal_until: AwareDatetime


class CaseClosed(Contract):
    """The appeal window is over, or every complaint was withdrawn."""

    type: Literal["CaseClosed"] = "CaseClosed"
    version: Literal[1] = 1
    at: AwareDatetime


class ComplaintLeft(Contract):
    """A complaint belongs to the case no more: its complainant withdrew it."""

    type: Literal["ComplaintLeft"] = "ComplaintLeft"
    version: Literal[1] = 1
    complaint_id: str
    complainant: str
    at: AwareDatetime
    why: Literal["withdrawn"] = "withdrawn"


class CaseWithdrawn(Contract):
    """Its last complaint was withdrawn and nothing asks for the case to go on."""

    type: Literal["CaseWithdrawn"] = "CaseWithdrawn"
    version: Literal[1] = 1
    at: AwareDatetime


class CaseRetyped(Contract):
    """A moderator moved the case to the right type. Nobody is told "wrong form".

    A case on which the accused was asked is under review again: what is alleged has changed.
    `triage_due_at`: the new type is more urgent.
    """

    type: Literal["CaseRetyped"] = "CaseRetyped"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    from_type: str
    to_type: str
    reason: str
    severity: int
    explanation: str
    triage_due_at: AwareDatetime | None = None


class CaseLinked(Contract):
    """Another case about the same matter, for instance one opened during an appeal."""

    type: Literal["CaseLinked"] = "CaseLinked"
    version: Literal[1] = 1
    case_id: str
    by: str
    at: AwareDatetime


class CaseEscalated(Contract):
    type: Literal["CaseEscalated"] = "CaseEscalated"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    escalated: bool
    reason: str


class OutOfCourtMarked(Contract):
    """The case is (or is no longer) before an out-of-court settlement body (Art. 21)."""

    type: Literal["OutOfCourtMarked"] = "OutOfCourtMarked"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    open: bool
    reference: str


class CaseHeld(Contract):
    """The clocks stand still until the case is resumed."""

    type: Literal["CaseHeld"] = "CaseHeld"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    reason: str


class CaseResumed(Contract):
    """The clocks run again; each deadline moved by as long as they stood still."""

    type: Literal["CaseResumed"] = "CaseResumed"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    triage_due_at: AwareDatetime | None = None
    answer_due_at: AwareDatetime | None = None
    information_due_at: AwareDatetime | None = None
    decide_due_at: AwareDatetime | None = None
    review_due_at: AwareDatetime | None = None


class NoteAdded(Contract):
    """A moderator's note: `internal` for staff alone, `public` for both parties to read."""

    type: Literal["NoteAdded"] = "NoteAdded"
    version: Literal[1] = 1
    note_id: str
    by: str
    at: AwareDatetime
    visibility: Literal["internal", "public"]
    text: str


class InformationRequested(Contract):
    """One complainant was asked to add something by `due_at`."""

    type: Literal["InformationRequested"] = "InformationRequested"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    complaint_id: str
    question: str
    due_at: AwareDatetime


class InformationReceived(Contract):
    """The complainant answered; `late` answers are kept and do not move the case."""

    type: Literal["InformationReceived"] = "InformationReceived"
    version: Literal[1] = 1
    complaint_id: str
    by: str
    at: AwareDatetime
    late: bool
    text: str
    evidence: tuple[Evidence, ...] = ()
    decide_due_at: AwareDatetime | None = None


class InformationLapsed(Contract):
    type: Literal["InformationLapsed"] = "InformationLapsed"
    version: Literal[1] = 1
    complaint_id: str
    due_at: AwareDatetime
    at: AwareDatetime
    decide_due_at: AwareDatetime | None = None


class ComplaintEvidenceAdded(Contract):
    """A complainant sent more files; they stand on the case from now on."""

    type: Literal["ComplaintEvidenceAdded"] = "ComplaintEvidenceAdded"
    version: Literal[1] = 1
    complaint_id: str
    by: str
    at: AwareDatetime
    text: str = ""
    evidence: tuple[Evidence, ...]


class CounterNoticeReminded(Contract):
    """The accused was reminded of an answer still awaited."""

    type: Literal["CounterNoticeReminded"] = "CounterNoticeReminded"
    version: Literal[1] = 1
    at: AwareDatetime
    due_at: AwareDatetime
    which: Literal["half", "last_day"]


class ExtensionAsked(Contract):
    """The accused wants more time; a moderator grants or refuses it."""

    type: Literal["ExtensionAsked"] = "ExtensionAsked"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    reason: str


class ExtensionGranted(Contract):
    """One extension, of at most the policy's days: the answer is due at `due_at` now."""

    type: Literal["ExtensionGranted"] = "ExtensionGranted"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    due_at: AwareDatetime


class ExtensionRefused(Contract):
    type: Literal["ExtensionRefused"] = "ExtensionRefused"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    explanation: str


class AccusedEvidenceReceived(Contract):
    """The accused sent more after the counter-notice; `late`: after the deadline, kept."""

    type: Literal["AccusedEvidenceReceived"] = "AccusedEvidenceReceived"
    version: Literal[1] = 1
    by: str
    received_at: AwareDatetime
    late: bool
    text: str = ""
    evidence: tuple[Evidence, ...]


class InterimMeasureImposed(Contract):
    """Imposed under review, with its own statement at once; looked at again by `recheck_at`."""

    type: Literal["InterimMeasureImposed"] = "InterimMeasureImposed"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    measure: Measure
    statement: StatementOfReasons
    recheck_at: AwareDatetime


class InterimMeasureKept(Contract):
    """Somebody looked again, and it stays; the next look is due at `recheck_at`."""

    type: Literal["InterimMeasureKept"] = "InterimMeasureKept"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    measure_id: str
    explanation: str
    recheck_at: AwareDatetime


class InterimMeasureLifted(Contract):
    """A moderator lifted it, or the decision took its place."""

    type: Literal["InterimMeasureLifted"] = "InterimMeasureLifted"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    measure_id: str
    explanation: str


class DecisionProposed(Contract):
    """A decision that a second, senior person must approve by `review_due_at`."""

    type: Literal["DecisionProposed"] = "DecisionProposed"
    version: Literal[1] = 1
    decision_id: str
    by: str
    at: AwareDatetime
    outcome: Outcome
    manifestly_unfounded: bool = False
    statement: StatementOfReasons
    findings: tuple[Finding, ...] = ()
    measures: tuple[Measure, ...] = ()
    review_due_at: AwareDatetime


class DecisionReturned(Contract):
    """The second person did not approve; the case is under review again."""

    type: Literal["DecisionReturned"] = "DecisionReturned"
    version: Literal[1] = 1
    decision_id: str
    by: str
    at: AwareDatetime
    explanation: str
    decide_due_at: AwareDatetime | None = None


class AppealOpened(Contract):
    """An appeal was received in time; an officer who took no part decides by `due_at`."""

    type: Literal["AppealOpened"] = "AppealOpened"
    version: Literal[1] = 1
    appeal_id: str
    decision_id: str
    appellant: Literal["complainant", "accused"]
    complaint_id: str | None
    by: str
    at: AwareDatetime
    text: str
    evidence: tuple[Evidence, ...] = ()
    due_at: AwareDatetime


class AppealRejected(Contract):
    """An appeal came too late, or against no decision that its author was told of.

    `appellant` and `complaint_id` say who is answered, as in `AppealOpened`.
    """

    type: Literal["AppealRejected"] = "AppealRejected"
    version: Literal[1] = 1
    appeal_id: str
    by: str
    at: AwareDatetime
    explanation: str
    appellant: Literal["complainant", "accused"] | None = None
    complaint_id: str | None = None
    decision_id: str | None = None


class AppealDecided(Contract):
    """The officer's answer to both sides. `outcome` and `statement` are what now stands; with
    `affirmed` they repeat the decision appealed against.

    Both are None where that was of being inadmissible: affirmed, it stays so; overturned, the case
    is admitted, and decided by moderators. What an appeal has changed is a decision in its turn,
    of the id `appeal_id`: the other side may appeal against it until `appeal_until`.
    """

    type: Literal["AppealDecided"] = "AppealDecided"
    version: Literal[1] = 1
    appeal_id: str
    decision_id: str
    by: str
    at: AwareDatetime
    result: Literal["affirmed", "varied", "overturned"]
    explanation: str
    outcome: Outcome | None
    statement: StatementOfReasons | None
    findings: tuple[Finding, ...] = ()
    measures: tuple[Measure, ...] = ()
    appeal_until: AwareDatetime | None = None
    appellant: Literal["complainant", "accused"] | None = None
    complaint_id: str | None = None
    manifestly_unfounded: bool = False


class CaseReopened(Contract):
    """New evidence, or an order of a court or authority, brought a closed case back."""

    type: Literal["CaseReopened"] = "CaseReopened"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    ground: str
    decide_due_at: AwareDatetime


class CaseStandsElsewhere(Contract):
    """No case was opened here: that of this accused, product and type is `case_id`, which was
    moved to the type. Written where the case's id would have been, so that under one guard either
    a case is opened or this stands there."""

    type: Literal["CaseStandsElsewhere"] = "CaseStandsElsewhere"
    version: Literal[1] = 1
    case_id: str
    complaint_type: str
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
    | DecisionToldLate
    | CaseClosed
    | ComplaintLeft
    | CaseWithdrawn
    | CaseRetyped
    | CaseLinked
    | CaseEscalated
    | OutOfCourtMarked
    | CaseHeld
    | CaseResumed
    | NoteAdded
    | InformationRequested
    | InformationReceived
    | InformationLapsed
    | ComplaintEvidenceAdded
    | CounterNoticeReminded
    | ExtensionAsked
    | ExtensionGranted
    | ExtensionRefused
    | AccusedEvidenceReceived
    | InterimMeasureImposed
    | InterimMeasureKept
    | InterimMeasureLifted
    | DecisionProposed
    | DecisionReturned
    | AppealOpened
    | AppealRejected
    | AppealDecided
    | CaseReopened
)
