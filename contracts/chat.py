"""Facts of support chats, and of the operators who hold them.

A chat goes `initiated → bot | queued → offered → connected → wrap_up → completed`; on the side it
may end as `abandoned`, `offline_message` or `ended`. Typing, presence and positions in the queue
are never facts. Texts are written here as they were masked (card and telephone numbers).
"""

from typing import Literal

from pydantic import AwareDatetime

from contracts.envelope import Contract
from contracts.parties import Evidence, Language

Role = Literal["customer", "operator", "supervisor", "bot", "system"]
"""Who takes part in a chat. `system` speaks for the software."""

QueueClass = Literal["normal", "returning", "priority"]
"""What may come a little earlier in the queue, by a capped boost."""


class Visitor(Contract):
    """The customer of a chat. `id` is the member's, the guest's (derived from the e-mail address)
    or, for somebody who said nothing about themselves, the chat's. Personal data."""

    kind: Literal["anonymous", "guest", "member"]
    id: str
    name: str = ""
    email: str = ""
    language: Language

    @property
    def actor(self) -> str:
        return f"{self.kind}:{self.id}"


class Source(Contract):
    """A passage that an answer rests on. `score` in thousandths of a perfect one."""

    title: str
    href: str
    version: int
    score: int


# Start ---------------------------------------------------------------------------------------


class ChatInitiated(Contract):
    type: Literal["ChatInitiated"] = "ChatInitiated"
    version: Literal[1] = 1
    chat_id: str
    customer: Visitor
    page: str = ""
    """The page that the customer came from."""
    at: AwareDatetime


class ParticipantIdentified(Contract):
    """The customer signed in, or proved an e-mail address, in the middle of the chat."""

    type: Literal["ParticipantIdentified"] = "ParticipantIdentified"
    version: Literal[1] = 1
    customer: Visitor
    at: AwareDatetime


class EmailCodeRequested(Contract):
    """A guest wants to prove an e-mail address. The six digits follow from `request_id` and the
    deployment's secret (`services.runtime.auth`), so they never stand in the log."""

    type: Literal["EmailCodeRequested"] = "EmailCodeRequested"
    version: Literal[1] = 1
    request_id: str
    to_address: str
    language: Language
    until: AwareDatetime
    at: AwareDatetime


class EmailCodeTried(Contract):
    """Three wrong tries and the code is void."""

    type: Literal["EmailCodeTried"] = "EmailCodeTried"
    version: Literal[1] = 1
    request_id: str
    right: bool
    at: AwareDatetime


# The virtual agent ---------------------------------------------------------------------------


class BotEngaged(Contract):
    type: Literal["BotEngaged"] = "BotEngaged"
    version: Literal[1] = 1
    at: AwareDatetime


class BotAnswered(Contract):
    """An answer with its sources; `kind` says what it rests on. `score` in thousandths."""

    type: Literal["BotAnswered"] = "BotAnswered"
    version: Literal[1] = 1
    message_id: str
    question_id: str
    kind: Literal["articles", "status", "courtesy", "hours"]
    text: str
    sources: tuple[Source, ...] = ()
    score: int = 1000
    at: AwareDatetime


class BotCouldNotAnswer(Contract):
    type: Literal["BotCouldNotAnswer"] = "BotCouldNotAnswer"
    version: Literal[1] = 1
    message_id: str
    question_id: str
    text: str
    score: int = 0
    at: AwareDatetime


class HandoffRequested(Contract):
    """From the virtual agent to a person; the summary saves the customer saying it again."""

    type: Literal["HandoffRequested"] = "HandoffRequested"
    version: Literal[1] = 1
    reason: Literal["asked", "low_scores", "turns", "negative", "complaint", "error"]
    summary: str
    articles: tuple[str, ...] = ()
    at: AwareDatetime


# The queue -----------------------------------------------------------------------------------


class ChatQueued(Contract):
    """`at` is the time that the chat's place in the queue follows from, for good."""

    type: Literal["ChatQueued"] = "ChatQueued"
    version: Literal[1] = 1
    language: Language
    skills: tuple[str, ...] = ()
    queue_class: QueueClass = "normal"
    preferred_operator: str | None = None
    at: AwareDatetime


class WaitAnnounced(Contract):
    """What the customer was promised: an operator within `low` to `high` seconds of `at`.

    `high` is the 80 % point of the estimated wait, so about four of five promises should be kept.
    """

    type: Literal["WaitAnnounced"] = "WaitAnnounced"
    version: Literal[1] = 1
    position: int
    low: int
    high: int
    at: AwareDatetime


class ChatAbandoned(Contract):
    type: Literal["ChatAbandoned"] = "ChatAbandoned"
    version: Literal[1] = 1
    reason: Literal["left", "gone"]
    at: AwareDatetime


class OfflineMessageLeft(Contract):
    """Left out of hours; operators pick it up, and the answer is mailed to `email`."""

    type: Literal["OfflineMessageLeft"] = "OfflineMessageLeft"
    version: Literal[1] = 1
    message_id: str
    text: str
    email: str
    at: AwareDatetime


# Offers --------------------------------------------------------------------------------------


class ChatOffered(Contract):
    type: Literal["ChatOffered"] = "ChatOffered"
    version: Literal[1] = 1
    offer_id: str
    operator_id: str
    expires_at: AwareDatetime
    at: AwareDatetime


class OfferAccepted(Contract):
    type: Literal["OfferAccepted"] = "OfferAccepted"
    version: Literal[1] = 1
    offer_id: str
    operator_id: str
    at: AwareDatetime


class OfferRejected(Contract):
    """The operator declined; the chat is back at its place."""

    type: Literal["OfferRejected"] = "OfferRejected"
    version: Literal[1] = 1
    offer_id: str
    operator_id: str
    at: AwareDatetime


class OfferMissed(Contract):
    """Nobody answered in time; the chat is back at its place."""

    type: Literal["OfferMissed"] = "OfferMissed"
    version: Literal[1] = 1
    offer_id: str
    operator_id: str
    at: AwareDatetime


# The talk ------------------------------------------------------------------------------------


class ChatConnected(Contract):
    """`greeting` is the operator's first sentence, shown as a message of its own."""

    type: Literal["ChatConnected"] = "ChatConnected"
    version: Literal[1] = 1
    operator_id: str
    operator_name: str
    greeting: str = ""
    at: AwareDatetime


class ParticipantJoined(Contract):
    type: Literal["ParticipantJoined"] = "ParticipantJoined"
    version: Literal[1] = 1
    role: Role
    by: str
    at: AwareDatetime


class ParticipantLeft(Contract):
    """Silent, without a heartbeat. A customer keeps the place until `back_until`."""

    type: Literal["ParticipantLeft"] = "ParticipantLeft"
    version: Literal[1] = 1
    role: Role
    by: str
    back_until: AwareDatetime
    at: AwareDatetime


class ParticipantReturned(Contract):
    type: Literal["ParticipantReturned"] = "ParticipantReturned"
    version: Literal[1] = 1
    role: Role
    by: str
    at: AwareDatetime


class MessagePosted(Contract):
    """`message_id` follows from the id that the client made: sent twice, it is stored once.

    `whisper` is seen by staff only. `masked` counts the numbers that were hidden in `text`.
    """

    type: Literal["MessagePosted"] = "MessagePosted"
    version: Literal[1] = 1
    message_id: str
    client_id: str
    role: Role
    by: str
    name: str = ""
    text: str
    attachments: tuple[Evidence, ...] = ()
    whisper: bool = False
    masked: int = 0
    at: AwareDatetime


class MessageDelivered(Contract):
    """The side `role` has everything up to the message at `sequence` of the log."""

    type: Literal["MessageDelivered"] = "MessageDelivered"
    version: Literal[1] = 1
    role: Role
    sequence: int
    at: AwareDatetime


class MessageRead(Contract):
    """The side `role` has read everything up to the message at `sequence` of the log."""

    type: Literal["MessageRead"] = "MessageRead"
    version: Literal[1] = 1
    role: Role
    sequence: int
    at: AwareDatetime


class MessageRedacted(Contract):
    """From now on the message is shown to nobody."""

    type: Literal["MessageRedacted"] = "MessageRedacted"
    version: Literal[1] = 1
    message_id: str
    by: str
    reason: str
    at: AwareDatetime


class MessageTranslated(Contract):
    """The original stays what it is; `engine` made this of it."""

    type: Literal["MessageTranslated"] = "MessageTranslated"
    version: Literal[1] = 1
    message_id: str
    language: Language
    text: str
    engine: str
    at: AwareDatetime


class ChatNoteAdded(Contract):
    """For staff only."""

    type: Literal["ChatNoteAdded"] = "ChatNoteAdded"
    version: Literal[1] = 1
    note_id: str
    by: str
    text: str
    at: AwareDatetime


# Staff ---------------------------------------------------------------------------------------


class SupervisorJoined(Contract):
    """`monitor` reads along, `whisper` speaks to the operator, `barge` to both."""

    type: Literal["SupervisorJoined"] = "SupervisorJoined"
    version: Literal[1] = 1
    by: str
    name: str
    mode: Literal["monitor", "whisper", "barge"]
    at: AwareDatetime


class SupervisorLeft(Contract):
    type: Literal["SupervisorLeft"] = "SupervisorLeft"
    version: Literal[1] = 1
    by: str
    at: AwareDatetime


class TransferRequested(Contract):
    """The chat goes back into the queue at its place, for `to_operator` or for `skills`."""

    type: Literal["TransferRequested"] = "TransferRequested"
    version: Literal[1] = 1
    by: str
    to_operator: str | None = None
    language: Language
    skills: tuple[str, ...] = ()
    reason: str = ""
    at: AwareDatetime


class TransferCompleted(Contract):
    type: Literal["TransferCompleted"] = "TransferCompleted"
    version: Literal[1] = 1
    from_operator: str
    to_operator: str
    at: AwareDatetime


class TransferFailed(Contract):
    """The one asked for did not take it: any eligible operator may have it now."""

    type: Literal["TransferFailed"] = "TransferFailed"
    version: Literal[1] = 1
    to_operator: str
    at: AwareDatetime


class OperatorLost(Contract):
    """The chat's operator is gone for too long: it is back in the queue at its place."""

    type: Literal["OperatorLost"] = "OperatorLost"
    version: Literal[1] = 1
    operator_id: str
    at: AwareDatetime


# The end -------------------------------------------------------------------------------------


class ChatEnded(Contract):
    type: Literal["ChatEnded"] = "ChatEnded"
    version: Literal[1] = 1
    role: Role
    by: str
    reason: Literal["done", "customer_left", "blocked", "answered_by_mail"]
    at: AwareDatetime


class WrapUpCompleted(Contract):
    """`code` says what it was about; `by` is `clock:timer` when the time for it ran out."""

    type: Literal["WrapUpCompleted"] = "WrapUpCompleted"
    version: Literal[1] = 1
    by: str
    code: str
    note: str = ""
    at: AwareDatetime


class RatingRequested(Contract):
    type: Literal["RatingRequested"] = "RatingRequested"
    version: Literal[1] = 1
    until: AwareDatetime
    at: AwareDatetime


class RatingSubmitted(Contract):
    type: Literal["RatingSubmitted"] = "RatingSubmitted"
    version: Literal[1] = 1
    score: Literal[1, 2, 3, 4, 5]
    comment: str = ""
    at: AwareDatetime


class RatingExpired(Contract):
    type: Literal["RatingExpired"] = "RatingExpired"
    version: Literal[1] = 1
    at: AwareDatetime


class TranscriptSent(Contract):
    """A mail with the transcript was asked for; the notifier sends it."""

    type: Literal["TranscriptSent"] = "TranscriptSent"
    version: Literal[1] = 1
    request_id: str
    to_address: str
    language: Language
    by: str
    at: AwareDatetime


# Into a complaint ----------------------------------------------------------------------------


class ComplaintRequested(Contract):
    """The chat is to become a complaint. With `consent` the transcript goes along as evidence."""

    type: Literal["ComplaintRequested"] = "ComplaintRequested"
    version: Literal[1] = 1
    by: str
    product_link: str = ""
    reason: str | None = None
    """The code of the type or reason that the words of the chat suggest, e.g. `SM` or `SM3`."""
    description: str = ""
    consent: bool
    transcript: Evidence | None = None
    at: AwareDatetime


class ComplaintLinked(Contract):
    """A complaint was filed from this chat."""

    type: Literal["ComplaintLinked"] = "ComplaintLinked"
    version: Literal[1] = 1
    complaint_id: str
    number: str
    at: AwareDatetime


ChatFact = (
    ChatInitiated
    | ParticipantIdentified
    | EmailCodeRequested
    | EmailCodeTried
    | BotEngaged
    | BotAnswered
    | BotCouldNotAnswer
    | HandoffRequested
    | ChatQueued
    | WaitAnnounced
    | ChatAbandoned
    | OfflineMessageLeft
    | ChatOffered
    | OfferAccepted
    | OfferRejected
    | OfferMissed
    | ChatConnected
    | ParticipantJoined
    | ParticipantLeft
    | ParticipantReturned
    | MessagePosted
    | MessageDelivered
    | MessageRead
    | MessageRedacted
    | MessageTranslated
    | ChatNoteAdded
    | SupervisorJoined
    | SupervisorLeft
    | TransferRequested
    | TransferCompleted
    | TransferFailed
    | OperatorLost
    | ChatEnded
    | WrapUpCompleted
    | RatingRequested
    | RatingSubmitted
    | RatingExpired
    | TranscriptSent
    | ComplaintRequested
    | ComplaintLinked
)
