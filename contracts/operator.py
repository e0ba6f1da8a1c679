"""Facts of one operator: their shifts, and the slots that chats take of their capacity.

A slot is taken from the offer of a chat until its wrap-up is done. The operator's own history is
the one place that says how many are taken, so nobody is ever given more than their capacity.
"""

from typing import Literal

from pydantic import AwareDatetime

from contracts.envelope import Contract
from contracts.parties import Language


class OperatorProfiled(Contract):
    """What somebody may be given: `languages` they write well, `skills` beyond that."""

    type: Literal["OperatorProfiled"] = "OperatorProfiled"
    version: Literal[1] = 1
    operator_id: str
    name: str
    languages: tuple[Language, ...]
    skills: tuple[str, ...] = ()
    capacity: int
    by: str
    at: AwareDatetime


class ShiftStarted(Contract):
    type: Literal["ShiftStarted"] = "ShiftStarted"
    version: Literal[1] = 1
    at: AwareDatetime


class ShiftEnded(Contract):
    """No new chats; those at hand are brought to their end."""

    type: Literal["ShiftEnded"] = "ShiftEnded"
    version: Literal[1] = 1
    at: AwareDatetime


class OperatorAway(Contract):
    """`missed_offers`: two in a row went unanswered; `silent`: no heartbeat for 30 seconds."""

    type: Literal["OperatorAway"] = "OperatorAway"
    version: Literal[1] = 1
    reason: Literal["chosen", "missed_offers", "silent"]
    at: AwareDatetime


class OperatorBack(Contract):
    type: Literal["OperatorBack"] = "OperatorBack"
    version: Literal[1] = 1
    at: AwareDatetime


class SlotReserved(Contract):
    """One slot is kept for a chat, before it is offered."""

    type: Literal["SlotReserved"] = "SlotReserved"
    version: Literal[1] = 1
    chat_id: str
    offer_id: str
    at: AwareDatetime


class SlotTaken(Contract):
    """The operator accepted."""

    type: Literal["SlotTaken"] = "SlotTaken"
    version: Literal[1] = 1
    chat_id: str
    offer_id: str
    at: AwareDatetime


class SlotFreed(Contract):
    type: Literal["SlotFreed"] = "SlotFreed"
    version: Literal[1] = 1
    chat_id: str
    offer_id: str
    reason: Literal["completed", "transferred", "rejected", "missed", "withdrawn"]
    at: AwareDatetime


OperatorFact = (
    OperatorProfiled
    | ShiftStarted
    | ShiftEnded
    | OperatorAway
    | OperatorBack
    | SlotReserved
    | SlotTaken
    | SlotFreed
)
