"""What is shown to whom. One model for each reader, so that nothing is shown by accident.

Moderators see `Case…`, complainants `Complaint…`, the accused `Accused…`: in none of the last is
there a word about who complained or what they wrote.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.case import Finding, Listing, Measure, StatementOfReasons
from services.moderation.state import Status
from services.runtime.sentences import Said


class Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


CaseState = Annotated[Status, Field(examples=["under_review"])]
Number = Annotated[str, Field(examples=["K-7K3F9-QXD2M"])]
DueKind = Literal[
    "triage", "information", "answer", "decision", "review", "appeal", "appeal_decision", "none"
]


class ProductShown(Shown):
    link: str
    product_id: str | None
    title: str | None = None


class EvidenceItem(Shown):
    """A file. `url` is where this reader may download it; guests add their `token`."""

    id: str
    name: str
    media_type: str
    size: int
    uploaded_at: datetime
    url: str


class TimelineEntry(Shown):
    """Something that happened. `text` says it in English, `kind` and `data` in any language."""

    at: datetime
    kind: str
    text: str
    by: str | None = None
    data: dict[str, Any] = {}
    evidence: tuple[EvidenceItem, ...] = ()
    sequence: int | None = None
    """Where it stands in the log, for staff: what is newer than the version that they saw."""
    told_at: datetime | None = None
    """When the mail that told the reader of it was sent, where one was."""


class Answer(Shown):
    """A counter-notice. `late` ones are kept and shown, and did not move the case."""

    id: str
    by: str
    text: str
    received_at: datetime
    late: bool
    evidence: tuple[EvidenceItem, ...]


class AllowedCommand(Shown):
    """Whether the reader may send a command now; where not, `reason` says why."""

    command: Annotated[str, Field(examples=["decide"])]
    allowed: bool
    reason: Said | None = None


# --- moderators -----------------------------------------------------------------------------------


class CaseSummary(Shown):
    """A row of the queue. `due_at` is the next deadline, of the kind `due_kind`."""

    id: str
    number: Number
    state: CaseState
    type: str
    reason: str
    severity: int
    accused: str | None
    product: ProductShown
    complaints: int
    holder: str | None
    held_until: datetime | None
    opened_at: datetime
    changed_at: datetime
    due_at: datetime
    due_kind: DueKind
    overdue: bool
    language: str
    trusted_flagger: bool
    escalated: bool
    on_hold: bool
    out_of_court: bool
    outcome: str | None
    decided_by: str | None
    decided_at: datetime | None
    version: int


class CasePage(Shown):
    """`next` is the `cursor` of the page after this one, None on the last."""

    items: tuple[CaseSummary, ...]
    next: str | None


class QueueCounts(Shown):
    """How many cases stand in each queue, by its name. They are counted as far as `counted_to`:
    that number means so many or more."""

    queues: dict[str, int]
    counted_to: int


class Complainant(Shown):
    kind: str
    id: str
    name: str
    email: str
    language: str


class ComplaintOfCase(Shown):
    id: str
    number: Number
    reason: str
    description: str
    language: str
    complainant: Complainant
    filed_at: datetime
    joined_at: datetime | None
    withdrawn_at: datetime | None
    chat_id: str | None = None
    """The support chat from which it was filed; its transcript is among the evidence, unless the
    customer kept it back."""
    evidence: tuple[EvidenceItem, ...]


class ComplaintOfCasePage(Shown):
    items: tuple[ComplaintOfCase, ...]
    next: str | None


class InterimShown(Shown):
    """An interim measure in force; `id` is what keeping and lifting name."""

    id: str
    kind: str
    by: str
    at: datetime
    facts: str
    recheck_at: datetime


class ProposalShown(Shown):
    """A decision that waits for a second person."""

    outcome: str
    manifestly_unfounded: bool
    by: str
    at: datetime
    statement: StatementOfReasons
    findings: tuple[Finding, ...]
    measures: tuple[Measure, ...]
    review_due_at: datetime
    appeal_until: datetime | None = None


class AppealShown(Shown):
    """An appeal to be answered. `barred`: the reader took part before, and may not hear it."""

    id: str
    appellant: str
    complaint_id: str | None
    text: str
    due_at: datetime
    barred: bool


class History(Shown):
    """Other cases about the same member: the latest, and how many (counted to 1,000)."""

    latest: tuple[CaseSummary, ...]
    total: int
    upheld: int


class Decision(Shown):
    id: str
    outcome: str
    manifestly_unfounded: bool
    by: str
    at: datetime
    statement: StatementOfReasons
    appeal_until: datetime


class Preview(Shown):
    """A decision before it is taken, as the accused will read it and as it will count. With
    `second_person` it will be a proposal, which somebody else approves."""

    outcome: str
    statement: StatementOfReasons
    findings: tuple[Finding, ...]
    measures: tuple[Measure, ...]
    second_person: bool
    at: datetime
    appeal_until: datetime


class Inadmissible(Shown):
    by: str
    at: datetime
    explanation: str
    appeal_until: datetime


class CaseDetail(CaseSummary):
    """All that moderators see. `version` is the ETag, and what `If-Match` compares."""

    policy_version: str
    listing: Listing | None
    complainants: tuple[ComplaintOfCase, ...]
    more_complaints: str | None
    """The `cursor` of the page of complaints after these; None when these are all."""
    question: str | None
    extension: str | None
    interim: tuple[InterimShown, ...]
    proposal: ProposalShown | None
    appeals: tuple[AppealShown, ...]
    linked: tuple[str, ...]
    history: History
    similar: tuple[CaseSummary, ...]
    allegation: str | None
    asked_at: datetime | None
    answer_due_at: datetime | None
    answers: tuple[Answer, ...]
    decision: Decision | None
    inadmissible: Inadmissible | None
    appeal_until: datetime | None
    timeline: tuple[TimelineEntry, ...]
    allowed: tuple[AllowedCommand, ...]


class Acted(Shown):
    """What a command came to. `sequence` is where its facts stand in the log: `?after=<sequence>`
    reads what it wrote."""

    id: str
    number: Number
    state: CaseState
    version: int
    sequence: int
    allowed: tuple[AllowedCommand, ...]
