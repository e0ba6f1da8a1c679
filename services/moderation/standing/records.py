"""Members' records as the log has them, and the one way from a command on a record to the log."""

from contracts.envelope import Meta
from contracts.member import member_key
from services.moderation.commands import Actor
from services.moderation.policy import Policy
from services.moderation.standing.commands import MemberCommand
from services.moderation.standing.deciding import decide
from services.moderation.standing.record import NO_RECORD, Record, evolve
from services.runtime.events import EventStore, Handled
from services.runtime.memory import Known
from services.runtime.repository import Repository


class Records:
    """The record of every member, by `<kind>:<id>`. Those that this process saw lately are kept in
    mind."""

    def __init__(self, events: EventStore, *, policy: Policy) -> None:
        self._repository = Repository(events, "member", initial=NO_RECORD, evolve=evolve)
        self._policy = policy

    async def command(
        self,
        member: str,
        command: MemberCommand,
        *,
        by: Actor,
        meta: Meta,
        if_match: int | None = None,
    ) -> Handled[Record]:
        """Carries out `command` as of `meta.time`; see `EventStore.handle`.

        Raises the refusals of `standing.deciding`, and Stale when `if_match` is another version.
        """
        return await self._repository.handle(
            member_key(member),
            lambda record: decide(record, command, by=by, now=meta.time, policy=self._policy),
            meta=meta,
            if_match=if_match,
        )

    async def read(self, member: str) -> Known[Record]:
        """The record as the log has it. Raises Unavailable when the log is away."""
        return await self._repository.read(member_key(member))
