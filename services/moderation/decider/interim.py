"""Interim measures: imposed under review, told at once, looked at again, ended with the case."""

from datetime import datetime

from contracts.case import (
    CaseFact,
    InterimMeasureImposed,
    InterimMeasureKept,
    InterimMeasureLifted,
    Measure,
    StatementOfReasons,
)
from contracts.ids import derived_id
from services.moderation.commands import (
    Actor,
    ImposeInterimMeasure,
    KeepInterimMeasure,
    LiftInterimMeasure,
)
from services.moderation.decider.statements import marketplace_rule
from services.moderation.policy import Policy
from services.moderation.refusals import NoSuchMeasure
from services.moderation.state import Case, Interim
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _


def impose(
    case: Case, command: ImposeInterimMeasure, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    if any(each.measure.kind == command.kind for each in case.interim):
        raise Invalid([{"field": "kind", "message": _("This is in force already.")}])
    measure = Measure(
        id=derived_id("interim", case.id, command.kind, now.isoformat()),
        kind=command.kind,
        product_id=case.product_id,
    )
    statement = StatementOfReasons(
        facts=command.facts,
        ground=command.ground or marketplace_rule(case, policy),
        restrictions=(command.kind,),
        territory=command.territory,
        automated_detection=command.automated_detection,
        automated_decision=command.automated_decision,
        redress=policy.redress_until_decision,
    )
    return [
        InterimMeasureImposed(
            by=by.id,
            at=now,
            measure=measure,
            statement=statement,
            recheck_at=policy.recheck_at(now),
        )
    ]


def keep(
    case: Case, command: KeepInterimMeasure, by: Actor, now: datetime, policy: Policy
) -> list[CaseFact]:
    found = _in_force(case, command.measure_id)
    return [
        InterimMeasureKept(
            by=by.id,
            at=now,
            measure_id=found.measure.id,
            explanation=command.explanation,
            recheck_at=policy.recheck_at(now),
        )
    ]


def lift(case: Case, command: LiftInterimMeasure, by: Actor, now: datetime) -> list[CaseFact]:
    found = _in_force(case, command.measure_id)
    return [
        InterimMeasureLifted(
            by=by.id, at=now, measure_id=found.measure.id, explanation=command.explanation
        )
    ]


def lifted(case: Case, by: Actor, now: datetime, explanation: str) -> list[CaseFact]:
    """All interim measures end, for instance because the decision takes their place."""
    return [
        InterimMeasureLifted(by=by.id, at=now, measure_id=each.measure.id, explanation=explanation)
        for each in case.interim
    ]


def _in_force(case: Case, measure_id: str) -> Interim:
    for each in case.interim:
        if each.measure.id == measure_id:
            return each
    raise NoSuchMeasure(_("This interim measure is not in force."))
