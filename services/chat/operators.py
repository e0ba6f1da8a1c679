"""An operator as their own facts tell it, and what may happen to them. Pure: time is given."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple

from contracts import operator as facts
from contracts.operator import OperatorFact
from services.chat.refusals import NotOnShift
from services.runtime.sentences import gettext as _

MISSES_ALLOWED = 1
"""One missed offer may happen; the second in a row sets the operator away."""


class Slot(NamedTuple):
    offer_id: str
    taken_at: datetime | None
    """None while the chat is only offered."""


@dataclass(frozen=True, slots=True)
class Operator:
    """`slots` maps a chat to the slot that it takes. `idle_since` is when the last one was freed,
    or the shift began."""

    id: str = ""
    name: str = ""
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    capacity: int = 0
    on_shift: bool = False
    away: str | None = None
    slots: tuple[tuple[str, Slot], ...] = ()
    misses: int = 0
    idle_since: datetime | None = None

    @property
    def is_online(self) -> bool:
        """On shift and not away; whether there is a heartbeat is another matter."""
        return self.on_shift and self.away is None

    @property
    def free(self) -> int:
        return self.capacity - len(self.slots)

    def slot(self, chat_id: str) -> Slot | None:
        return dict(self.slots).get(chat_id)

    def covers(self, language: str, skills: Sequence[str]) -> bool:
        return language in self.languages and set(skills) <= set(self.skills)


NEW_OPERATOR = Operator()


def evolve(operator: Operator, fact: OperatorFact) -> Operator:
    match fact:
        case facts.OperatorProfiled():
            return replace(
                operator,
                id=fact.operator_id,
                name=fact.name,
                languages=fact.languages,
                skills=fact.skills,
                capacity=fact.capacity,
            )
        case facts.ShiftStarted():
            return replace(operator, on_shift=True, away=None, misses=0, idle_since=fact.at)
        case facts.ShiftEnded():
            return replace(operator, on_shift=False, away=None)
        case facts.OperatorAway():
            return replace(operator, away=fact.reason)
        case facts.OperatorBack():
            return replace(operator, away=None, misses=0, idle_since=fact.at)
        case facts.SlotReserved():
            slots = {**dict(operator.slots), fact.chat_id: Slot(fact.offer_id, None)}
            return replace(operator, slots=tuple(slots.items()))
        case facts.SlotTaken():
            slots = {**dict(operator.slots), fact.chat_id: Slot(fact.offer_id, fact.at)}
            return replace(operator, slots=tuple(slots.items()), misses=0)
        case facts.SlotFreed():
            slots = dict(operator.slots)
            slots.pop(fact.chat_id, None)
            missed = fact.reason == "missed"
            return replace(
                operator,
                slots=tuple(slots.items()),
                misses=operator.misses + missed,
                idle_since=fact.at,
            )
        case _:
            return operator


Facts = list[OperatorFact]


def profile(
    operator: Operator,
    *,
    operator_id: str,
    name: str,
    languages: Sequence[str],
    skills: Sequence[str],
    capacity: int,
    by: str,
    now: datetime,
) -> Facts:
    wanted = (operator_id, name, tuple(languages), tuple(skills), capacity)
    had = (operator.id, operator.name, operator.languages, operator.skills, operator.capacity)
    if wanted == had:
        return []
    return [
        facts.OperatorProfiled(
            operator_id=operator_id,
            name=name,
            languages=tuple(languages),
            skills=tuple(skills),
            capacity=capacity,
            by=by,
            at=now,
        )
    ]


def start_shift(operator: Operator, *, now: datetime) -> Facts:
    if operator.is_online:
        return []
    return [facts.OperatorBack(at=now) if operator.on_shift else facts.ShiftStarted(at=now)]


def end_shift(operator: Operator, *, now: datetime) -> Facts:
    return [facts.ShiftEnded(at=now)] if operator.on_shift else []


def go_away(
    operator: Operator, *, reason: Literal["chosen", "missed_offers", "silent"], now: datetime
) -> Facts:
    """An operator who chose to be away stays so, whatever else happens."""
    if not operator.on_shift:
        if reason == "chosen":
            raise NotOnShift(_("Your shift has not begun."))
        return []
    if operator.away is not None:
        return []
    return [facts.OperatorAway(reason=reason, at=now)]


def come_back(operator: Operator, *, now: datetime, after_silence: bool = False) -> Facts:
    """`after_silence`: a heartbeat was heard again, which ends no other absence."""
    if operator.away is None or (after_silence and operator.away != "silent"):
        return []
    return [facts.OperatorBack(at=now)]


def reserve(operator: Operator, *, chat_id: str, offer_id: str, now: datetime) -> Facts:
    """None when there is no room: the plan that asked for it was made on an older state."""
    if not operator.is_online or operator.free < 1 or operator.slot(chat_id):
        return []
    return [facts.SlotReserved(chat_id=chat_id, offer_id=offer_id, at=now)]


def take(operator: Operator, *, chat_id: str, offer_id: str, now: datetime) -> Facts:
    slot = operator.slot(chat_id)
    if slot is None or slot.offer_id != offer_id or slot.taken_at:
        return []
    return [facts.SlotTaken(chat_id=chat_id, offer_id=offer_id, at=now)]


def free(
    operator: Operator,
    *,
    chat_id: str,
    offer_id: str,
    reason: Literal["completed", "transferred", "rejected", "missed", "withdrawn"],
    now: datetime,
) -> Facts:
    """Two misses in a row set the operator away in the same breath."""
    slot = operator.slot(chat_id)
    if slot is None or slot.offer_id != offer_id:
        return []
    freed = facts.SlotFreed(chat_id=chat_id, offer_id=offer_id, reason=reason, at=now)
    if reason == "missed" and operator.misses >= MISSES_ALLOWED and operator.is_online:
        return [freed, facts.OperatorAway(reason="missed_offers", at=now)]
    return [freed]
