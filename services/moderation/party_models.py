"""What complainants (`Complaint…`), the accused (`Accused…`) and members (`Standing…`) are shown.

One model for each reader, so that nothing is shown by accident: in those of the accused is no word
about who complained, how many did, or what they wrote.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from contracts.case import Ground, MeasureKind, StatementOfReasons, Track
from services.moderation.read_models import Answer, EvidenceItem, Number, Shown, TimelineEntry

PartyState = Annotated[
    Literal[
        "submitted",
        "admitted",
        "under_review",
        "information_requested",
        "awaiting_counter_notice",
        "counter_notice_received",
        "counter_notice_lapsed",
        "inadmissible",
        "decided",
        "under_appeal",
        "withdrawn",
        "closed",
    ],
    Field(examples=["under_review"]),
]


class ListingShown(Shown):
    """What was complained about. All but `link` as the catalogue told it when the case was opened,
    None where it did not."""

    link: str
    product_id: str | None
    title: str | None = None
    category: str | None = None
    picture_url: str | None = None
    price: str | None = None
    seller: str | None = None


class Awaiting(Shown):
    """Whose turn it is, and until when. `due_at` is None while the clocks stand still."""

    who: Literal["you", "moderators", "accused", "appeals_officer"]
    due_at: datetime | None


class Action(Shown):
    """Something that the reader may do now: at the page `url`, and until when if there is an end.

    Guests add their `token`.
    """

    name: Annotated[
        Literal[
            "add_evidence",
            "answer_question",
            "withdraw",
            "appeal",
            "answer",
            "ask_for_time",
            "send_evidence",
        ],
        Field(examples=["add_evidence"]),
    ]
    url: str
    until: datetime | None = None


class NoteShown(Shown):
    """What moderators told both sides."""

    at: datetime
    text: str


class AppealShown(Shown):
    """An appeal. Its text and files are shown to nobody but who sent them.

    `result` is None until an officer, who took no part before, has decided; `not_taken_up` with
    the reason where it could not be heard.
    """

    by: Literal["you", "other_side", "another_complainant"]
    at: datetime
    due_at: datetime | None
    text: str | None
    evidence: tuple[EvidenceItem, ...]
    result: Literal["affirmed", "varied", "overturned", "not_taken_up"] | None
    explanation: str | None
    decided_at: datetime | None


# --- complainants ---------------------------------------------------------------------------------


class ComplaintSummary(Shown):
    """`status` says the state in a sentence. `type` and `reason` are those that it is handled as,
    which a moderator may have changed. `kept_until`: it was filed during a pause in complaining, at
    whose end it goes to the moderators."""

    id: str
    number: Number
    state: PartyState
    status: str
    on_hold: bool
    awaiting: Awaiting | None
    outcome: str | None
    kept_until: datetime | None
    type: str
    reason: str
    product: ListingShown
    filed_at: datetime
    changed_at: datetime


class ComplaintPage(Shown):
    items: tuple[ComplaintSummary, ...]
    next: str | None


class CaseOfComplaint(Shown):
    id: str
    number: Number
    state: PartyState


class DecisionTold(Shown):
    """The outcome as a complainant is told it (Art. 16(5)); `inadmissible` is one too."""

    id: str
    outcome: str
    manifestly_unfounded: bool
    reasons: str
    ground: Ground | None
    restrictions: tuple[MeasureKind, ...]
    redress: tuple[str, ...]
    at: datetime
    appeal_until: datetime | None


class QuestionShown(Shown):
    """What a moderator asked the complainant. `late` answers, after `due_at`, are kept."""

    at: datetime
    text: str
    due_at: datetime
    state: Literal["open", "answered", "late", "lapsed"]
    answered_at: datetime | None


class Addition(Shown):
    """What the complainant wrote or sent after filing."""

    kind: Literal["evidence", "information"]
    at: datetime
    text: str
    evidence: tuple[EvidenceItem, ...]


class ComplaintDetail(ComplaintSummary):
    """All that a complainant sees. `evidence` came with the complaint, `additions` later.

    `filed_as` are type and reason as they were filed, where a moderator moved it to others.
    """

    description: str
    language: str
    filed_as: tuple[str, str] | None
    evidence: tuple[EvidenceItem, ...]
    additions: tuple[Addition, ...]
    case: CaseOfComplaint | None
    questions: tuple[QuestionShown, ...]
    decision: DecisionTold | None
    earlier_decisions: tuple[DecisionTold, ...]
    appeals: tuple[AppealShown, ...]
    notes: tuple[NoteShown, ...]
    withdrawn_at: datetime | None
    actions: tuple[Action, ...]
    timeline: tuple[TimelineEntry, ...]
    version: int


# --- the accused ----------------------------------------------------------------------------------


class AccusedCaseSummary(Shown):
    """A case of which its accused was told. `can_answer` while an answer is awaited."""

    id: str
    number: Number
    state: PartyState
    status: str
    on_hold: bool
    awaiting: Awaiting | None
    type: str
    product: ListingShown
    told_at: datetime
    answer_due_at: datetime | None
    can_answer: bool
    answered: bool
    outcome: str | None


class AccusedCasePage(Shown):
    items: tuple[AccusedCaseSummary, ...]
    next: str | None


class MeasureOfDecision(Shown):
    """A measure as a decision imposes it; `days` None means until it is reversed."""

    kind: MeasureKind
    days: int | None


class DecisionOnAccused(Shown):
    """The decision with its statement of reasons (Art. 17)."""

    id: str
    outcome: str
    statement: StatementOfReasons
    measures: tuple[MeasureOfDecision, ...]
    at: datetime
    appeal_until: datetime | None


class InterimShown(Shown):
    """A measure while the case is reviewed, with its own statement of reasons."""

    kind: MeasureKind
    at: datetime
    recheck_at: datetime
    statement: StatementOfReasons
    lifted_at: datetime | None
    lifted_because: str | None


class ExtensionShown(Shown):
    """More time to answer, asked for once."""

    state: Literal["asked", "granted", "refused"]
    at: datetime | None
    reason: str | None
    due_at: datetime | None
    explanation: str | None


class MoreEvidence(Shown):
    """What the accused sent after the answer."""

    at: datetime
    late: bool
    text: str
    evidence: tuple[EvidenceItem, ...]


class SharedEvidence(Shown):
    """A file that shows what is alleged, without its name or where it came from."""

    id: str
    media_type: str
    size: int
    url: str


class FindingShown(Shown):
    """What counts against a member: `points` in `track`, until `expires_at`, to the hour.

    `counts` is false once it has expired or was taken off the record (`reversed_at`). `steps` are
    the rules that were applied, `explanation` says them in English.
    """

    id: str
    case_id: str
    reason: str
    gravity: Literal["general", "serious", "extreme"]
    track: Track
    points: str
    steps: tuple[tuple[str, str], ...]
    explanation: str
    at: datetime
    expires_at: datetime
    reversed_at: datetime | None
    counts: bool


class AccusedCaseDetail(AccusedCaseSummary):
    """All that the accused sees of a case."""

    allegation: str | None
    asked_at: datetime | None
    shared_evidence: tuple[SharedEvidence, ...]
    answers: tuple[Answer, ...]
    answer_url: str | None
    more_evidence: tuple[MoreEvidence, ...]
    extension: ExtensionShown | None
    interim_measures: tuple[InterimShown, ...]
    decision: DecisionOnAccused | None
    earlier_decisions: tuple[DecisionOnAccused, ...]
    findings: tuple[FindingShown, ...]
    appeals: tuple[AppealShown, ...]
    notes: tuple[NoteShown, ...]
    actions: tuple[Action, ...]
    timeline: tuple[TimelineEntry, ...]
    version: int


# --- standing -------------------------------------------------------------------------------------


class Threshold(Shown):
    """So many points in a track lead to measures being proposed; people decide on them.

    `days` None: without an end, or (an account frozen) by the record as a whole.
    """

    points: str
    measures: tuple[MeasureOfDecision, ...]


class TrackShown(Shown):
    """One of the tracks, which count apart: `total` now, and what follows at which number."""

    track: Track
    total: str
    thresholds: tuple[Threshold, ...]
    next: Threshold | None
    next_expiry: datetime | None


class MeasureShown(Shown):
    """A measure against a member. `announced`: told, and in force from `starts_at`."""

    id: str
    kind: MeasureKind
    state: Literal["announced", "active", "expired", "reversed"]
    track: Track | None
    case_id: str | None
    product_id: str | None
    imposed_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    explanation: str
    end_explanation: str
    told_at: datetime | None = None
    end_told_at: datetime | None = None
    """When the mails were sent that tell it and its end; None: not yet, or never."""


class StandingShown(Shown):
    """How a member stands. `suspended_until`: complaints filed until then are kept and answered
    later; None while nothing is suspended."""

    tracks: tuple[TrackShown, ...]
    findings: tuple[FindingShown, ...]
    measures: tuple[MeasureShown, ...]
    warned: bool
    suspended_until: datetime | None
