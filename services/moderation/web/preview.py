"""A decision as the accused will read it, before it is taken."""

from datetime import datetime

from contracts.case import CaseDecided
from services.moderation.commands import Actor, Decide
from services.moderation.decider import decide
from services.moderation.policy import policy
from services.moderation.read_models import CaseDetail, DecisionOnAccused
from services.moderation.state import Case, Lease, Status


def previewed(shown: CaseDetail, command: Decide, *, by: Actor, now: datetime) -> DecisionOnAccused:
    """What `command` would tell the accused of the case as shown; nothing is changed.

    Raises Invalid when the parts of the decision contradict each other, and the refusal that would
    also stand against the decision itself. A claim that ran out meanwhile does not: the decision
    will be refused then, but may be read now.
    """
    case = Case(
        status=Status(shown.state),
        id=shown.id,
        number=shown.number,
        complaint_type=shown.type,
        accused=shown.accused,
        lease=Lease(by.id, policy().lease_until(now)),
        answer_due_at=shown.answer_due_at,
    )
    (decided,) = decide(case, command, by=by, now=now, policy=policy())
    assert isinstance(decided, CaseDecided)
    return DecisionOnAccused(
        outcome=decided.outcome,
        statement=decided.statement,
        at=decided.at,
        appeal_until=decided.appeal_until,
    )
