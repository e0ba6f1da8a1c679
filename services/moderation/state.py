"""A case as its own facts tell it: the state that commands are decided on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, NamedTuple, assert_never

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
    CaseFact,
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
from contracts.parties import Product
from contracts.taxonomy import taxonomy


class Status(StrEnum):
    """`NEW` is a case that nobody opened yet: it is in nobody's list."""

    NEW = "new"
    OPEN = "open"
    ADMITTED = "admitted"
    INADMISSIBLE = "inadmissible"
    UNDER_REVIEW = "under_review"
    INFORMATION_REQUESTED = "information_requested"
    AWAITING_COUNTER_NOTICE = "awaiting_counter_notice"
    COUNTER_NOTICE_RECEIVED = "counter_notice_received"
    COUNTER_NOTICE_LAPSED = "counter_notice_lapsed"
    DECISION_PROPOSED = "decision_proposed"
    DECIDED = "decided"
    UNDER_APPEAL = "under_appeal"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


REVIEW = frozenset(
    {
        Status.UNDER_REVIEW,
        Status.INFORMATION_REQUESTED,
        Status.AWAITING_COUNTER_NOTICE,
        Status.COUNTER_NOTICE_RECEIVED,
        Status.COUNTER_NOTICE_LAPSED,
    }
)
"""A moderator is at it, or waits for one of the parties."""

LIVE = REVIEW | {Status.OPEN, Status.ADMITTED, Status.DECISION_PROPOSED}
"""Still to be decided: complaints of the same kind join, moderators work."""

Side = Literal["complainant", "accused"]
BOTH_SIDES: frozenset[Side] = frozenset({"complainant", "accused"})


@dataclass(frozen=True, slots=True)
class Lease:
    """A moderator's hold on a case. It ends by itself: `until` is not part of it."""

    holder: str
    until: datetime

    def is_live(self, now: datetime) -> bool:
        return now < self.until


@dataclass(frozen=True, slots=True)
class Interim:
    """An interim measure in force, to be looked at again by `recheck_at`."""

    measure: Measure
    recheck_at: datetime


@dataclass(frozen=True, slots=True)
class Appealable:
    """A decision that `sides` may appeal against until `until`."""

    decision_id: str
    until: datetime
    sides: frozenset[Side]


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal to be answered, by nobody who had taken part in the case when it was opened."""

    id: str
    decision_id: str
    appellant: Side
    complaint_id: str | None
    barred: frozenset[str]


class Case(NamedTuple):
    """What deciding needs to know, and no more. A tuple, since every fact makes a new one: with so
    many fields that takes a dataclass eight times as long.

    `complaints` and `left` map a complaint's id to who filed it. `outcome`, `statement`,
    `findings` and `measures` are what stands, also while a case that was opened again is reviewed;
    `rulings` counts decisions and proposals, whose ids follow from it.
    """

    status: Status = Status.NEW
    id: str = ""
    number: str = ""
    complaint_type: str = ""
    reason: str = ""
    severity: int = 0
    accused: str | None = None
    product_id: str | None = None
    product_key: str = ""
    """The product's id, or its link where the marketplace knows none."""
    stands_at: str | None = None
    """The case that complaints of this kind join, where none was opened here."""
    complaints: Mapping[str, str] = MappingProxyType({})
    left: Mapping[str, str] = MappingProxyType({})
    trusted_flagger: bool = False
    lease: Lease | None = None

    triage_due_at: datetime | None = None
    decide_due_at: datetime | None = None
    answer_due_at: datetime | None = None
    information_due_at: datetime | None = None
    review_due_at: datetime | None = None
    held_since: datetime | None = None

    responses: frozenset[str] = frozenset()
    information_of: str | None = None
    extension: Literal["asked", "granted", "refused"] | None = None
    reminded: frozenset[tuple[str, datetime]] = frozenset()
    interim: tuple[Interim, ...] = ()

    proposal: DecisionProposed | None = None
    rulings: int = 0
    outcome: Outcome | None = None
    manifestly_unfounded: bool = False
    was_unfounded: bool = False
    """Some decision said so once, so that complainants' records may tell of it."""
    statement: StatementOfReasons | None = None
    findings: tuple[Finding, ...] = ()
    measures: tuple[Measure, ...] = ()
    decision_id: str | None = None
    told_by: tuple[str, ...] = ()
    """Who made what stands: one person, or two."""
    told_at: datetime | None = None
    changed_by: str | None = None
    """The id of the decision or appeal that made what stands."""
    opened_at: datetime | None = None
    appealable: tuple[Appealable, ...] = ()
    told_late: Mapping[tuple[str, str | None], datetime] = MappingProxyType({})
    """By decision and complaint (None: the accused), the end of the window of who was told late."""
    appeals: tuple[Appeal, ...] = ()
    appealed: frozenset[tuple[str, Side, str | None]] = frozenset()

    took_part: frozenset[str] = frozenset()
    escalated: bool = False
    out_of_court: bool = False
    linked: frozenset[str] = frozenset()

    def lease_of(self, member: str, now: datetime) -> Lease | None:
        """The lease under which `member` may act at `now`."""
        lease = self.lease
        return lease if lease and lease.holder == member and lease.is_live(now) else None

    @property
    def appeal_until(self) -> datetime | None:
        """The end of the last window in which somebody may appeal."""
        ends = {each.decision_id: each.until for each in self.appealable}
        late = [end for (decision, _who), end in self.told_late.items() if decision in ends]
        return max([*ends.values(), *late], default=None)

    def window(self, decision: Appealable, complaint_id: str | None) -> datetime:
        """Until when one party may appeal against the decision."""
        return self.told_late.get((decision.decision_id, complaint_id), decision.until)

    def is_late(self, received_at: datetime) -> bool:
        """Whether what the accused sent at `received_at` came after the deadline. The clock of a
        case on hold stands still."""
        due = self.answer_due_at
        if due is None or received_at <= due:
            return False
        return self.held_since is None or self.held_since > due


NEW_CASE = Case()

TAKES_PART = (
    CaseAdmitted,
    CaseDeclaredInadmissible,
    InformationRequested,
    CounterNoticeRequested,
    ExtensionGranted,
    ExtensionRefused,
    CaseRetyped,
    InterimMeasureImposed,
    InterimMeasureKept,
    InterimMeasureLifted,
    DecisionProposed,
    DecisionReturned,
    CaseDecided,
    AppealDecided,
    CaseReopened,
)
"""Whoever did one of these took part in the case, and hears no later appeal on it."""


def evolve(case: Case, fact: CaseFact | CaseStandsElsewhere) -> Case:
    """The case after `fact`. Neither clock nor chance: the same facts give the same case."""
    if isinstance(fact, TAKES_PART):
        case = case._replace(took_part=case.took_part | {fact.by})
    match fact:
        case CaseOpened():
            return Case(
                status=Status.OPEN,
                id=fact.case_id,
                number=fact.number,
                complaint_type=fact.complaint_type,
                severity=fact.severity,
                accused=fact.accused,
                product_id=fact.product.product_id,
                product_key=product_key(fact.product),
                trusted_flagger=fact.trusted_flagger,
                triage_due_at=fact.triage_due_at,
                opened_at=fact.opened_at,
            )
        case ComplaintJoined():
            return case._replace(
                complaints={**case.complaints, fact.complaint_id: fact.complainant},
                reason=case.reason or fact.reason,
                severity=after_joining(case.severity, fact),
                trusted_flagger=case.trusted_flagger or fact.trusted_flagger,
                triage_due_at=fact.triage_due_at or case.triage_due_at,
            )
        case ComplaintLeft():
            staying = {
                each: who for each, who in case.complaints.items() if each != fact.complaint_id
            }
            case = case._replace(
                complaints=staying, left={**case.left, fact.complaint_id: fact.complainant}
            )
            return _no_more_asked(case) if case.information_of == fact.complaint_id else case
        case CaseWithdrawn():
            return case._replace(status=Status.WITHDRAWN, lease=None, held_since=None)
        case CaseAdmitted():
            return case._replace(
                status=Status.ADMITTED, decide_due_at=fact.decide_due_at, appealable=()
            )
        case CaseDeclaredInadmissible():
            told = Appealable(fact.decision_id, fact.appeal_until, frozenset({"complainant"}))
            return case._replace(
                status=Status.INADMISSIBLE,
                decision_id=fact.decision_id,
                rulings=case.rulings + 1,
                appealable=(told,),
                lease=None,
            )
        case CaseClaimed():
            admitted = case.status is Status.ADMITTED
            return case._replace(
                status=Status.UNDER_REVIEW if admitted else case.status,
                lease=Lease(fact.by, fact.until),
            )
        case CaseReleased():
            return case._replace(lease=None)
        case CaseRetyped():
            return case._replace(
                status=after_retyping(case.status, fact),
                complaint_type=fact.to_type,
                reason=fact.reason,
                severity=fact.severity,
                triage_due_at=fact.triage_due_at or case.triage_due_at,
            )
        case InformationRequested():
            return case._replace(
                status=Status.INFORMATION_REQUESTED,
                information_of=fact.complaint_id,
                information_due_at=fact.due_at,
            )
        case InformationReceived():
            answers = case.information_of == fact.complaint_id and not fact.late
            return _no_more_asked(case, fact.decide_due_at) if answers else case
        case InformationLapsed():
            return _no_more_asked(case, fact.decide_due_at)
        case CounterNoticeRequested():
            return case._replace(
                status=Status.AWAITING_COUNTER_NOTICE,
                answer_due_at=fact.due_at,
                extension=None,
                reminded=frozenset(),
            )
        case CounterNoticeReminded():
            return case._replace(reminded=case.reminded | {(fact.which, fact.due_at)})
        case ExtensionAsked():
            return case._replace(extension="asked")
        case ExtensionGranted():
            return case._replace(extension="granted", answer_due_at=fact.due_at)
        case ExtensionRefused():
            return case._replace(extension="refused")
        case CounterNoticeReceived():
            return case._replace(
                status=after_answer(case.status, late=fact.late),
                responses=case.responses | {fact.response_id},
                decide_due_at=fact.decide_due_at or case.decide_due_at,
            )
        case CounterNoticeLapsed():
            return case._replace(
                status=Status.COUNTER_NOTICE_LAPSED,
                decide_due_at=fact.decide_due_at or case.decide_due_at,
            )
        case InterimMeasureImposed():
            imposed = Interim(fact.measure, fact.recheck_at)
            return case._replace(interim=(*case.interim, imposed))
        case InterimMeasureKept():
            kept = (
                replace(each, recheck_at=fact.recheck_at)
                if each.measure.id == fact.measure_id
                else each
                for each in case.interim
            )
            return case._replace(interim=tuple(kept))
        case InterimMeasureLifted():
            others = (each for each in case.interim if each.measure.id != fact.measure_id)
            return case._replace(interim=tuple(others))
        case DecisionProposed():
            return case._replace(
                status=Status.DECISION_PROPOSED,
                proposal=fact,
                rulings=case.rulings + 1,
                review_due_at=fact.review_due_at,
                lease=None,
            )
        case DecisionReturned():
            return case._replace(
                status=Status.UNDER_REVIEW,
                proposal=None,
                decide_due_at=fact.decide_due_at or case.decide_due_at,
                lease=None,
            )
        case CaseDecided():
            told = Appealable(fact.decision_id, fact.appeal_until, BOTH_SIDES)
            return case._replace(
                status=Status.DECIDED,
                proposal=None,
                # An approved proposal was counted when it was made.
                rulings=case.rulings + (fact.proposed_by is None),
                decision_id=fact.decision_id,
                told_by=tuple(each for each in (fact.proposed_by, fact.by) if each is not None),
                told_at=fact.at,
                changed_by=fact.decision_id,
                outcome=fact.outcome,
                manifestly_unfounded=fact.manifestly_unfounded,
                was_unfounded=case.was_unfounded or fact.manifestly_unfounded,
                statement=fact.statement,
                findings=fact.findings,
                measures=fact.measures,
                appealable=(told,),
                lease=None,
            )
        case AppealOpened():
            appeal = Appeal(
                fact.appeal_id, fact.decision_id, fact.appellant, fact.complaint_id, case.took_part
            )
            key = (fact.decision_id, fact.appellant, fact.complaint_id)
            return case._replace(
                status=Status.UNDER_APPEAL,
                appeals=(*case.appeals, appeal),
                appealed=case.appealed | {key},
            )
        case DecisionToldLate():
            whose = (fact.decision_id, fact.complaint_id)
            return case._replace(told_late={**case.told_late, whose: fact.appeal_until})
        case AppealDecided():
            return _appeal_decided(case, fact)
        case CaseClosed():
            return case._replace(status=Status.CLOSED, lease=None)
        case CaseReopened():
            return case._replace(
                status=Status.UNDER_REVIEW,
                decide_due_at=fact.decide_due_at,
                appealable=(),
                appeals=(),
            )
        case CaseHeld():
            return case._replace(held_since=fact.at)
        case CaseResumed():
            return case._replace(
                held_since=None,
                triage_due_at=fact.triage_due_at or case.triage_due_at,
                answer_due_at=fact.answer_due_at or case.answer_due_at,
                information_due_at=fact.information_due_at or case.information_due_at,
                decide_due_at=fact.decide_due_at or case.decide_due_at,
                review_due_at=fact.review_due_at or case.review_due_at,
            )
        case CaseEscalated():
            return case._replace(escalated=fact.escalated)
        case OutOfCourtMarked():
            return case._replace(out_of_court=fact.open)
        case CaseLinked():
            return case._replace(linked=case.linked | {fact.case_id})
        case CaseStandsElsewhere():
            return case._replace(stands_at=fact.case_id)
        case ComplaintEvidenceAdded() | AccusedEvidenceReceived() | NoteAdded() | AppealRejected():
            return case
        case _:
            assert_never(fact)


def product_key(product: Product) -> str:
    """What tells that two complaints are about the same product."""
    return product.product_id or product.link


def after_joining(severity: int, fact: ComplaintJoined) -> int:
    """The severity after a complaint joined: that of the gravest, or what the case was moved to."""
    found = taxonomy().find(fact.reason)
    return max(severity, found[1].sev) if found else severity


def after_answer(status: Status, *, late: bool) -> Status:
    """The status after an answer: one that came in time counts, also when its lapse was written
    first; a late one, or one read after the decision, is kept and moves nothing."""
    waiting = status in (Status.AWAITING_COUNTER_NOTICE, Status.COUNTER_NOTICE_LAPSED)
    return Status.COUNTER_NOTICE_RECEIVED if waiting and not late else status


def after_retyping(status: Status, fact: CaseRetyped) -> Status:
    """The status after a new type: the accused's answer was to something else, and they may have
    to be asked again."""
    answered = status in (Status.COUNTER_NOTICE_RECEIVED, Status.COUNTER_NOTICE_LAPSED)
    return Status.UNDER_REVIEW if answered and fact.from_type != fact.to_type else status


def after_appeal(fact: AppealDecided, *, others_open: bool) -> Status:
    """The status after an appeal was answered."""
    if others_open:
        return Status.UNDER_APPEAL
    return Status.INADMISSIBLE if fact.outcome is None else Status.DECIDED


def _no_more_asked(case: Case, decide_due_at: datetime | None = None) -> Case:
    return case._replace(
        status=Status.UNDER_REVIEW,
        information_of=None,
        information_due_at=None,
        decide_due_at=decide_due_at or case.decide_due_at,
    )


def _appeal_decided(case: Case, fact: AppealDecided) -> Case:
    others = tuple(each for each in case.appeals if each.id != fact.appeal_id)
    case = case._replace(
        status=after_appeal(fact, others_open=bool(others)),
        appeals=others,
        told_by=case.told_by if fact.result == "affirmed" else (fact.by,),
        told_at=case.told_at if fact.result == "affirmed" else fact.at,
        changed_by=case.changed_by if fact.result == "affirmed" else fact.appeal_id,
        outcome=fact.outcome,
        statement=fact.statement,
        findings=fact.findings,
        measures=fact.measures,
        manifestly_unfounded=fact.manifestly_unfounded,
        was_unfounded=case.was_unfounded or fact.manifestly_unfounded,
        lease=case.lease if others else None,
    )
    if fact.appeal_until is None or fact.appellant is None:
        return case
    told = Appealable(fact.appeal_id, fact.appeal_until, BOTH_SIDES - {fact.appellant})
    return case._replace(appealable=(*case.appealable, told))
