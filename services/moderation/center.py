"""The Complaint Center: what complainants see of their complaints, and the accused of their cases.

Whoever may not see something is told that there is no such thing.
"""

from collections.abc import Iterable

from contracts.member import member_key
from services.moderation.center_store import CenterStore
from services.moderation.party_models import (
    AccusedCaseDetail,
    AccusedCasePage,
    ComplaintDetail,
    ComplaintPage,
    StandingShown,
)
from services.moderation.policy import Policy
from services.moderation.shown.accused import accused_detail, accused_summary
from services.moderation.shown.complainants import complaint_detail, complaint_summary
from services.moderation.shown.standing import standing
from services.runtime.auth import Principal
from services.runtime.clock import Clock
from services.runtime.database import Row
from services.runtime.problems import NotFound, Unauthenticated
from services.runtime.projection import Projector
from services.runtime.sentences import gettext as _

NO_COMPLAINT = _("There is no complaint with this id among yours.")
NO_CASE = _("There is no case with this id among yours.")


class Center:
    """Both sides' views, for the API and the pages alike."""

    def __init__(
        self, *, store: CenterStore, projector: Projector, policy: Policy, clock: Clock
    ) -> None:
        self._store = store
        self._projector = projector
        self._policy = policy
        self._clock = clock

    async def complaints(
        self,
        who: Principal | None,
        *,
        cursor: str | None = None,
        limit: int = 20,
        after: int | None = None,
    ) -> ComplaintPage:
        """The reader's own complaints, newest first. Raises Unauthenticated for nobody."""
        reader = _known(who)
        await self._caught_up(after)
        found = await self._store.complaints_by(reader.party, cursor=cursor, limit=limit)
        items = tuple(
            complaint_summary(
                row,
                found.cases.get(row["case_id"]),
                found.timelines.get(row["case_id"], []),
                now=self._clock(),
            )
            for row in found.rows
        )
        return ComplaintPage(items=items, next=found.next)

    async def complaint(
        self, who: Principal | None, complaint_id: str, *, after: int | None = None
    ) -> ComplaintDetail:
        """A complaint of the reader's own, or one that a signed link in the request opens.

        `after` waits until the log is worked in up to that sequence. Raises NotFound, and
        Unauthenticated for nobody.
        """
        if who is None:
            raise Unauthenticated(_("Sign in, or use the link from your receipt."))
        await self._caught_up(after)
        parts = await self._store.complaint_parts(complaint_id)
        if parts is None or not _may_read(who, parts.complaint):
            raise NotFound(NO_COMPLAINT)
        return complaint_detail(parts, policy=self._policy, now=self._clock())

    async def complaint_evidence(
        self, who: Principal | None, complaint_id: str, evidence_id: str
    ) -> str:
        """The id of a file that the reader sent with this complaint. Raises NotFound."""
        complaint = await self.complaint(who, complaint_id)
        sent = [complaint.evidence, *(each.evidence for each in complaint.additions)]
        sent += [each.evidence for each in complaint.appeals]
        return _file((item.id for items in sent for item in items), evidence_id)

    async def cases(
        self,
        who: Principal | None,
        *,
        cursor: str | None = None,
        limit: int = 20,
        after: int | None = None,
    ) -> AccusedCasePage:
        """The cases against the reader, of which they were told; the last told first."""
        reader = _signed_in(who)
        await self._caught_up(after)
        found = await self._store.cases_against(reader.id, cursor=cursor, limit=limit)
        items = tuple(
            accused_summary(
                row, found.timelines.get(row["id"], []), found.answers.get(row["id"], [])
            )
            for row in found.rows
        )
        return AccusedCasePage(items=items, next=found.next)

    async def case(
        self, who: Principal | None, case_id: str, *, after: int | None = None
    ) -> AccusedCaseDetail:
        """A case against the reader, once they were told of it: proved by signing in, or by a
        signed link to this case. Raises NotFound, and Unauthenticated for nobody."""
        if who is None or not (who.signed_in or who.holds("case", case_id)):
            raise Unauthenticated(_("Sign in, or use the link from your mail."))
        await self._caught_up(after)
        parts = await self._store.accused_parts(case_id)
        if parts is None or not _concerns(who, parts.case):
            raise NotFound(NO_CASE)
        return accused_detail(parts, now=self._clock())

    async def case_evidence(
        self, who: Principal | None, case_id: str, evidence_id: str
    ) -> tuple[str, bool]:
        """The id of a file of this case that the reader sent or may see, and whether it is
        somebody else's, whose name it must not tell. Raises NotFound."""
        case = await self.case(who, case_id)
        shared = any(item.id == evidence_id for item in case.shared_evidence)
        sent = [each.evidence for each in case.answers]
        sent += [each.evidence for each in case.more_evidence]
        sent += [each.evidence for each in case.appeals]
        own = [item.id for items in sent for item in items]
        known = [*own, *(item.id for item in case.shared_evidence)]
        return _file(known, evidence_id), shared and evidence_id not in own

    async def standing(self, who: Principal | None, *, after: int | None = None) -> StandingShown:
        """The reader's own record: points, measures, and what comes next. Raises
        Unauthenticated for nobody."""
        reader = _known(who)
        await self._caught_up(after)
        return standing(
            await self._store.record_of(reader.party),
            rules=self._policy.standing,
            seller=reader.signed_in,
            now=self._clock(),
        )

    async def _caught_up(self, after: int | None) -> None:
        if after is not None:
            await self._projector.wait_for(after)


def topics_of(who: Principal) -> tuple[str, ...]:
    """What the overview and the standing of a reader depend on (`services.runtime.live`)."""
    theirs = (f"complainant:{who.party}", f"member:{member_key(who.party)}")
    return (*theirs, f"accused:{who.id}") if who.signed_in else theirs


def _may_read(who: Principal, complaint: Row) -> bool:
    """A guest is proved by a link: to one complaint, or by the one mailed to the address to all."""
    own = who.proven and complaint["complainant"] == who.party
    return own or who.holds("complaint", complaint["id"])


def _concerns(who: Principal, case: Row) -> bool:
    """Whether the reader is the accused, and was told of the case."""
    accused = who.signed_in and case["accused"] == who.id
    return case["told_at"] is not None and (accused or who.holds("case", case["id"]))


def _known(who: Principal | None) -> Principal:
    if who is None or not who.proven:
        raise Unauthenticated(_("Sign in, or open the link that was mailed to you."))
    return who


def _signed_in(who: Principal | None) -> Principal:
    if who is None or not who.signed_in:
        raise Unauthenticated(_("Sign in to see what is yours."))
    return who


def _file(known: Iterable[str], evidence_id: str) -> str:
    if evidence_id not in known:
        raise NotFound(_("There is no such file here."))
    return evidence_id
