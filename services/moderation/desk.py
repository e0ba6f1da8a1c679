"""What members of staff do and see: commands on cases, the queue, a case with all its parts."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from contracts.case import CaseDecided, DecisionProposed, SharedFile
from contracts.envelope import Meta
from contracts.ids import derived_id, new_id
from services.moderation.case_lists import CaseLists
from services.moderation.case_query import COUNTED, Place
from services.moderation.cases import NO_CASE, Cases
from services.moderation.commands import (
    Actor,
    Claim,
    Command,
    Decide,
    RequestCounterNotice,
    StaffCommand,
)
from services.moderation.decider import decide
from services.moderation.policy import Policy
from services.moderation.queues import QUEUES, WORKABLE, QueueFilters
from services.moderation.read_models import (
    Acted,
    CaseDetail,
    CasePage,
    CaseSummary,
    ComplaintOfCasePage,
    Preview,
    QueueCounts,
)
from services.moderation.shown.staff import (
    allowed_commands,
    case_detail,
    case_summary,
    complaint_of_case,
)
from services.moderation.state import Lease
from services.moderation.store import Store, cursor_at, read_cursor
from services.moderation.transitions import NAMES
from services.runtime.auth import Principal, Role
from services.runtime.clock import Clock
from services.runtime.database import Row
from services.runtime.problems import Forbidden, Invalid, NotFound, Refused
from services.runtime.projection import Projector
from services.runtime.sentences import gettext as _

READERS: tuple[Role, ...] = ("moderator", "senior_moderator", "appeals_officer", "supervisor")
"""Roles that see cases. Which of them may act, the transition table says."""

COMPLAINTS_SHOWN = 50
CANDIDATES = 20
"""Cases that are tried, the most urgent first, until one can be claimed."""
OnView = Callable[[Principal, str, str, str], Awaitable[None]]
CheckFilled = Callable[[Command], Awaitable[None]]
"""Records that somebody is about to be shown something: what, of which case, and which."""
OF_COMPLAINANTS = frozenset({"complaint_evidence_added", "information_received"})
"""Entries of a timeline that carry complainants' later files."""
ALL_QUEUES: Mapping[str, QueueFilters] = {name: each.filters for name, each in QUEUES.items()}


class Desk:
    """The moderators' side, for the API and the console alike."""

    def __init__(
        self,
        *,
        cases: Cases,
        store: Store,
        lists: CaseLists,
        projector: Projector,
        policy: Policy,
        clock: Clock,
        check_filled: CheckFilled,
        on_view: OnView | None = None,
    ) -> None:
        self._cases = cases
        self._store = store
        self._lists = lists
        self._projector = projector
        self._policy = policy
        self._clock = clock
        self._check_filled = check_filled
        self._on_view = on_view

    async def act(
        self,
        who: Principal,
        case_id: str,
        command: StaffCommand,
        *,
        if_match: int | None = None,
        key: str | None = None,
    ) -> Acted:
        """Carries out `command`, decided on the case's own history in the log.

        `if_match` is the version that the sender saw; `key` makes a repeat return what the first
        try did. Raises the decider's refusals, and Stale when the case has changed since.
        """
        _check(who)
        name = NAMES[type(command)]
        await self._check_filled(command)
        if isinstance(command, RequestCounterNotice) and command.evidence:
            command = command.sharing(await self._shared(who, case_id, command.evidence))
        now, actor = self._clock(), actor_of(who)
        repeat = derived_id("command", who.actor, case_id, name, key) if key else new_id()
        meta = Meta(id=repeat, time=now, actor=who.actor, correlation=repeat)
        handled = await self._cases.command(
            case_id, command, by=actor, meta=meta, if_match=if_match
        )
        case = handled.state
        return Acted(
            id=case_id,
            number=case.number,
            state=case.status,
            version=handled.version,
            sequence=handled.sequence,
            allowed=allowed_commands(case, actor, now),
        )

    async def preview(self, who: Principal, case_id: str, command: Decide) -> Preview:
        """What `command` would tell the accused, and put on their record; nothing is changed.

        Raises Invalid when the parts of the decision contradict each other, and the refusal that
        would also stand against the decision itself. A claim that ran out meanwhile does not: the
        decision will be refused then, but may be read now.
        """
        _check(who)
        now, actor = self._clock(), actor_of(who)
        case = (await self._cases.read(case_id)).state
        claimed = case._replace(lease=Lease(actor.id, self._policy.lease_until(now)))
        *_, told = decide(claimed, command, by=actor, now=now, policy=self._policy)
        assert isinstance(told, CaseDecided | DecisionProposed)
        return Preview(
            outcome=told.outcome,
            statement=told.statement,
            findings=told.findings,
            measures=told.measures,
            second_person=isinstance(told, DecisionProposed),
            at=now,
            appeal_until=self._policy.appeal_until(now),
        )

    async def queue(
        self,
        who: Principal,
        filters: QueueFilters,
        *,
        cursor: str | None = None,
        limit: int = 50,
        after: int | None = None,
    ) -> CasePage:
        """A page of the queue, the most urgent case first unless `filters.order` says otherwise.

        `after` waits until the log is worked in up to that sequence.
        """
        _check(who)
        await self._caught_up(after)
        now = self._clock()
        place = _place(cursor) if cursor is not None else None
        rows = await self._lists.page(filters, reader=who.id, now=now, after=place, limit=limit + 1)
        more = _cursor(rows[limit - 1], filters) if len(rows) > limit else None
        return CasePage(items=tuple(case_summary(row, now) for row in rows[:limit]), next=more)

    async def counts(
        self, who: Principal, queues: Mapping[str, QueueFilters] = ALL_QUEUES
    ) -> QueueCounts:
        """How many cases stand in each of `queues`; in all that there are unless some are named."""
        _check(who)
        counted = await self._lists.counts(queues, reader=who.id, now=self._clock())
        return QueueCounts(queues=counted, counted_to=COUNTED)

    async def next_case(self, who: Principal, filters: QueueFilters) -> Acted:
        """Claims the most urgent case of a queue on which nobody works and a moderator's turn it
        is. Of two who ask at once each gets another case. Raises NotFound when none is left.
        """
        _check(who)
        if not filters.states:
            turn = [state for role in who.roles for state in WORKABLE.get(role, ())]
            filters = filters.narrowed(QueueFilters(states=tuple(dict.fromkeys(turn))))
        free = filters.narrowed(QueueFilters(free=True))
        now = self._clock()
        candidates = await self._lists.page(
            free, reader=who.id, now=now, after=None, limit=CANDIDATES
        )
        for row in candidates:
            try:
                return await self.act(who, row["id"], Claim())
            except Forbidden:
                raise
            except Refused:
                continue  # somebody was faster, or the row is behind the log
        raise NotFound(_("No case of this queue waits for anybody just now."))

    async def case(self, who: Principal, case_id: str, *, after: int | None = None) -> CaseDetail:
        """The case with its complaints (the first 50), answers, timeline and what may be done.

        Raises NotFound.
        """
        _check(who)
        await self._caught_up(after)
        parts = await self._store.case_parts(case_id, complaints_at_most=COMPLAINTS_SHOWN)
        if parts is None:
            raise NotFound(NO_CASE)
        await self._seen(who, "case", case_id)
        around = await self._store.surroundings(parts.case)
        joined = parts.complaints
        more = None
        if len(joined) == COMPLAINTS_SHOWN and joined[-1]["joined_at"] is not None:
            more = cursor_at(joined[-1]["joined_at"], joined[-1]["id"])
        return case_detail(
            parts, around, more_complaints=more, viewer=actor_of(who), now=self._clock()
        )

    async def complaints(
        self, who: Principal, case_id: str, *, cursor: str | None = None, limit: int = 50
    ) -> ComplaintOfCasePage:
        """The complaints that joined the case, the first ones first."""
        _check(who)
        page = await self._store.complaints_of(case_id, cursor=cursor, limit=limit)
        files = f"/api/v1/moderation/cases/{case_id}/evidence"
        items = tuple(complaint_of_case(row, files) for row in page.rows)
        return ComplaintOfCasePage(items=items, next=page.next)

    def every(self, who: Principal, filters: QueueFilters) -> AsyncIterator[Sequence[Row]]:
        """All cases of a query, however many, some at a time."""
        _check(who)
        return self._lists.every(filters, reader=who.id, now=self._clock())

    async def sample(self, who: Principal, *, seed: str, limit: int) -> tuple[CaseSummary, ...]:
        """Decided cases by chance: from the one that `seed` leads to, in the order of their ids,
        which are hashes."""
        _check(who)
        now = self._clock()
        rows = await self._store.decided_from(derived_id("sample", seed), limit=limit)
        return tuple(case_summary(row, now) for row in rows)

    async def evidence(self, who: Principal, case_id: str, evidence_id: str) -> str:
        """The id of a file of this case, either side's. Raises NotFound for any other."""
        case = await self.case(who, case_id)
        filed = (item for each in case.complainants for item in each.evidence)
        answered = (item for each in case.answers for item in each.evidence)
        later = (item for each in case.timeline for item in each.evidence)
        await self._seen(who, "file", case_id, evidence_id)
        if any(item.id == evidence_id for item in (*filed, *answered, *later)):
            return evidence_id
        cursor = case.more_complaints
        while cursor is not None:
            page = await self.complaints(who, case_id, cursor=cursor, limit=200)
            if any(item.id == evidence_id for each in page.items for item in each.evidence):
                return evidence_id
            cursor = page.next
        raise NotFound(_("This case has no such file."))

    async def _seen(self, who: Principal, what: str, case_id: str, detail: str = "") -> None:
        """It is recorded who saw what before it is shown."""
        if self._on_view is not None:
            await self._on_view(who, what, case_id, detail)

    async def _shared(
        self, who: Principal, case_id: str, ids: Sequence[str]
    ) -> tuple[SharedFile, ...]:
        """The complainants' files with these ids, as the accused may see them. Raises Invalid."""
        files: dict[str, SharedFile] = {}
        case = await self.case(who, case_id)
        found = [each.evidence for each in case.complainants]
        found += [each.evidence for each in case.timeline if each.kind in OF_COMPLAINANTS]
        for item in (item for items in found for item in items):
            files[item.id] = SharedFile(id=item.id, media_type=item.media_type, size=item.size)
        if not files.keys() >= set(ids):
            message = _("Only files that complainants sent in this case can be shown.")
            raise Invalid([{"field": "evidence", "message": message}])
        return tuple(files[each] for each in dict.fromkeys(ids))

    async def _caught_up(self, after: int | None) -> None:
        if after is not None:
            await self._projector.wait_for(after)


def actor_of(who: Principal) -> Actor:
    return Actor(who.id, frozenset(who.roles))


def _check(who: Principal) -> None:
    if not who.may(*READERS):
        raise Forbidden(_("Cases are for moderators."))


def _cursor(row: Row, filters: QueueFilters) -> str:
    at = row["opened_at"] if filters.order in ("newest", "oldest") else row["due_at"]
    return f"{row['severity']}{cursor_at(at, row['id'])}"


def _place(cursor: str) -> Place:
    at, identifier = read_cursor(cursor[1:])
    severity = cursor[:1]
    return Place(int(severity) if severity in ("1", "2", "3", "4") else 0, at, identifier)
