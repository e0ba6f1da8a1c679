"""Statements of reasons, composed from the parts of a decision (DSA, Art. 17(3))."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from contracts.case import Finding, Ground, Measure, Outcome, StatementOfReasons
from contracts.ids import derived_id
from services.moderation.commands import Ruling, WantedFinding
from services.moderation.policy import Policy
from services.moderation.standing.points import worth
from services.moderation.state import Case
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _

OF_A_LISTING = frozenset({"search_demotion", "listing_hidden", "listing_removed", "listing_frozen"})
"""Measures that concern the product of the case alone."""


class Composed(NamedTuple):
    """What a decision says to the accused and puts on their record."""

    statement: StatementOfReasons
    findings: tuple[Finding, ...]
    measures: tuple[Measure, ...]


def compose(
    case: Case,
    ruling: Ruling,
    *,
    decision_id: str,
    redress: tuple[str, ...],
    now: datetime,
    policy: Policy,
) -> Composed:
    """The statement, findings and measures of a decision. What stood before and is decided again
    keeps its id, so that nothing is lifted and imposed anew.

    Raises Invalid for parts that do not fit together, each beside its field.
    """
    if errors := list(_contradictions(case, ruling, now, policy)):
        raise Invalid(errors)
    measures = tuple(_measures(case, ruling, decision_id))
    statement = StatementOfReasons(
        facts=ruling.facts,
        ground=ruling.ground or marketplace_rule(case, policy),
        restrictions=tuple(measure.kind for measure in measures),
        territory=ruling.territory,
        ends_at=ruling.ends_at,
        automated_detection=ruling.automated_detection,
        automated_decision=ruling.automated_decision,
        redress=redress,
    )
    return Composed(statement, tuple(_findings(case, ruling, decision_id)), measures)


def marketplace_rule(case: Case, policy: Policy) -> Ground:
    rule = policy.rules[case.complaint_type]
    return Ground(kind="contract", reference=rule.reference, explanation=rule.explanation)


def _findings(case: Case, ruling: Ruling, decision_id: str) -> Iterable[Finding]:
    standing = {(each.reason, each.gravity): each for each in case.findings}
    for wanted in _wanted_findings(case, ruling):
        counts = worth(wanted.reason, wanted.gravity)
        assert counts is not None  # _contradictions saw to it
        made = Finding(
            id=derived_id("finding", decision_id, wanted.reason),
            reason=wanted.reason,
            gravity=wanted.gravity,
            track=counts.track,
            points=counts.points,
        )
        yield standing.get((wanted.reason, wanted.gravity), made)


def _wanted_findings(case: Case, ruling: Ruling) -> tuple[WantedFinding, ...]:
    if ruling.findings is not None:
        return ruling.findings
    if ruling.outcome is Outcome.DISMISSED or case.accused is None:
        return ()
    return (WantedFinding(reason=case.reason),)


def _measures(case: Case, ruling: Ruling, decision_id: str) -> Iterable[Measure]:
    for kind in dict.fromkeys(ruling.restrictions):
        yield _as_it_stood(
            case,
            Measure(
                id=derived_id("measure", decision_id, kind),
                kind=kind,
                product_id=case.product_id if kind in OF_A_LISTING else None,
                ends_at=None if kind == "warning" else ruling.ends_at,
            ),
        )
    for wanted in ruling.measures:
        yield _as_it_stood(
            case,
            Measure(
                id=derived_id("measure", decision_id, wanted.kind),
                kind=wanted.kind,
                days=wanted.days,
                immediate_ground=wanted.immediate_ground,
            ),
        )


def _as_it_stood(case: Case, measure: Measure) -> Measure:
    return next(
        (each for each in case.measures if each.model_copy(update={"id": measure.id}) == measure),
        measure,
    )


def _contradictions(
    case: Case, ruling: Ruling, now: datetime, policy: Policy
) -> Iterable[dict[str, str]]:
    """What does not fit together in a decision, each beside its field."""

    def told(field: str, message: str) -> dict[str, str]:
        return {"field": field, "message": message}

    dismissed = ruling.outcome is Outcome.DISMISSED
    if ruling.manifestly_unfounded and not dismissed:
        yield told(
            "manifestly_unfounded", _("Only a dismissed complaint can be manifestly unfounded.")
        )
    for field in ("restrictions", "measures", "findings"):
        if dismissed and getattr(ruling, field):
            yield told(field, _("A dismissed complaint restricts nothing."))
    if ruling.ends_at is not None and not ruling.restrictions:
        yield told("ends_at", _("Only a restriction can end: choose one, or no end."))
    if ruling.ends_at is not None and ruling.ends_at <= now:
        yield told("ends_at", _("The end of a restriction lies in the future."))
    if case.accused is None and (ruling.measures or ruling.findings):
        field = "measures" if ruling.measures else "findings"
        yield told(field, _("Nobody knows whose product this is, so it is on nobody's record."))
    if not dismissed:
        yield from _on_measures(ruling, policy)
        yield from _on_findings(ruling)


def _on_measures(ruling: Ruling, policy: Policy) -> Iterable[dict[str, str]]:
    kinds = [measure.kind for measure in ruling.measures]
    if len(kinds) > len(set(kinds)):
        yield {"field": "measures", "message": _("The same measure is named twice.")}
    if "account_closed" in kinds and "account_frozen" in kinds:
        yield {"field": "measures", "message": _("An account is frozen or closed, not both.")}
    for measure in ruling.measures:
        if measure.kind == "account_frozen" and measure.days not in policy.freeze_days:
            days = ", ".join(map(str, policy.freeze_days))
            yield {
                "field": "measures",
                "message": _("An account is frozen for %(days)s days.") % {"days": days},
            }
        if measure.kind == "account_closed" and measure.days is not None:
            yield {"field": "measures", "message": _("An account is closed for good.")}
        if measure.kind != "account_closed" and measure.immediate_ground is not None:
            yield {
                "field": "measures",
                "message": _("Only the closing of an account needs a ground for being immediate."),
            }


def _on_findings(ruling: Ruling) -> Iterable[dict[str, str]]:
    reasons = [each.reason for each in ruling.findings or ()]
    if len(reasons) > len(set(reasons)):
        yield {"field": "findings", "message": _("The same reason is found twice.")}
    for each in ruling.findings or ():
        counts = worth(each.reason, each.gravity)
        if counts is None or counts.track == "ABUSE":
            yield {
                "field": "findings",
                "message": _("There is no reason %(reason)s.") % {"reason": each.reason},
            }
