"""Complaints become cases: the first of its kind opens one, the others join it."""

from datetime import timedelta
from itertools import count

from contracts.case import CaseStandsElsewhere, Listing
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta, caused_by
from contracts.ids import derived_id
from contracts.taxonomy import taxonomy
from services.moderation.cases import Cases
from services.moderation.commands import SERVICE, Join, Link
from services.moderation.refusals import AnotherType, NotInThisState, StandsElsewhere
from services.moderation.standing.pauses import Pauses
from services.moderation.state import LIVE, NEW_CASE, Case, Status, product_key
from services.moderation.store import Store
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.marketplace import Catalogue, ProductInfo
from services.runtime.problems import Conflict
from services.runtime.projection import Projector
from services.runtime.reactions import ACK_WAIT_SECONDS

FRESH = timedelta(seconds=ACK_WAIT_SECONDS / 2)


class Joining:
    """Joins complaints to cases, each exactly once however often it is asked to.

    A case that is not in mind is taken for new, as most are: the log's guard tells, and a history
    that is not there need not be read.
    """

    def __init__(
        self,
        *,
        events: EventStore,
        cases: Cases,
        store: Store,
        projector: Projector,
        catalogue: Catalogue,
        pauses: Pauses,
        clock: Clock,
    ) -> None:
        self._events = events
        self._cases = cases
        self._store = store
        self._projector = projector
        self._catalogue = catalogue
        self._pauses = pauses
        self._clock = clock

    async def join(self, fact: ComplaintFiled, cause: Meta) -> str | None:
        """Opens or joins the case of the complaint's accused, product and type; returns its id.
        None while its complainant is paused: it is kept, and comes again when the pause ends.

        Where that case is over, or was moved to another type, the next of its kind is opened; where
        another was moved to this type, it is joined. One that is opened while an appeal is under
        way is linked to it. Raises Unavailable while the
        marketplace is away: the complaint then comes again.
        """
        joined = await self._joined_before(fact)
        if joined is not None:
            return joined
        if await self._pauses.hold_back(fact):
            return None
        product = await self._product(fact)
        linked_to: str | None = None
        for generation in count():
            command = _command(fact, product, generation, linked_to)
            try:
                return await self._join_wherever(command, cause)
            except AnotherType:
                continue
            except NotInThisState as over:
                under_appeal = over.extra["state"] == Status.UNDER_APPEAL
                linked_to = over.extra["case_id"] if under_appeal else None
        raise AssertionError("generations do not end")

    async def moved(self, case_id: str, to_type: str, cause: Meta) -> None:
        """From now on complaints of `to_type` join the case, which was moved to that type: where
        the next case of their kind would be opened, it is written that this one stands for it.

        One that is open there already goes on, and each is linked to the other.
        """
        case = await self._case(case_id)
        for generation in count():
            here = case_id_of(case.accused, case.product_key, to_type, generation)
            there = await self._case(here)
            if case_id in (here, there.stands_at):
                return
            if there is NEW_CASE:
                if await self._stand_for(here, case_id, to_type, cause):
                    return
                there = await self._case(here)  # somebody was faster
            other = there.stands_at or here
            if there.stands_at is not None:
                there = await self._case(other)
            if other != case_id and there.status in LIVE and there.complaint_type == to_type:
                await self._link(case_id, other, cause)

    async def case_of(self, complaint_id: str) -> str | None:
        """The case of a complaint, which is joined first where that has not been done yet; None
        while its complainant is paused."""
        case_id = await self._store.case_of_complaint(complaint_id)
        if case_id is not None:
            return case_id
        history = await self._events.read(Aggregate(kind="complaint", id=complaint_id))
        filed = history.messages[0]
        assert isinstance(filed.facts[0], ComplaintFiled)  # intake writes nothing before it
        return await self.join(filed.facts[0], filed.meta)

    async def _joined_before(self, fact: ComplaintFiled) -> str | None:
        """The case, where an earlier delivery has done its work.

        The case's history tells too, but not where the catalogue has named another seller since.
        Nothing that was handled is delivered again within the time to acknowledge it, so a fresh
        complaint need not be looked up; and whatever an earlier run of this service appended is
        in the tables once they have caught up.
        """
        if self._clock() - fact.filed_at < FRESH:
            return None
        await self._projector.caught_up.wait()
        return await self._store.case_of_complaint(fact.complaint_id)

    async def _product(self, fact: ComplaintFiled) -> ProductInfo | None:
        product_id = fact.product.product_id
        return await self._catalogue.product(product_id) if product_id is not None else None

    async def _join_wherever(self, command: Join, cause: Meta) -> str:
        """The id of the case that was joined: the command's own, or the one that stands for it."""
        try:
            try:
                await self._join(command, cause)
            except StandsElsewhere as elsewhere:
                command = command.model_copy(update={"case_id": elsewhere.extra["case_id"]})
                await self._join(command, cause)
        except NotInThisState as over:
            over.extra["case_id"] = command.case_id
            raise
        return command.case_id

    async def _case(self, case_id: str) -> Case:
        return (await self._cases.read(case_id)).state

    async def _stand_for(self, here: str, case_id: str, to_type: str, cause: Meta) -> bool:
        """False where a case was opened at `here` in the meantime."""
        now = self._clock()
        stands = CaseStandsElsewhere(case_id=case_id, complaint_type=to_type, at=now)
        meta = caused_by(cause, command=derived_id("stands", cause.id), time=now, actor=SERVICE.id)
        try:
            await self._events.append(
                Aggregate(kind="case", id=here), [stands], expected=0, meta=meta
            )
        except Conflict:
            return False
        return True

    async def _link(self, case_id: str, other: str, cause: Meta) -> None:
        """From this side; a link is made from the other side by whoever reads of it."""
        meta = caused_by(
            cause, command=derived_id("link", cause.id, other), time=self._clock(), actor=SERVICE.id
        )
        await self._cases.command(case_id, Link(case_id=other), by=SERVICE, meta=meta)

    async def _join(self, command: Join, cause: Meta) -> None:
        meta = caused_by(
            cause,
            command=derived_id("join", cause.id),
            time=self._clock(),
            actor="service:moderation",
        )
        await self._cases.command(
            command.case_id, command, by=SERVICE, meta=meta, presumed_new=True
        )


def case_id_of(accused: str | None, product: str, complaint_type: str, generation: int) -> str:
    """Where the case of an accused, product and type stands: the first, or a later one."""
    return derived_id("case", accused or "unknown", product, complaint_type, str(generation))


def _command(
    fact: ComplaintFiled, product: ProductInfo | None, generation: int, linked_to: str | None
) -> Join:
    accused = product.seller_id if product else None
    reason = taxonomy().find(fact.reason)
    return Join(
        case_id=case_id_of(accused, product_key(fact.product), fact.complaint_type, generation),
        complaint_id=fact.complaint_id,
        complaint_number=fact.number,
        complainant=fact.complainant.actor,
        complaint_type=fact.complaint_type,
        reason=fact.reason,
        severity=reason[1].sev if reason else 1,
        language=fact.language,
        product=fact.product,
        product_title=product.title if product else None,
        listing=_listing(product) if product else None,
        accused=accused,
        linked_to=linked_to,
    )


def _listing(product: ProductInfo) -> Listing:
    return Listing(
        category=product.category,
        picture_url=product.picture_url,
        price=product.price,
        seller_name=product.seller_name,
    )
