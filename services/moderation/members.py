"""What members of staff see of a member's record, and decide on the measures proposed for it."""

from collections.abc import Iterable
from datetime import datetime

from contracts.case import Track
from contracts.envelope import Meta
from contracts.ids import derived_id, new_id
from services.moderation.commands import Actor
from services.moderation.desk import READERS, actor_of
from services.moderation.member_models import (
    FindingOnRecord,
    MeasureCommand,
    MeasureOnRecord,
    MeasurePage,
    MemberActed,
    MemberDetail,
    ProposedMeasure,
    TrackTotal,
)
from services.moderation.member_store import MemberStore
from services.moderation.policy import Policy
from services.moderation.standing.commands import (
    ApproveMeasure,
    LiftMeasure,
    OnMeasure,
    RefuseMeasure,
    StaffMemberCommand,
)
from services.moderation.standing.deciding import refusal
from services.moderation.standing.record import MeasureOf, Record
from services.moderation.standing.records import Records
from services.moderation.standing.settling import explained
from services.moderation.standing.valuing import Valued, total, valued
from services.runtime.auth import Principal
from services.runtime.clock import Clock
from services.runtime.problems import Forbidden
from services.runtime.projection import Projector
from services.runtime.sentences import gettext as _

MEASURE_COMMANDS: dict[str, type[StaffMemberCommand]] = {
    "approve": ApproveMeasure,
    "refuse": RefuseMeasure,
    "lift": LiftMeasure,
}


class Members:
    """Records are short, so they are read from the log itself: what is shown is what counts."""

    def __init__(
        self,
        *,
        records: Records,
        store: MemberStore,
        projector: Projector,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._records = records
        self._store = store
        self._projector = projector
        self._policy = policy
        self._clock = clock

    async def read(self, who: Principal, member: str) -> MemberDetail:
        """The record of `<kind>:<id>` (a bare id is a member's): how each figure came
        about."""
        _check(who)
        member = actor_named(member)
        record, version, _ = await self._records.read(member)
        filed, cases = await self._store.totals(member)
        now = self._clock()
        entries = valued((held.entry for held in record.findings.values()), self._policy.standing)
        return MemberDetail(
            member=member,
            tracks=tuple(self._tracks(entries, now)),
            findings=tuple(_findings(record, now)),
            measures=tuple(
                _measure(record, each, actor_of(who), self._policy)
                for each in reversed(tuple(record.measures.values()))
            ),
            complaints_filed=filed,
            complaints_unfounded=sum(h.track == "ABUSE" for h in record.findings.values()),
            cases_against=cases,
            version=version,
        )

    async def act(
        self,
        who: Principal,
        member: str,
        asked: OnMeasure,
        *,
        if_match: int | None = None,
        key: str | None = None,
    ) -> MemberActed:
        """Carries out a command on a measure. Raises the refusals of `standing.deciding`."""
        _check(who)
        member = actor_named(member)
        now, actor = self._clock(), actor_of(who)
        name = type(asked.command).__name__
        repeat = derived_id("command", who.actor, asked.measure_id, name, key) if key else new_id()
        meta = Meta(id=repeat, time=now, actor=who.actor, correlation=repeat)
        handled = await self._records.command(member, asked, by=actor, meta=meta, if_match=if_match)
        measure = handled.state.measures[asked.measure_id]
        return MemberActed(
            member=member,
            measure=_measure(handled.state, measure, actor, self._policy),
            version=handled.version,
            sequence=handled.sequence,
        )

    async def proposed(
        self, who: Principal, *, cursor: str | None, limit: int, after: int | None = None
    ) -> MeasurePage:
        """Measures that the software proposed and nobody has decided on, the oldest first."""
        _check(who)
        if after is not None:
            await self._projector.wait_for(after)
        page = await self._store.proposed(cursor=cursor, limit=limit)
        members = {row["member"] for row in page.rows}
        records = {member: (await self._records.read(member)).state for member in members}
        return MeasurePage(
            items=tuple(
                ProposedMeasure.of(row, self._allowed(records[row["member"]], row["id"], who))
                for row in page.rows
            ),
            next=page.next,
        )

    def _allowed(
        self, record: Record, measure_id: str, who: Principal
    ) -> tuple[MeasureCommand, ...]:
        return _commands(record, measure_id, actor_of(who), self._policy)

    def _tracks(self, entries: tuple[Valued, ...], now: datetime) -> Iterable[TrackTotal]:
        tracks: tuple[Track, ...] = ("IPS", "IPP", "TRX", "INF", "ABUSE")
        for track in tracks:
            points = total(entries, track, now)
            following = self._policy.standing.ladders[track].next_after(points)
            yield TrackTotal(track=track, total=points, next_threshold=following)


def actor_named(member: str) -> str:
    """`<kind>:<id>`; a bare id is that of a member."""
    return member if ":" in member else f"member:{member}"


def _findings(record: Record, now: datetime) -> Iterable[FindingOnRecord]:
    held = sorted(record.findings.values(), key=lambda each: each.entry.at, reverse=True)
    for each in held:
        yield FindingOnRecord(
            id=each.entry.finding_id,
            case_id=each.case_id,
            decision_id=each.decision_id,
            reason=each.entry.reason,
            gravity=each.entry.gravity,
            track=each.track,
            points=each.points,
            steps=each.steps,
            explanation=explained(each.entry, each.steps),
            at=each.entry.at,
            expires_at=each.expires_at,
            counts=now < each.expires_at,
        )


def _measure(record: Record, measure: MeasureOf, by: Actor, policy: Policy) -> MeasureOnRecord:
    return MeasureOnRecord(
        id=measure.id,
        kind=measure.kind,
        state=measure.state,
        days=measure.days,
        product_id=measure.product_id,
        case_id=measure.case_id,
        decision_id=measure.decision_id,
        track=measure.track,
        threshold=measure.threshold,
        total=measure.total,
        finding_id=measure.finding_id,
        starts_at=measure.starts_at,
        ends_at=measure.ends_at,
        allowed=_commands(record, measure.id, by, policy),
    )


def _commands(
    record: Record, measure_id: str, by: Actor, policy: Policy
) -> tuple[MeasureCommand, ...]:
    """Every command on a measure, and why `by` may not give it."""
    return tuple(
        MeasureCommand(command=name, allowed=reason is None, reason=reason)
        for name, command in MEASURE_COMMANDS.items()
        for reason in [refusal(record, measure_id, command, by, policy)]
    )


def _check(who: Principal) -> None:
    if not who.may(*READERS):
        raise Forbidden(_("Members' records are for moderators."))
