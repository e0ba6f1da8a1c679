"""The facts that follow from a command on a member's record. Pure: time is given."""

from datetime import datetime, timedelta
from typing import assert_never

from contracts.member import (
    MeasureExpired,
    MeasureImposed,
    MeasureRefused,
    MeasureStarted,
    MemberFact,
)
from services.moderation.commands.base import Actor
from services.moderation.policy import Policy
from services.moderation.refusals import NotDueYet, OwnProposal
from services.moderation.standing.commands import (
    ApproveMeasure,
    ExpireMeasure,
    LiftMeasure,
    MemberCommand,
    OnMeasure,
    RefuseMeasure,
    Settle,
    StaffMemberCommand,
    StartMeasure,
)
from services.moderation.standing.record import (
    IN_FORCE,
    MeasureOf,
    MeasureState,
    Record,
)
from services.moderation.standing.refusals import MeasureUnknown, NotInForce, NotProposed
from services.moderation.standing.settling import settle, taken_back
from services.runtime.problems import Forbidden, Invalid, Refused
from services.runtime.sentences import gettext as _
from services.runtime.sentences import pgettext

_MODERATORS = frozenset({"moderator", "senior_moderator"})
_STATES: dict[MeasureState, str] = {
    MeasureState.PROPOSED: pgettext("the measure is …", "proposed"),
    MeasureState.REFUSED: pgettext("the measure is …", "refused"),
    MeasureState.ANNOUNCED: pgettext("the measure is …", "announced"),
    MeasureState.ACTIVE: pgettext("the measure is …", "active"),
    MeasureState.EXPIRED: pgettext("the measure is …", "expired"),
    MeasureState.REVERSED: pgettext("the measure is …", "reversed"),
}
_SENIORS = frozenset({"senior_moderator"})


def decide(
    record: Record, command: MemberCommand, *, by: Actor, now: datetime, policy: Policy
) -> list[MemberFact]:
    """The facts that follow from `command`; none when they stand on the record already.

    Raises a subclass of Refused that names the reason when the command is not possible.
    """
    match command:
        case Settle():
            return settle(record, command, now, policy)
        case OnMeasure():
            measure = permit(record, command.measure_id, type(command.command), by, policy)
            return [_carried_out(record.member, measure, command.command, by, now, policy)]
        case StartMeasure():
            return _started(record, command, now)
        case ExpireMeasure():
            return _expired(record, command, now)
        case _:
            assert_never(command)


def permit(
    record: Record, measure_id: str, command: type[StaffMemberCommand], by: Actor, policy: Policy
) -> MeasureOf:
    """The measure that `by` may do this to. Raises the refusal that stands against it.

    What concerns money or a whole account needs a senior person, and to approve or refuse it one
    who did not make the decision that it follows from.
    """
    measure = _measure(record, measure_id)
    wide = measure.kind in policy.second_person
    if not by.roles & (_SENIORS if wide else _MODERATORS):
        raise Forbidden(
            _("A measure on money or a whole account is for senior moderators.")
            if wide
            else _("Measures are for moderators.")
        )
    if command is LiftMeasure:
        if measure.state not in IN_FORCE:
            raise NotInForce(
                _("The measure is %(state)s: there is nothing to lift.")
                % {"state": _STATES[measure.state]}
            )
        return measure
    if measure.state is not MeasureState.PROPOSED:
        raise NotProposed(
            _("The measure is %(state)s already.") % {"state": _STATES[measure.state]}
        )
    if wide and by.id in measure.decided_by:
        raise OwnProposal(
            _("It follows from your own decision: another senior moderator has to look at it.")
        )
    return measure


def _measure(record: Record, measure_id: str) -> MeasureOf:
    measure = record.measures.get(measure_id)
    if measure is None:
        raise MeasureUnknown(_("There is no such measure on this member's record."))
    return measure


def _carried_out(
    member: str,
    measure: MeasureOf,
    command: StaffMemberCommand,
    by: Actor,
    now: datetime,
    policy: Policy,
) -> MemberFact:
    match command:
        case ApproveMeasure():
            return _approved(member, measure, command, by, now, policy)
        case RefuseMeasure():
            return MeasureRefused(
                measure_id=measure.id,
                member=member,
                by=by.id,
                at=now,
                explanation=command.explanation,
            )
        case LiftMeasure():
            return taken_back(member, measure, measure.case_id, by.id, now, command.explanation)
        case _:
            assert_never(command)


def _approved(
    member: str,
    measure: MeasureOf,
    command: ApproveMeasure,
    by: Actor,
    now: datetime,
    policy: Policy,
) -> MeasureImposed:
    closing = measure.kind == "account_closed"
    if command.immediate_ground is not None and not closing:
        message = _("Only the closing of an account needs a ground for being immediate.")
        raise Invalid([{"field": "immediate_ground", "message": message}])
    starts_at = now
    if closing and command.immediate_ground is None:
        starts_at = now + timedelta(days=policy.standing.closing_notice_days)
    return MeasureImposed(
        measure_id=measure.id,
        member=member,
        kind=measure.kind,
        case_id=measure.case_id,
        decision_id=measure.decision_id,
        by=by.id,
        at=now,
        starts_at=starts_at,
        ends_at=None if measure.days is None else starts_at + timedelta(days=measure.days),
        explanation=(
            f"{measure.total} points in the {measure.track} track reached the threshold of "
            f"{measure.threshold}."
        ),
        track=measure.track,
        immediate_ground=command.immediate_ground,
    )


def _started(record: Record, command: StartMeasure, now: datetime) -> list[MemberFact]:
    measure = _measure(record, command.measure_id)
    if measure.state is not MeasureState.ANNOUNCED or measure.starts_at is None:
        return []
    if now < measure.starts_at:
        raise NotDueYet(_("The measure begins later."), due_at=measure.starts_at.isoformat())
    return [MeasureStarted(measure_id=measure.id, member=record.member, at=now)]


def _expired(record: Record, command: ExpireMeasure, now: datetime) -> list[MemberFact]:
    measure = _measure(record, command.measure_id)
    if measure.state not in IN_FORCE or measure.ends_at is None:
        return []
    if now < measure.ends_at:
        raise NotDueYet(_("The measure still runs."), due_at=measure.ends_at.isoformat())
    return [MeasureExpired(measure_id=measure.id, member=record.member, at=now)]


def refusal(
    record: Record, measure_id: str, command: type[StaffMemberCommand], by: Actor, policy: Policy
) -> str | None:
    """Why `by` may not do this; None when they may."""
    try:
        permit(record, measure_id, command, by, policy)
    except Refused as refused:
        return refused.detail
    return None
