"""Decisions: taken by one person, or proposed by one and approved by another."""

from datetime import datetime

from contracts.case import CaseDecided, CaseFact, DecisionProposed, DecisionReturned
from contracts.ids import derived_id
from services.moderation.commands import Actor, Decide, Return
from services.moderation.decider.interim import lifted
from services.moderation.decider.statements import compose
from services.moderation.policy import Policy
from services.moderation.state import Case
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _

_REPLACED = "The decision takes its place."


def next_id(case: Case) -> str:
    """The id of the decision that is made next."""
    count = (str(case.rulings),) if case.rulings else ()
    return derived_id("decision", case.id, *count)


def decided_or_proposed(
    case: Case, command: Decide, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    """The decision, where one person suffices; else a proposal."""
    appeal_until = policy.appeal_until(now)
    decision_id = next_id(case)
    statement, findings, measures = compose(
        case,
        command,
        decision_id=decision_id,
        redress=policy.redress_texts(appeal_until),
        now=now,
        policy=policy,
    )
    if any(measure.kind in policy.second_person for measure in measures):
        return [
            DecisionProposed(
                decision_id=decision_id,
                by=by.id,
                at=now,
                outcome=command.outcome,
                manifestly_unfounded=command.manifestly_unfounded,
                statement=statement,
                findings=findings,
                measures=measures,
                review_due_at=policy.review_due(now),
            )
        ]
    decided = CaseDecided(
        decision_id=decision_id,
        by=by.id,
        at=now,
        outcome=command.outcome,
        manifestly_unfounded=command.manifestly_unfounded,
        statement=statement,
        findings=findings,
        measures=measures,
        appeal_until=appeal_until,
        policy_version=policy.version,
    )
    return [*lifted(case, by, now, _REPLACED), decided]


def approve(case: Case, by: Actor, now: datetime, policy: Policy) -> list[CaseFact]:
    """The proposal becomes the decision, and its time to appeal begins now."""
    proposal = case.proposal
    assert proposal is not None  # the state says so
    ends_at = proposal.statement.ends_at
    if ends_at is not None and ends_at <= now:
        message = _("The proposed end of the restrictions has passed. Return the proposal.")
        raise Invalid([{"field": "ends_at", "message": message}])
    appeal_until = policy.appeal_until(now)
    redress = policy.redress_texts(appeal_until)
    decided = CaseDecided(
        decision_id=proposal.decision_id,
        by=by.id,
        at=now,
        outcome=proposal.outcome,
        manifestly_unfounded=proposal.manifestly_unfounded,
        statement=proposal.statement.model_copy(update={"redress": redress}),
        findings=proposal.findings,
        measures=proposal.measures,
        appeal_until=appeal_until,
        policy_version=policy.version,
        proposed_by=proposal.by,
    )
    return [*lifted(case, by, now, _REPLACED), decided]


def send_back(
    case: Case, command: Return, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    assert case.proposal is not None  # the state says so
    return [
        DecisionReturned(
            decision_id=case.proposal.decision_id,
            by=by.id,
            at=now,
            explanation=command.explanation,
            decide_due_at=policy.decision_due(now),
        )
    ]
