"""Operators, chats and the queue as staff see them: on pages, over the API and on sockets."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends

from services.chat.board import Board
from services.chat.desk import Desk
from services.chat.operators import Operator
from services.chat.presence import Presence
from services.chat.routing import order_key
from services.chat.schedule import Schedules
from services.chat.state import Chat, Phase
from services.runtime.auth import Principal, require

Staff = Annotated[Principal, Depends(require("operator", "supervisor"))]
"""Whoever works in the chat."""


async def desk_of(desk: Desk, board: Board, operator_id: str) -> dict[str, Any]:
    """The frame `desk` of the socket says the same."""
    operator = await desk.operator(operator_id)
    chats = [
        chat_view(chat, unread=board.unread(chat_id))
        for chat_id, _ in operator.slots
        if (chat := board.chats.get(chat_id)) is not None
    ]
    return {
        "operator": operator_view(operator, here=True),
        "offers": [each for each in chats if each["phase"] == Phase.OFFERED],
        "chats": [each for each in chats if each["phase"] != Phase.OFFERED],
    }


def operator_view(operator: Operator, *, here: bool) -> dict[str, Any]:
    return {
        "id": operator.id,
        "name": operator.name,
        "languages": operator.languages,
        "skills": operator.skills,
        "capacity": operator.capacity,
        "taken": len(operator.slots),
        "on_shift": operator.on_shift,
        "away": operator.away,
        "here": here,
    }


def chat_view(chat: Chat, *, unread: int = 0) -> dict[str, Any]:
    """A live chat in staff's lists. `expires_at` is an offer's end, `unread` counts messages."""
    return {
        "chat_id": chat.id,
        "phase": chat.phase,
        "language": chat.language,
        "skills": chat.skills,
        "name": chat.customer.name if chat.customer else "",
        "kind": chat.customer.kind if chat.customer else "anonymous",
        "operator": chat.operator_id,
        "offer_id": chat.hold.offer_id if chat.hold else None,
        "expires_at": chat.offer_until.isoformat() if chat.offer_until else None,
        "queued_at": chat.queued_at.isoformat() if chat.queued_at else None,
        "away": chat.away_until is not None,
        "offline": chat.offline,
        "transferred": chat.handed_over or chat.transfer_to is not None,
        "unread": unread,
        "supervisors": [{"id": by, "mode": mode} for by, mode in chat.supervisors],
    }


def live(board: Board, presence: Presence, *, now: datetime) -> dict[str, Any]:
    """The queue as it is now, and how busy everybody is."""
    waiting = sorted((each for each in board.chats.values() if each.is_waiting), key=order_key)
    online = [
        each
        for each in board.operators.values()
        if each.is_online and presence.operator_is_here(each.id)
    ]
    capacity = sum(each.capacity for each in online)
    taken = sum(len(each.slots) for each in online)
    longest = max(
        ((now - each.queued_at).total_seconds() for each in waiting if each.queued_at), default=0
    )
    return {
        "waiting": [chat_view(each) for each in waiting],
        "longest_wait": round(max(0, longest)),
        "talking": sum(each.phase is Phase.CONNECTED for each in board.chats.values()),
        "with_bot": sum(each.phase is Phase.BOT for each in board.chats.values()),
        "operators_online": len(online),
        "capacity": capacity,
        "occupancy": round(taken / capacity, 3) if capacity else None,
    }


def hours_of(schedules: Schedules, language: str, now: datetime) -> dict[str, Any]:
    """When operators of a language are there: `closes_at` while they are, else `opens_at`."""
    hours = schedules.of(language)
    closes = hours.closes_at(now) if hours else None
    opens = hours.opens_at(now) if hours and closes is None else None
    return {
        "language": language,
        "open": closes is not None,
        "closes_at": closes.isoformat() if closes else None,
        "opens_at": opens.isoformat() if opens else None,
    }
