"""The Complaint Center: what complainants see of their complaints, and the accused of their cases.

Whoever may not see something is told that there is no such thing.
"""

from services.moderation.policy import Policy
from services.moderation.read_models import (
    AccusedCaseDetail,
    AccusedCasePage,
    ComplaintDetail,
    ComplaintPage,
    EvidenceItem,
)
from services.moderation.shown.accused import accused_detail, accused_summary
from services.moderation.shown.complainants import complaint_detail, complaint_summary
from services.moderation.store import Store
from services.runtime.auth import Principal
from services.runtime.database import Row
from services.runtime.problems import NotFound, Unauthenticated
from services.runtime.projection import Projector

NO_COMPLAINT = "There is no complaint with this id among yours."
NO_CASE = "There is no case with this id among yours."


class Center:
    """Both sides' views, for the API and the pages alike."""

    def __init__(self, *, store: Store, projector: Projector, policy: Policy) -> None:
        self._store = store
        self._projector = projector
        self._policy = policy

    async def complaints(
        self, who: Principal | None, *, cursor: str | None = None, limit: int = 20
    ) -> ComplaintPage:
        """The reader's own complaints, newest first. Raises Unauthenticated for nobody."""
        reader = _known(who)
        page = await self._store.complaints_by(reader.party, cursor=cursor, limit=limit)
        joined = [row["case_id"] for row in page.rows if row["case_id"] is not None]
        cases = await self._store.cases_by_id(joined)
        items = tuple(complaint_summary(row, cases.get(row["case_id"])) for row in page.rows)
        return ComplaintPage(items=items, next=page.next)

    async def complaint(
        self, who: Principal | None, complaint_id: str, *, after: int | None = None
    ) -> ComplaintDetail:
        """A complaint of the reader's own, or one that a signed link in the request opens.

        `after` waits until the log is worked in up to that sequence. Raises NotFound, and
        Unauthenticated for nobody.
        """
        if who is None:
            raise Unauthenticated("Sign in, or use the link from your receipt.")
        await self._caught_up(after)
        parts = await self._store.complaint_parts(complaint_id)
        if parts is None or not _may_read(who, parts.complaint):
            raise NotFound(NO_COMPLAINT)
        return complaint_detail(parts, policy=self._policy)

    async def complaint_evidence(
        self, who: Principal | None, complaint_id: str, evidence_id: str
    ) -> str:
        """The id of a file that the reader sent with this complaint. Raises NotFound."""
        complaint = await self.complaint(who, complaint_id)
        return _file(complaint.evidence, evidence_id)

    async def cases(
        self, who: Principal | None, *, cursor: str | None = None, limit: int = 20
    ) -> AccusedCasePage:
        """The cases against the reader, of which they were told; the last told first."""
        reader = _signed_in(who)
        page = await self._store.cases_against(reader.id, cursor=cursor, limit=limit)
        answered = await self._store.answered_among([row["id"] for row in page.rows])
        items = tuple(accused_summary(row, answered=row["id"] in answered) for row in page.rows)
        return AccusedCasePage(items=items, next=page.next)

    async def case(
        self, who: Principal | None, case_id: str, *, after: int | None = None
    ) -> AccusedCaseDetail:
        """A case against the reader, once they were told of it: proved by signing in, or by a
        signed link to this case. Raises NotFound, and Unauthenticated for nobody."""
        if who is None or not (who.signed_in or who.holds("case", case_id)):
            raise Unauthenticated("Sign in, or use the link from your mail.")
        await self._caught_up(after)
        parts = await self._store.case_parts(case_id, complaints_at_most=0)
        if parts is None or not _concerns(who, parts.case):
            raise NotFound(NO_CASE)
        return accused_detail(parts)

    async def case_evidence(self, who: Principal | None, case_id: str, evidence_id: str) -> str:
        """The id of a file that the reader sent with an answer. Raises NotFound."""
        case = await self.case(who, case_id)
        return _file(tuple(item for each in case.answers for item in each.evidence), evidence_id)

    async def _caught_up(self, after: int | None) -> None:
        if after is not None:
            await self._projector.wait_for(after)


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
        raise Unauthenticated("Sign in, or open the link that was mailed to you.")
    return who


def _signed_in(who: Principal | None) -> Principal:
    if who is None or not who.signed_in:
        raise Unauthenticated("Sign in to see what is yours.")
    return who


def _file(items: tuple[EvidenceItem, ...], evidence_id: str) -> str:
    if not any(item.id == evidence_id for item in items):
        raise NotFound("There is no such file here.")
    return evidence_id
