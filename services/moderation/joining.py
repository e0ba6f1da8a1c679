"""Complaints become cases: the first of its kind opens one, the others join it."""

import asyncio
from collections import OrderedDict
from datetime import timedelta
from functools import reduce
from itertools import count
from typing import NamedTuple
from weakref import WeakValueDictionary

from contracts.case import CaseStandsElsewhere, Listing
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta, caused_by
from contracts.ids import derived_id
from contracts.taxonomy import taxonomy
from services.moderation.commands import SERVICE, Join, Link
from services.moderation.decider import decide
from services.moderation.policy import Policy
from services.moderation.refusals import AnotherType, NotInThisState, StandsElsewhere
from services.moderation.standing.pauses import Pauses
from services.moderation.state import LIVE, NEW_CASE, Case, Status, evolve, product_key
from services.moderation.store import Store
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.marketplace import Catalogue, ProductInfo
from services.runtime.problems import Conflict
from services.runtime.projection import Projector
from services.runtime.reactions import ACK_WAIT_SECONDS

FRESH = timedelta(seconds=ACK_WAIT_SECONDS / 2)
MOST_KEPT = 1000


class _Kept(NamedTuple):
    case: Case
    version: int


class Joining:
    """Joins complaints to cases, each exactly once however often it is asked to.

    The cases joined lately are kept as they were then, so that the thousandth complaint about a
    product costs what the first did. A case kept is acted on only under the guard of its version:
    where anybody else has written since, its whole history is read again.
    """

    def __init__(
        self,
        *,
        events: EventStore,
        store: Store,
        projector: Projector,
        catalogue: Catalogue,
        pauses: Pauses,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._events = events
        self._store = store
        self._projector = projector
        self._catalogue = catalogue
        self._pauses = pauses
        self._policy = policy
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

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
        history = await self._events.read(Aggregate(kind="case", id=case_id))
        return reduce(evolve, history.facts, NEW_CASE)  # type: ignore[arg-type]

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
        await self._events.handle(
            Aggregate(kind="case", id=case_id),
            initial=NEW_CASE,
            evolve=evolve,
            decide=lambda case: decide(
                case, Link(case_id=other), by=SERVICE, now=meta.time, policy=self._policy
            ),
            meta=meta,
        )

    async def _join(self, command: Join, cause: Meta) -> None:
        meta = caused_by(
            cause,
            command=derived_id("join", cause.id),
            time=self._clock(),
            actor="service:moderation",
        )
        lock = self._locks.setdefault(command.case_id, asyncio.Lock())
        async with lock:
            if not await self._join_kept(command, meta):
                await self._join_read(command, meta)

    async def _join_kept(self, command: Join, meta: Meta) -> bool:
        """False when the case has changed since it was kept. One that is not kept is taken for
        new, as most are: the guard tells, and a history that is not there need not be read."""
        case, version = self._kept.get(command.case_id, _Kept(NEW_CASE, 0))
        try:
            facts = decide(case, command, by=SERVICE, now=meta.time, policy=self._policy)
            if facts:
                version = await self._events.append(
                    Aggregate(kind="case", id=command.case_id), facts, expected=version, meta=meta
                )
                for fact in facts:
                    case = evolve(case, fact)
                self._keep(case, version)
        except (Conflict, AnotherType, NotInThisState):
            self._kept.pop(command.case_id, None)  # it may have been another's doing since
            return False
        return True

    async def _join_read(self, command: Join, meta: Meta) -> None:
        handled = await self._events.handle(
            Aggregate(kind="case", id=command.case_id),
            initial=NEW_CASE,
            evolve=evolve,
            decide=lambda case: decide(
                case, command, by=SERVICE, now=meta.time, policy=self._policy
            ),
            meta=meta,
        )
        self._keep(handled.state, handled.version)

    def _keep(self, case: Case, version: int) -> None:
        self._kept[case.id] = _Kept(case, version)
        self._kept.move_to_end(case.id)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


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
