"""A case as its own facts tell it: the state that commands are decided on."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from contracts.case import (
    CaseAdmitted,
    CaseClaimed,
    CaseClosed,
    CaseDecided,
    CaseDeclaredInadmissible,
    CaseFact,
    CaseOpened,
    CaseReleased,
    ComplaintJoined,
    CounterNoticeLapsed,
    CounterNoticeReceived,
    CounterNoticeRequested,
    Outcome,
)


class Status(StrEnum):
    """`NEW` is a case that nobody opened yet: it is in nobody's list."""

    NEW = "new"
    OPEN = "open"
    ADMITTED = "admitted"
    INADMISSIBLE = "inadmissible"
    UNDER_REVIEW = "under_review"
    AWAITING_COUNTER_NOTICE = "awaiting_counter_notice"
    COUNTER_NOTICE_RECEIVED = "counter_notice_received"
    COUNTER_NOTICE_LAPSED = "counter_notice_lapsed"
    DECIDED = "decided"
    CLOSED = "closed"


LIVE = frozenset(
    {
        Status.OPEN,
        Status.ADMITTED,
        Status.UNDER_REVIEW,
        Status.AWAITING_COUNTER_NOTICE,
        Status.COUNTER_NOTICE_RECEIVED,
        Status.COUNTER_NOTICE_LAPSED,
    }
)
"""Still to be decided: complaints of the same kind join, moderators work."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A moderator's hold on a case. It ends by itself: `until` is not part of it."""

    holder: str
    until: datetime

    def is_live(self, now: datetime) -> bool:
        return now < self.until


@dataclass(frozen=True, slots=True)
class Case:
    """What deciding needs to know, and no more."""

    status: Status = Status.NEW
    id: str = ""
    number: str = ""
    complaint_type: str = ""
    accused: str | None = None
    complaints: frozenset[str] = frozenset()
    lease: Lease | None = None
    answer_due_at: datetime | None = None
    responses: frozenset[str] = frozenset()
    outcome: Outcome | None = None
    appeal_until: datetime | None = None

    def lease_of(self, member: str, now: datetime) -> Lease | None:
        """The lease under which `member` may act at `now`."""
        lease = self.lease
        return lease if lease and lease.holder == member and lease.is_live(now) else None


NEW_CASE = Case()


def evolve(case: Case, fact: CaseFact) -> Case:
    """The case after `fact`. Neither clock nor chance: the same facts give the same case."""
    match fact:
        case CaseOpened():
            return Case(
                status=Status.OPEN,
                id=fact.case_id,
                number=fact.number,
                complaint_type=fact.complaint_type,
                accused=fact.accused,
            )
        case ComplaintJoined():
            return replace(case, complaints=case.complaints | {fact.complaint_id})
        case CaseAdmitted():
            return replace(case, status=Status.ADMITTED)
        case CaseDeclaredInadmissible():
            return replace(
                case, status=Status.INADMISSIBLE, appeal_until=fact.appeal_until, lease=None
            )
        case CaseClaimed():
            admitted = case.status is Status.ADMITTED
            return replace(
                case,
                status=Status.UNDER_REVIEW if admitted else case.status,
                lease=Lease(fact.by, fact.until),
            )
        case CaseReleased():
            return replace(case, lease=None)
        case CounterNoticeRequested():
            return replace(case, status=Status.AWAITING_COUNTER_NOTICE, answer_due_at=fact.due_at)
        case CounterNoticeReceived():
            return replace(
                case,
                status=after_answer(case.status, late=fact.late),
                responses=case.responses | {fact.response_id},
            )
        case CounterNoticeLapsed():
            return replace(case, status=Status.COUNTER_NOTICE_LAPSED)
        case CaseDecided():
            return replace(
                case,
                status=Status.DECIDED,
                outcome=fact.outcome,
                appeal_until=fact.appeal_until,
                lease=None,
            )
        case CaseClosed():
            return replace(case, status=Status.CLOSED)
        case _:  # another fact of the case: it changes nothing here
            return case


def after_answer(status: Status, *, late: bool) -> Status:
    """The status after an answer: one that came in time counts, also when its lapse was written
    first; a late one, or one read after the decision, is kept and moves nothing."""
    waiting = status in (Status.AWAITING_COUNTER_NOTICE, Status.COUNTER_NOTICE_LAPSED)
    return Status.COUNTER_NOTICE_RECEIVED if waiting and not late else status
