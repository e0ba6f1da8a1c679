"""What can be asked of a member's record."""

from dataclasses import dataclass
from datetime import datetime

from contracts.case import Finding, Measure
from services.moderation.commands.base import Command, Text


@dataclass(frozen=True, slots=True)
class Settle:
    """What a case says of a member now: the record is brought in line with it.

    `as_complainant`: it is said of them as one who complained, not as the accused. `decided_at`
    and `decided_by` tell of the decision that stands, `cause` is its id.
    """

    member: str
    case_id: str
    as_complainant: bool
    decision_id: str
    cause: str
    decided_at: datetime
    decided_by: tuple[str, ...]
    complained_at: datetime
    findings: tuple[Finding, ...] = ()
    measures: tuple[Measure, ...] = ()


class ApproveMeasure(Command):
    """Impose the measure that the software proposed. The closing of an account takes effect after
    the policy's notice, unless `immediate_ground` records why at once."""

    immediate_ground: Text | None = None


class RefuseMeasure(Command):
    """Do not impose the measure that the software proposed, and say why."""

    explanation: Text


class LiftMeasure(Command):
    """End a measure before its time, and say why. The record itself stays as it is."""

    explanation: Text


StaffMemberCommand = ApproveMeasure | RefuseMeasure | LiftMeasure


@dataclass(frozen=True, slots=True)
class OnMeasure:
    """What a person asks to be done to one measure."""

    measure_id: str
    command: StaffMemberCommand


@dataclass(frozen=True, slots=True)
class StartMeasure:
    """The day has come that a measure was announced for."""

    measure_id: str


@dataclass(frozen=True, slots=True)
class ExpireMeasure:
    """The time of a measure is over."""

    measure_id: str


MemberCommand = Settle | OnMeasure | StartMeasure | ExpireMeasure
