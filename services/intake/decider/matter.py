"""A case, its complaints and what was sent in it, as far as the parties' commands need to know."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from contracts.case import (
    AppealDecided,
    AppealOpened,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseHeld,
    CaseOpened,
    CaseReopened,
    CaseResumed,
    CaseRetyped,
    CaseWithdrawn,
    ComplaintJoined,
    ComplaintLeft,
    CounterNoticeRequested,
    DecisionToldLate,
    ExtensionGranted,
    InformationReceived,
    InformationRequested,
    Listing,
    SharedFile,
)
from contracts.complaint import (
    ComplaintFact,
    ComplaintFiled,
    ComplaintWithdrawn,
    EvidenceAdded,
    GuestLinkAsked,
    InformationSupplied,
)
from contracts.parties import Evidence, Product
from contracts.response import (
    AppealLodged,
    CounterNoticeSubmitted,
    EvidenceSupplied,
    ExtensionRequested,
    ResponseFact,
)

Side = Literal["complainant", "accused"]


class Phase(StrEnum):
    """`OPEN` is everything before a decision."""

    OPEN = "open"
    DECIDED = "decided"
    UNDER_APPEAL = "under_appeal"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Appellant(NamedTuple):
    """Who appeals: the accused, or one complaint's complainant."""

    side: Side
    complaint_id: str | None


class Decision(NamedTuple):
    """What can be appealed against. `told` are the complaints whose complainants were told of it,
    `of` is the appeal of which it came, and whose author has been heard."""

    id: str
    at: datetime
    appeal_until: datetime
    told: frozenset[str]
    accused_told: bool
    of: Appellant | None = None
    told_late: Mapping[Appellant, datetime] = MappingProxyType({})
    """Until when those may appeal who were told on a later day."""

    def told_to(self, appellant: Appellant) -> "Decision":
        """The decision with the appellant's own time to appeal."""
        until = self.told_late.get(appellant, self.appeal_until)
        return self._replace(appeal_until=until)


class Question(NamedTuple):
    """What a moderator asked a complainant."""

    text: str
    asked_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """`complaints` are the complainants by complaint, `<kind>:<id>`; `due_at` is when the accused's
    answer is due, None while they are not asked; while `held`, no clock runs."""

    id: str = ""
    number: str = ""
    phase: Phase = Phase.OPEN
    held: bool = False
    accused: str | None = None
    complaint_type: str = ""
    product: Product | None = None
    title: str | None = None
    listing: Listing | None = None
    allegation: str = ""
    shared: tuple[SharedFile, ...] = ()
    asked_at: datetime | None = None
    due_at: datetime | None = None
    extended: bool = False
    complaints: Mapping[str, str] = field(default_factory=dict)
    questions: Mapping[str, Question] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()

    @property
    def decided(self) -> bool:
        return self.phase is not Phase.OPEN

    def is_late(self, due_at: datetime | None, at: datetime) -> bool:
        """Received at or before the deadline counts; later is kept and marked late."""
        return due_at is not None and not self.held and at > due_at


NO_CASE: Final = Case()


def evolve_case(case: Case, fact: CaseFact) -> Case:
    """The case after `fact`."""
    match fact:
        case CaseOpened():
            return replace(
                case,
                id=fact.case_id,
                number=fact.number,
                accused=fact.accused,
                complaint_type=fact.complaint_type,
                product=fact.product,
                title=fact.product_title,
                listing=fact.listing,
            )
        case ComplaintJoined():
            return replace(
                case, complaints={**case.complaints, fact.complaint_id: fact.complainant}
            )
        case ComplaintLeft():
            left = {k: v for k, v in case.complaints.items() if k != fact.complaint_id}
            return replace(case, complaints=left)
        case CaseRetyped():  # what is alleged has changed: the accused is asked anew, if at all
            return replace(case, complaint_type=fact.to_type, due_at=None, allegation="", shared=())
        case CounterNoticeRequested():
            return replace(
                case,
                asked_at=fact.at,
                due_at=fact.due_at,
                allegation=fact.allegation,
                shared=fact.evidence,
                extended=False,
            )
        case ExtensionGranted():
            return replace(case, due_at=fact.due_at, extended=True)
        case InformationRequested():
            question = Question(fact.question, fact.at, fact.due_at)
            return replace(case, questions={**case.questions, fact.complaint_id: question})
        case InformationReceived():
            open_ones = {k: q for k, q in case.questions.items() if k != fact.complaint_id}
            return replace(case, questions=open_ones)
        case CaseHeld():
            return replace(case, held=True)
        case CaseResumed():
            return _resumed(case, fact)
        case _:
            return _decided(case, fact)


def _resumed(case: Case, fact: CaseResumed) -> Case:
    asked = fact.information_due_at
    questions = {k: q._replace(due_at=asked or q.due_at) for k, q in case.questions.items()}
    due_at = fact.answer_due_at or case.due_at
    return replace(case, held=False, due_at=due_at, questions=questions)


def _decided(case: Case, fact: CaseFact) -> Case:
    match fact:
        case CaseDecided() | CaseDeclaredInadmissible():
            decision = Decision(
                id=fact.decision_id,
                at=fact.at,
                appeal_until=fact.appeal_until,
                told=frozenset(case.complaints),
                accused_told=isinstance(fact, CaseDecided),
            )
            return replace(case, phase=Phase.DECIDED, decisions=(*case.decisions, decision))
        case DecisionToldLate():
            return replace(case, decisions=tuple(_told_late(each, fact) for each in case.decisions))
        case AppealOpened():
            return replace(case, phase=Phase.UNDER_APPEAL)
        case AppealDecided():
            return _appeal_decided(case, fact)
        case CaseReopened():
            return replace(case, phase=Phase.OPEN)
        case CaseClosed():
            return replace(case, phase=Phase.CLOSED)
        case CaseWithdrawn():
            return replace(case, phase=Phase.WITHDRAWN)
        case _:  # another fact of the case: it changes nothing here
            return case


def _told_late(decision: Decision, fact: DecisionToldLate) -> Decision:
    if decision.id != fact.decision_id:
        return decision
    side: Side = "accused" if fact.complaint_id is None else "complainant"
    later = {**decision.told_late, Appellant(side, fact.complaint_id): fact.appeal_until}
    return decision._replace(told_late=later)


def _appeal_decided(case: Case, fact: AppealDecided) -> Case:
    admitted = fact.outcome is None and fact.result == "overturned"
    case = replace(case, phase=Phase.OPEN if admitted else Phase.DECIDED)
    if fact.appeal_until is None:
        return case
    decision = Decision(
        id=fact.appeal_id,
        at=fact.at,
        appeal_until=fact.appeal_until,
        told=frozenset(case.complaints),
        accused_told=fact.outcome is not None,
        of=Appellant(fact.appellant, fact.complaint_id) if fact.appellant else None,
    )
    return replace(case, decisions=(*case.decisions, decision))


def case_of(facts: Iterable[Any]) -> Case:
    """The case that the facts make, `NO_CASE` when there are none."""
    case = NO_CASE
    for fact in facts:
        case = evolve_case(case, fact)
    return case


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent in a case: `response` facts. `files` are the accused's."""

    answers: int = 0
    extension_at: datetime | None = None
    appeals: frozenset[tuple[str, Appellant]] = frozenset()
    files: int = 0


NOTHING_SENT: Final = Sent()


def evolve_sent(sent: Sent, fact: ResponseFact) -> Sent:
    """What was sent, `fact` included."""
    match fact:
        case CounterNoticeSubmitted():
            return replace(sent, answers=sent.answers + 1, files=sent.files + len(fact.evidence))
        case EvidenceSupplied():
            return replace(sent, files=sent.files + len(fact.evidence))
        case ExtensionRequested():
            return replace(sent, extension_at=fact.requested_at)
        case AppealLodged():
            appealed = (fact.decision_id, Appellant(fact.appellant, fact.complaint_id))
            return replace(sent, appeals=sent.appeals | {appealed})


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint, as its own facts tell."""

    filed: ComplaintFiled | None = None
    withdrawn_at: datetime | None = None
    supplied_at: datetime | None = None
    link_asked_at: datetime | None = None
    files: int = 0


NO_COMPLAINT: Final = Complaint()


def evolve_complaint(complaint: Complaint, fact: ComplaintFact) -> Complaint:
    """The complaint after `fact`."""
    match fact:
        case ComplaintFiled():
            return replace(complaint, filed=fact, files=len(fact.evidence))
        case EvidenceAdded():
            return replace(complaint, files=complaint.files + len(fact.evidence))
        case InformationSupplied():
            files = complaint.files + len(fact.evidence)
            return replace(complaint, supplied_at=fact.supplied_at, files=files)
        case ComplaintWithdrawn():
            return replace(complaint, withdrawn_at=fact.withdrawn_at)
        case GuestLinkAsked():
            return replace(complaint, link_asked_at=fact.asked_at)


def complaint_of(facts: Iterable[Any]) -> Complaint:
    """The complaint that the facts make, `NO_COMPLAINT` when there are none."""
    complaint = NO_COMPLAINT
    for fact in facts:
        complaint = evolve_complaint(complaint, fact)
    return complaint


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody sends: words, and the files named (None for each that is not there)."""

    text: str = ""
    evidence: tuple[Evidence | None, ...] = ()

    @property
    def present(self) -> tuple[Evidence, ...]:
        return tuple(each for each in self.evidence if each is not None)
