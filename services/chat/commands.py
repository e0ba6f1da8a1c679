"""Commands on chats and operators: decided on the log, under the guard, with their timers."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from contracts.chat import ChatFact, ChatQueued
from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id, new_id
from contracts.operator import OperatorFact
from services.chat import decider, operators, state
from services.chat.operators import Operator
from services.chat.state import Chat
from services.runtime.clock import Clock
from services.runtime.events import EventStore, Handled
from services.runtime.memory import Memory
from services.runtime.repository import Repository
from services.runtime.timers import Timers

WRAP_UP: Final = timedelta(minutes=3)
"""After this the slot is freed, whether the wrap-up was written or not."""

Decision = Callable[[Chat], Sequence[ChatFact]]


class Commands:
    """The one way from a decision to the log in this service.

    `seen` tells the version of an aggregate that this process has heard of (0 where of none);
    `remembered` has chats as they were seen last."""

    def __init__(
        self,
        events: EventStore,
        timers: Timers,
        *,
        clock: Clock,
        seen: Callable[[Aggregate], int],
        remembered: Memory[Chat],
    ) -> None:
        self._timers = timers
        self._seen = seen
        self._chats = Repository(
            events, "chat", initial=state.NEW_CHAT, evolve=state.evolve, memory=remembered
        )
        self._operators = Repository(
            events, "operator", initial=operators.NEW_OPERATOR, evolve=operators.evolve
        )
        self.clock = clock

    async def chat(
        self, chat_id: str, decide: Decision, *, by: str, command: str | None = None
    ) -> Handled[Chat]:
        """Decides on a chat. `command` is the command's id: repeated, it is carried out once."""
        return await self._chats.handle(
            chat_id,
            decide,
            meta=self._meta(command, by, correlation=chat_id),
            seen=self._seen(Aggregate(kind="chat", id=chat_id)),
        )

    async def operator(
        self,
        operator_id: str,
        decide: Callable[[Operator], Sequence[OperatorFact]],
        *,
        by: str,
        command: str | None = None,
    ) -> Handled[Operator]:
        return await self._operators.handle(
            operator_id,
            decide,
            meta=self._meta(command, by, correlation=operator_id),
            seen=self._seen(operator_aggregate(operator_id)),
        )

    async def offer(self, chat_id: str, operator_id: str, offer_id: str) -> Handled[Chat]:
        """Offers a chat for 20 seconds. The timer is set first: a crash in between leaves one that
        finds nothing to do."""
        now = self.clock()
        await self._timers.set(
            f"offer-{offer_id}",
            now + decider.OFFER,
            {"kind": "offer", "chat_id": chat_id, "offer_id": offer_id},
        )
        return await self.chat(
            chat_id,
            lambda chat: decider.offer(chat, offer_id=offer_id, operator_id=operator_id, now=now),
            by="service:chat",
            command=derived_id("make", offer_id),
        )

    async def reserve(self, chat_id: str, operator_id: str, offer_id: str) -> Handled[Operator]:
        return await self.operator(
            operator_id,
            lambda each: operators.reserve(
                each, chat_id=chat_id, offer_id=offer_id, now=self.clock()
            ),
            by="service:chat",
            command=derived_id("reserve", offer_id, operator_id),
        )

    async def went_silent(self, chat_id: str) -> None:
        now = self.clock()
        await self._timers.set(
            f"back-{chat_id}", now + decider.BACK_WITHIN, {"kind": "back", "chat_id": chat_id}
        )
        await self.chat(chat_id, lambda chat: decider.went_silent(chat, now=now), by="service:chat")

    async def watch_idle(self, chat_id: str, since: datetime) -> None:
        await self._timers.set(
            f"idle-{chat_id}", since + decider.IDLE, {"kind": "idle", "chat_id": chat_id}
        )

    async def ended(self, chat_id: str, now: datetime) -> None:
        """The timers of an end: for the wrap-up and for the rating. Set before the fact."""
        await self._timers.set(
            f"wrap-up-{chat_id}", now + WRAP_UP, {"kind": "wrap-up", "chat_id": chat_id}
        )
        await self._timers.set(
            f"rating-{chat_id}", now + decider.RATE_WITHIN, {"kind": "rating", "chat_id": chat_id}
        )

    async def on_timer(self, _name: str, data: dict[str, str]) -> None:
        """A deadline of a chat has come: it is decided again."""
        chat_id, now = data["chat_id"], self.clock()

        def decide(chat: Chat) -> Sequence[ChatFact]:
            match data["kind"]:
                case "offer":
                    return decider.miss(chat, offer_id=data["offer_id"], now=now)
                case "back":
                    return decider.stayed_away(chat, now=now)
                case "idle":
                    return decider.idle(chat, now=now)
                case "rating":
                    return decider.expire_rating(chat, now=now)
                case "wrap-up" if chat.phase is state.Phase.WRAP_UP:
                    return decider.wrap_up(chat, by="clock:timer", code="", now=now, by_clock=True)
            return []

        handled = await self.chat(chat_id, decide, by="clock:timer")
        if data["kind"] == "idle" and handled.state.phase is state.Phase.BOT:
            spoken = handled.state.spoken_at or now
            await self.watch_idle(chat_id, spoken)
        if data["kind"] == "back" and handled.state.phase is state.Phase.WRAP_UP:
            await self.ended(chat_id, now)

    def _meta(self, command: str | None, by: str, *, correlation: str) -> Meta:
        return Meta(command or new_id(), self.clock(), by, correlation)


def operator_aggregate(operator_id: str) -> Aggregate:
    return Aggregate(kind="operator", id=operator_id)


def then(chat: Chat, *decisions: Decision) -> list[ChatFact]:
    """What follows from several decisions, each on what the ones before came to."""
    facts: list[ChatFact] = []
    for decide in decisions:
        for fact in decide(chat):
            facts.append(fact)
            chat = state.evolve(chat, fact)
    return facts


def was_queued(facts: Sequence[Any]) -> bool:
    return any(isinstance(fact, ChatQueued) for fact in facts)
