"""Cases as the log has them, and the one way from a command on a case to the log."""

from contracts.envelope import Meta
from services.moderation.commands import Actor, CaseCommand
from services.moderation.decider import decide
from services.moderation.policy import Policy
from services.moderation.state import NEW_CASE, Case, evolve
from services.moderation.store import is_id
from services.runtime.events import EventStore, Handled
from services.runtime.memory import Known
from services.runtime.problems import NotFound
from services.runtime.repository import Repository
from services.runtime.sentences import gettext as _

NO_CASE = _("There is no case with this id.")


class Cases:
    """Every case of this marketplace. Those that this process saw lately are kept in mind."""

    def __init__(self, events: EventStore, *, policy: Policy) -> None:
        self._repository = Repository(events, "case", initial=NEW_CASE, evolve=evolve)
        self._policy = policy

    async def command(
        self,
        case_id: str,
        command: CaseCommand,
        *,
        by: Actor,
        meta: Meta,
        if_match: int | None = None,
        presumed_new: bool = False,
    ) -> Handled[Case]:
        """Carries out `command` as of `meta.time`; see `EventStore.handle`.

        Raises NotFound, the decider's refusals, and Stale when `if_match` is another version.
        """
        if not is_id(case_id):
            raise NotFound(NO_CASE)
        return await self._repository.handle(
            case_id,
            lambda case: decide(case, command, by=by, now=meta.time, policy=self._policy),
            meta=meta,
            if_match=if_match,
            presumed_new=presumed_new,
        )

    async def read(self, case_id: str, *, at_least: int | None = None) -> Known[Case]:
        """`Repository.read`. Raises NotFound for what cannot be the id of a case."""
        if not is_id(case_id):
            raise NotFound(NO_CASE)
        return await self._repository.read(case_id, at_least=at_least)

    async def version(self, case_id: str) -> int:
        """The sequence of the case's last message, 0 for none."""
        return await self._repository.version(case_id)
