"""Complaints become cases: the first of its kind opens one, the others join it."""

import asyncio
from collections import OrderedDict
from datetime import timedelta
from itertools import count
from typing import NamedTuple
from weakref import WeakValueDictionary

from contracts.case import Listing
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta, caused_by
from contracts.ids import derived_id
from contracts.taxonomy import taxonomy
from services.moderation.commands import SERVICE, Join
from services.moderation.decider import decide
from services.moderation.policy import Policy
from services.moderation.refusals import AnotherType, NotInThisState
from services.moderation.state import NEW_CASE, Case, Status, evolve
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
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._events = events
        self._store = store
        self._projector = projector
        self._catalogue = catalogue
        self._policy = policy
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def join(self, fact: ComplaintFiled, cause: Meta) -> str:
        """Opens or joins the case of the complaint's accused, product and type; returns its id.

        Where that case is over, or was moved to another type, the next of its kind is opened. One
        that is opened while an appeal is under way is linked to it. Raises Unavailable while the
        marketplace is away: the complaint then comes again.
        """
        joined = await self._joined_before(fact)
        if joined is not None:
            return joined
        product = await self._product(fact)
        linked_to: str | None = None
        for generation in count():
            command = _command(fact, product, generation, linked_to)
            try:
                await self._join(command, cause)
            except AnotherType:
                continue
            except NotInThisState as over:
                under_appeal = over.extra["state"] == Status.UNDER_APPEAL
                linked_to = command.case_id if under_appeal else None
                continue
            return command.case_id
        raise AssertionError("generations do not end")

    async def case_of(self, complaint_id: str) -> str:
        """The case of a complaint, which is joined first where that has not been done yet."""
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
        except Conflict:
            self._kept.pop(command.case_id, None)
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


def _command(
    fact: ComplaintFiled, product: ProductInfo | None, generation: int, linked_to: str | None
) -> Join:
    accused = product.seller_id if product else None
    reason = taxonomy().find(fact.reason)
    return Join(
        case_id=derived_id(
            "case",
            accused or "unknown",
            fact.product.product_id or fact.product.link,
            fact.complaint_type,
            str(generation),
        ),
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
