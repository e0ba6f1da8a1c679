"""Who gets which chat: pure, over everything that is live.

`plan` compares what is with what should be and names the steps between them, each safe to take
twice, late, or by two replicas at once:

1. a slot is reserved on the operator who is to get a chat (the operator's own history refuses more
   than the capacity);
2. the chat is offered to them (the chat's own history takes one offer only, and only the one whose
   id follows from it);
3. a slot whose chat went another way is freed, one whose offer was accepted is marked as taken.

A step between two aggregates may be lost to a crash; the next plan names it again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from services.chat.operators import Operator
from services.chat.state import Chat, Phase

BOOST: Mapping[str, timedelta] = {
    "normal": timedelta(0),
    "returning": timedelta(seconds=30),
    "priority": timedelta(seconds=120),
}
"""How much earlier than its time a chat stands in the queue, by class. The largest is the cap."""

Present = Callable[[str], bool]
"""Whether an operator was heard of within the last 30 seconds."""


class Reserve(NamedTuple):
    chat_id: str
    operator_id: str
    offer_id: str


class Offer(NamedTuple):
    chat_id: str
    operator_id: str
    offer_id: str


class Miss(NamedTuple):
    chat_id: str
    offer_id: str


class Take(NamedTuple):
    chat_id: str
    operator_id: str
    offer_id: str


class Free(NamedTuple):
    chat_id: str
    operator_id: str
    offer_id: str
    reason: Literal["completed", "transferred", "rejected", "missed", "withdrawn"]


class GiveUpTransfer(NamedTuple):
    chat_id: str
    operator_id: str


Step = Reserve | Offer | Miss | Take | Free | GiveUpTransfer

OrderKey = tuple[datetime, str]


def order_key(chat: Chat) -> OrderKey:
    """Earlier is first: the time in the queue, less the class's boost."""
    assert chat.queued_at is not None
    return chat.queued_at - BOOST[chat.queue_class], chat.id


def plan(
    chats: Mapping[str, Chat],
    operators: Mapping[str, Operator],
    *,
    present: Present,
    now: datetime,
) -> list[Step]:
    """The steps to take now. Chats that are over may be missing from `chats`."""
    steps: list[Step] = []
    free: dict[str, int] = {}
    reserved: set[str] = set()
    for operator in operators.values():
        free[operator.id] = operator.free
        for chat_id, slot in operator.slots:
            chat = chats.get(chat_id)
            if chat is not None and chat.hold == (slot.offer_id, operator.id):
                if slot.taken_at is None and chat.phase in (Phase.CONNECTED, Phase.WRAP_UP):
                    steps.append(Take(chat_id, operator.id, slot.offer_id))
            elif chat is not None and _may_offer(chat) and chat.next_offer == slot.offer_id:
                # Reserved, and the offer is still to be made; of two reservations, one.
                if chat_id not in reserved:
                    reserved.add(chat_id)
                    steps.append(Offer(chat_id, operator.id, slot.offer_id))
            else:
                how = dict(chat.released).get(slot.offer_id) if chat else "completed"
                steps.append(Free(chat_id, operator.id, slot.offer_id, _reason(how)))
    steps += [
        Miss(chat.id, chat.hold.offer_id)
        for chat in chats.values()
        if chat.phase is Phase.OFFERED
        and chat.hold
        and chat.offer_until
        and now >= chat.offer_until
    ]
    waiting = sorted(
        (
            chat
            for chat in chats.values()
            if chat.phase is Phase.QUEUED and chat.away_until is None and chat.id not in reserved
        ),
        key=order_key,
    )
    online = [each for each in operators.values() if each.is_online and present(each.id)]
    for chat in waiting:
        if chat.transfer_to and not any(each.id == chat.transfer_to for each in online):
            steps.append(GiveUpTransfer(chat.id, chat.transfer_to))
            continue
        chosen = pick(chat, online, free)
        if chosen is not None:
            free[chosen.id] -= 1
            steps.append(Reserve(chat.id, chosen.id, chat.next_offer))
    return steps


def pick(chat: Chat, online: Iterable[Operator], free: Mapping[str, int]) -> Operator | None:
    """The operator for a chat: their last one if free, else the least loaded for the capacity,
    then the longest idle. Somebody who declined it gets it only where nobody else could."""
    if chat.transfer_to:
        wanted = next((each for each in online if each.id == chat.transfer_to), None)
        return wanted if wanted and free[wanted.id] > 0 and not wanted.slot(chat.id) else None
    able = [each for each in online if each.covers(chat.language, chat.skills)]
    others = [
        each for each in able if each.id not in chat.declined and each.id != chat.transfer_from
    ]
    candidates = [
        each for each in (others or able) if free[each.id] > 0 and each.slot(chat.id) is None
    ]
    if not candidates:
        return None

    def rank(operator: Operator) -> tuple[bool, float, datetime, str]:
        load = 1 - free[operator.id] / operator.capacity
        assert operator.idle_since is not None
        return operator.id != chat.preferred, load, operator.idle_since, operator.id

    return min(candidates, key=rank)


class Standing(NamedTuple):
    """Where a waiting chat stands: `position` counts from 1, `slots` are those that serve it,
    `free` those of them that nobody takes at the moment."""

    position: int
    slots: int
    free: int


def standings(
    chats: Iterable[Chat], operators: Iterable[Operator], *, present: Present
) -> dict[str, Standing]:
    """Of every waiting chat, compared as `plan` compares, among those of the same language.

    Those who are away keep their place, a chat that is being offered has not left the queue yet,
    and one that is handed over between operators is not counted: so a position never rises, except
    for another's boost.
    """
    online = [each for each in operators if each.is_online and present(each.id)]
    serving: dict[tuple[str, tuple[str, ...]], tuple[int, int]] = {}
    ahead: Counter[str] = Counter()
    found: dict[str, Standing] = {}
    for chat in sorted((each for each in chats if each.is_waiting), key=order_key):
        needs = (chat.language, chat.skills)
        if needs not in serving:
            able = [each for each in online if each.covers(*needs)]
            serving[needs] = (
                sum(each.capacity for each in able),
                sum(max(0, each.free) for each in able),
            )
        found[chat.id] = Standing(ahead[chat.language] + 1, *serving[needs])
        ahead[chat.language] += not chat.handed_over
    return found


def _may_offer(chat: Chat) -> bool:
    waits = chat.phase in (Phase.QUEUED, Phase.OFFLINE_MESSAGE)
    return waits and chat.away_until is None


def _reason(
    how: str | None,
) -> Literal["completed", "transferred", "rejected", "missed", "withdrawn"]:
    match how:
        case "completed" | "transferred" | "rejected" | "missed":
            return how
        case _:
            return "withdrawn"
