"""What a case came to, as far as it matters to who is told what. A pure fold."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple

from contracts.case import (
    AppealDecided,
    AppealOpened,
    CaseAdmitted,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseOpened,
    CaseResumed,
    CaseRetyped,
    CaseWithdrawn,
    ComplaintJoined,
    ComplaintLeft,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeRequested,
    ExtensionGranted,
    InformationLapsed,
    InformationReceived,
    InformationRequested,
    InterimMeasureImposed,
)
from contracts.codec import Fact
from contracts.member import MeasureImposed
from contracts.response import AppealLodged


class Joined(NamedTuple):
    """A complaint of the case. `complainant` is who filed it, as the log names them."""

    complaint_id: str
    number: str
    complainant: str


class Appellant(NamedTuple):
    side: Literal["complainant", "accused"]
    complaint_id: str | None


Standing = CaseAdmitted | CaseDeclaredInadmissible | CaseDecided | AppealDecided


@dataclass(frozen=True, slots=True)
class CaseSoFar:
    number: str = ""
    accused: str | None = None
    accused_knows: bool = False
    """The accused was told of the case: before that nothing of it reaches them."""
    listing: str = ""
    complaint_type: str = ""
    complaints: tuple[Joined, ...] = ()
    standing: Standing | None = None
    answer_due_at: datetime | None = None
    """Until when the accused's answer is awaited; None while it is not."""
    asked: frozenset[str] = frozenset()
    """Complaints whose complainants have a question to answer."""
    appeals: dict[str, Appellant] = field(default_factory=dict)
    interim: dict[str, InterimMeasureImposed] = field(default_factory=dict)
    withdrawn: bool = False

    def one_each(self) -> Iterable[Joined]:
        """The complaints to tell about: of several that one person filed, the first."""
        first: dict[str, Joined] = {}
        for each in self.complaints:
            first.setdefault(each.complainant, each)
        return first.values()

    def same_filer(self, complaint_id: str) -> tuple[str, ...]:
        """The numbers of the other complaints that its filer has in this case."""
        filer = next((c.complainant for c in self.complaints if c.complaint_id == complaint_id), "")
        return tuple(
            each.number
            for each in self.complaints
            if each.complainant == filer and each.complaint_id != complaint_id
        )


@dataclass(frozen=True, slots=True)
class Before:
    """All that was the case before a message: the case it belongs to, and for a fact of a member's
    standing the measures imposed on them and the cases that those follow from."""

    case: CaseSoFar = field(default_factory=CaseSoFar)
    measures: dict[str, MeasureImposed] = field(default_factory=dict)
    cases: dict[str, CaseSoFar] = field(default_factory=dict)

    def evolved(self, fact: Fact) -> "Before":
        if isinstance(fact, MeasureImposed):
            return replace(self, measures={**self.measures, fact.measure_id: fact})
        return replace(self, case=evolve(self.case, fact))

    def measure(self, measure_id: str) -> tuple[MeasureImposed, CaseSoFar] | None:
        """A measure and its case; None for one that was never imposed."""
        imposed = self.measures.get(measure_id)
        return (imposed, self.cases.get(imposed.case_id, self.case)) if imposed else None


def evolve(case: CaseSoFar, fact: Fact) -> CaseSoFar:
    """The case after `fact`. Facts that change nothing about who is told what are passed by."""
    match fact:
        case CaseOpened():
            return replace(
                case,
                number=fact.number,
                accused=fact.accused,
                listing=_listing(fact.product_title, fact.product.product_id),
                complaint_type=fact.complaint_type,
            )
        case ComplaintJoined():
            joined = Joined(fact.complaint_id, fact.complaint_number, fact.complainant)
            return replace(case, complaints=(*case.complaints, joined))
        case ComplaintLeft():
            left = (each for each in case.complaints if each.complaint_id != fact.complaint_id)
            return replace(case, complaints=tuple(left))
        case CaseWithdrawn():
            return replace(case, withdrawn=True, answer_due_at=None)
        case CaseRetyped():
            # What is alleged has changed: an answer that was asked for is awaited no more.
            return replace(case, complaint_type=fact.to_type, answer_due_at=None)
        case CaseAdmitted() | CaseDeclaredInadmissible():
            return replace(case, standing=fact)
        case CaseDecided():
            return replace(case, standing=fact, accused_knows=True, answer_due_at=None)
        case CounterNoticeRequested():
            return replace(case, accused_knows=True, answer_due_at=fact.due_at)
        case ExtensionGranted():
            return replace(case, answer_due_at=fact.due_at)
        case CounterNoticeReceived() | CounterNoticeLapsed():
            return replace(case, answer_due_at=None)
        case CaseResumed():
            return replace(case, answer_due_at=fact.answer_due_at or case.answer_due_at)
        case InformationRequested():
            return replace(case, asked=case.asked | {fact.complaint_id})
        case InformationReceived() | InformationLapsed():
            return replace(case, asked=case.asked - {fact.complaint_id})
        case InterimMeasureImposed():
            interim = {**case.interim, fact.measure.id: fact}
            return replace(case, interim=interim, accused_knows=True)
        case AppealLodged() | AppealOpened():
            appellant = Appellant(fact.appellant, fact.complaint_id)
            return replace(case, appeals={**case.appeals, fact.appeal_id: appellant})
        case AppealDecided():
            knows = case.accused_knows or tells_the_accused_anew(fact)
            return replace(case, standing=_standing(case, fact), accused_knows=knows)
        case _:
            return case


def tells_the_accused_anew(fact: AppealDecided) -> bool:
    """Whether an appeal's end concerns an accused who never heard of the case: it went against
    them, for instance after a case was declared inadmissible first."""
    return fact.outcome is not None and fact.outcome != "dismissed"


def _standing(case: CaseSoFar, fact: AppealDecided) -> Standing | None:
    if fact.outcome is not None:
        return fact
    # It was about being inadmissible, and either is so still or is admitted now.
    return CaseAdmitted(by=fact.by, at=fact.at) if fact.result == "overturned" else case.standing


def folded(facts: Iterable[Fact]) -> CaseSoFar:
    case = CaseSoFar()
    for fact in facts:
        case = evolve(case, fact)
    return case


def _listing(title: str | None, product_id: str | None) -> str:
    return " · ".join(part for part in (title, product_id) if part)
