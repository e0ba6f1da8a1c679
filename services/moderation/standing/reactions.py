"""What moderation does to members' records because of a fact: cases are settled on them, measures
begin and end when their time comes."""

from datetime import datetime, timedelta

import structlog

from contracts.case import AppealDecided, CaseDecided, Finding
from contracts.codec import Message
from contracts.envelope import Meta, aggregate_of, caused_by
from contracts.ids import derived_id
from contracts.member import MeasureImposed
from services.moderation.cases import Cases
from services.moderation.commands import CLOCK, SERVICE
from services.moderation.refusals import NotDueYet
from services.moderation.standing.commands import (
    ExpireMeasure,
    MemberCommand,
    Settle,
    StartMeasure,
)
from services.moderation.standing.points import UNFOUNDED, worth
from services.moderation.standing.records import Records
from services.moderation.state import Case
from services.runtime.clock import Clock
from services.runtime.timers import Timers

log = structlog.get_logger(__name__)

A_SECOND = timedelta(seconds=1)


class Standing:
    """Every reaction decides on the log under the guard, so a repeat changes nothing."""

    def __init__(self, *, cases: Cases, records: Records, timers: Timers, clock: Clock) -> None:
        self._cases = cases
        self._records = records
        self._timers = timers
        self._clock = clock

    async def on_case(self, message: Message) -> None:
        """What a case says of its accused and its complainants is put on their records."""
        if any(isinstance(fact, CaseDecided | AppealDecided) for fact in message.facts):
            await self._settle(aggregate_of(message.subject).id, message)

    async def on_member(self, message: Message) -> None:
        """A measure gets timers for its beginning and its end."""
        for fact in message.facts:
            if isinstance(fact, MeasureImposed):
                if fact.starts_at > fact.at:
                    await self._set_timer("start", fact, fact.starts_at, message.meta)
                if fact.ends_at is not None:
                    await self._set_timer("expire", fact, fact.ends_at, message.meta)

    async def on_timer(self, name: str, data: dict[str, str]) -> None:
        """The beginning or the end of a measure has come."""
        measure_id, due_at = data["measure"], data["due_at"]
        command: MemberCommand = (
            StartMeasure(measure_id) if data["command"] == "start" else ExpireMeasure(measure_id)
        )
        meta = Meta(
            id=derived_id(name, due_at),
            time=self._clock(),
            actor="clock:timer",
            correlation=data["correlation"],
            causation=data["causation"],
        )
        try:
            await self._records.command(data["member"], command, by=CLOCK, meta=meta)
        except NotDueYet as early:
            due = datetime.fromisoformat(early.extra["due_at"])
            await self._timers.set(name, due + A_SECOND, data | {"due_at": due.isoformat()})

    async def _settle(self, case_id: str, message: Message) -> None:
        """As the case stands now, whichever of its facts this is about. It is looked at again until
        nothing has changed meanwhile, so that the last word is the newest."""
        cause, newest, settled = message.meta, message.sequence, 0
        while settled < newest:
            case = await self._cases.read(case_id, at_least=newest)
            settled = case.version
            for command in said_of_members(case.state):
                meta = caused_by(
                    cause,
                    command=derived_id(
                        "settle", cause.id, command.member, str(settled), command.case_id,
                        str(command.as_complainant),
                    ),
                    time=self._clock(),
                    actor="service:moderation",
                )  # fmt: skip
                await self._records.command(command.member, command, by=SERVICE, meta=meta)
            newest = await self._cases.version(case_id)

    async def _set_timer(
        self, command: str, fact: MeasureImposed, at: datetime, meta: Meta
    ) -> None:
        data = {
            "command": command,
            "member": fact.member,
            "measure": fact.measure_id,
            "due_at": at.isoformat(),
            "correlation": meta.correlation,
            "causation": meta.id,
        }
        await self._timers.set(f"{command}-{fact.measure_id}", at, data)


def said_of_members(case: Case) -> list[Settle]:
    """What a case says of each member now; nothing while it has never been decided."""
    if case.told_at is None or case.decision_id is None or case.changed_by is None:
        return []
    said: list[Settle] = []
    if case.accused is not None:
        said.append(_said(case, f"member:{case.accused}", as_complainant=False))
    if case.was_unfounded:
        complainants = dict.fromkeys((*case.complaints.values(), *case.left.values()))
        said += [_said(case, who, as_complainant=True) for who in complainants]
    return said


def _said(case: Case, member: str, *, as_complainant: bool) -> Settle:
    assert case.told_at is not None
    assert case.decision_id is not None
    assert case.changed_by is not None
    findings = case.findings
    if as_complainant:
        stays = member in case.complaints.values() and case.manifestly_unfounded
        findings = (_unfounded(case.decision_id, member),) if stays else ()
    return Settle(
        member=member,
        case_id=case.id,
        as_complainant=as_complainant,
        decision_id=case.decision_id,
        cause=case.changed_by,
        decided_at=case.told_at,
        decided_by=case.told_by,
        complained_at=case.opened_at or case.told_at,
        findings=findings,
        measures=() if as_complainant else case.measures,
    )


def _unfounded(decision_id: str, complainant: str) -> Finding:
    """A manifestly unfounded complaint, on its complainant's record (Art. 23(2))."""
    counts = worth(UNFOUNDED, "general")
    assert counts is not None
    return Finding(
        id=derived_id("unfounded", decision_id, complainant),
        reason=UNFOUNDED,
        gravity="general",
        track=counts.track,
        points=counts.points,
    )
