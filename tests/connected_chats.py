"""Chats that are connected already, written into the log as the service writes them: for tests of
what comes after the queue."""

import asyncio
from collections.abc import Mapping

from contracts import chat as facts
from contracts import operator as operator_facts
from contracts.codec import Fact
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, new_id
from services.chat.board import chat_aggregate
from services.chat.commands import operator_aggregate
from services.runtime.auth import Principal
from services.runtime.bus import Bus
from services.runtime.clock import utcnow
from services.runtime.events import EventStore

CAPACITY = 10
"""Chats of one operator; their socket follows them all."""


async def begin_all(bus: Bus, pairs: Mapping[str, tuple[Principal, Principal]]) -> None:
    """`pairs` are the customer and the operator of each chat."""
    events, now = EventStore(bus, source="chat"), utcnow()
    slots: dict[str, list[Fact]] = {}

    async def begin(chat: str, member: Principal, staff: Principal) -> None:
        offer = derived_id("offer", chat, "1")
        visitor = facts.Visitor(kind="member", id=member.id, name=member.name, language="en")
        mine = slots.setdefault(staff.id, [])
        mine.append(operator_facts.SlotReserved(chat_id=chat, offer_id=offer, at=now))
        mine.append(operator_facts.SlotTaken(chat_id=chat, offer_id=offer, at=now))
        await append(
            chat_aggregate(chat),
            [
                facts.ChatInitiated(chat_id=chat, customer=visitor, at=now),
                facts.ChatQueued(language="en", at=now),
                facts.ChatOffered(offer_id=offer, operator_id=staff.id, expires_at=now, at=now),
                facts.OfferAccepted(offer_id=offer, operator_id=staff.id, at=now),
                facts.ChatConnected(operator_id=staff.id, operator_name=staff.name, at=now),
            ],
        )

    async def append(aggregate: Aggregate, said: list[Fact]) -> None:
        meta = Meta(new_id(), now, "service:tests", "storm")
        await events.append(aggregate, said, expected=0, meta=meta)

    await asyncio.gather(*(begin(chat, *people) for chat, people in pairs.items()))
    for staff_id, said in slots.items():
        profile = operator_facts.OperatorProfiled(
            operator_id=staff_id,
            name=staff_id,
            languages=("en",),
            skills=(),
            capacity=CAPACITY,
            by="tests",
            at=now,
        )
        started = operator_facts.ShiftStarted(at=now)
        await append(operator_aggregate(staff_id), [profile, started, *said])
