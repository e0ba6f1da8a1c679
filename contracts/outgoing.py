"""Facts of what is told to machines outside: records for the EU's Transparency Database, and
webhooks for the marketplace. Each is one aggregate, from being queued to being delivered or dead.
"""

from typing import Literal

from pydantic import AwareDatetime

from contracts.envelope import Contract

Channel = Literal["transparency", "webhook"]


class FieldError(Contract):
    """What is wrong with one field, as a sentence."""

    field: str
    message: str


class OutgoingQueued(Contract):
    """`body` is the JSON document as it will be sent; `topic` names what it tells of."""

    type: Literal["OutgoingQueued"] = "OutgoingQueued"
    version: Literal[1] = 1
    outgoing_id: str
    channel: Channel
    topic: str
    case_id: str | None
    body: str
    queued_at: AwareDatetime


class OutgoingRefused(Contract):
    """It is not sent as it is: there is personal data in it, and staff have to reword it."""

    type: Literal["OutgoingRefused"] = "OutgoingRefused"
    version: Literal[1] = 1
    at: AwareDatetime
    errors: tuple[FieldError, ...]


class OutgoingAttempted(Contract):
    """It is about to be sent: from here on it may have arrived, although nothing says so."""

    type: Literal["OutgoingAttempted"] = "OutgoingAttempted"
    version: Literal[1] = 1
    at: AwareDatetime
    attempt: int


class OutgoingDelivered(Contract):
    type: Literal["OutgoingDelivered"] = "OutgoingDelivered"
    version: Literal[1] = 1
    at: AwareDatetime
    reply: str


class OutgoingFailed(Contract):
    """It was not taken. `retry_at` None: not tried again by itself."""

    type: Literal["OutgoingFailed"] = "OutgoingFailed"
    version: Literal[1] = 1
    at: AwareDatetime
    reason: str
    errors: tuple[FieldError, ...] = ()
    retry_at: AwareDatetime | None


class OutgoingRequeued(Contract):
    """A member of staff has it sent again, with another `body` where one is given."""

    type: Literal["OutgoingRequeued"] = "OutgoingRequeued"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime
    body: str | None = None


OutgoingFact = (
    OutgoingQueued
    | OutgoingRefused
    | OutgoingAttempted
    | OutgoingDelivered
    | OutgoingFailed
    | OutgoingRequeued
)
