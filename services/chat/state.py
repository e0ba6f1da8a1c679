"""A chat as its own facts tell it: the state that commands are decided on."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from contracts import chat as facts
from contracts.chat import ChatFact, QueueClass, Visitor
from contracts.ids import derived_id


class Phase(StrEnum):
    """`NEW` is a chat that nobody began yet."""

    NEW = "new"
    INITIATED = "initiated"
    BOT = "bot"
    QUEUED = "queued"
    OFFERED = "offered"
    CONNECTED = "connected"
    WRAP_UP = "wrap_up"
    COMPLETED = "completed"
    ABANDONED = "abandoned"
    OFFLINE_MESSAGE = "offline_message"
    ENDED = "ended"


OVER = frozenset({Phase.COMPLETED, Phase.ABANDONED, Phase.ENDED})
WAITING = frozenset({Phase.QUEUED, Phase.OFFERED})
TALKING = frozenset({Phase.BOT, Phase.QUEUED, Phase.OFFERED, Phase.CONNECTED})
"""The customer may write."""


class Hold(NamedTuple):
    """The offer under which an operator has a chat, from the offer to the wrap-up."""

    offer_id: str
    operator_id: str


class Code(NamedTuple):
    """A code that was mailed to a guest. It is void after three wrong tries."""

    request_id: str
    email: str
    until: datetime
    wrong: int


@dataclass(frozen=True, slots=True)
class Chat:
    """`queued_at` is the time that the place in the queue follows from; it survives a return to
    the queue. `round` counts what changed the chat's standing in the queue: an offer's id follows
    from it, so that replicas that offer the same chat at once make the same offer."""

    id: str = ""
    phase: Phase = Phase.NEW
    customer: Visitor | None = None
    began_at: datetime | None = None
    language: str = "en"
    skills: tuple[str, ...] = ()
    queue_class: QueueClass = "normal"
    preferred: str | None = None
    queued_at: datetime | None = None
    round: int = 0
    hold: Hold | None = None
    offer_until: datetime | None = None
    released: tuple[tuple[str, str], ...] = ()
    """How each offer that is over ended: (offer id, reason)."""
    declined: frozenset[str] = frozenset()
    transfer_from: str | None = None
    transfer_to: str | None = None
    handed_over: bool = False
    """Back in the queue after a talk: it does not count in the positions that others are shown."""
    offline: bool = False
    """A message was left: it is read when somebody takes it, and answered by mail."""
    operator_name: str = ""
    away_until: datetime | None = None
    promised: int = -1
    """The round for which a wait was announced."""
    supervisors: tuple[tuple[str, str], ...] = ()
    low_scores: int = 0
    bot_turns: int = 0
    handed_off: bool = False
    code: Code | None = None
    delivered: tuple[tuple[str, int], ...] = ()
    read: tuple[tuple[str, int], ...] = ()
    spoken_at: datetime | None = None
    """When the customer wrote last."""
    rating_until: datetime | None = None
    rated: bool = False
    complaint: str | None = None

    @property
    def operator_id(self) -> str | None:
        return self.hold.operator_id if self.hold else None

    @property
    def next_offer(self) -> str:
        """The id of the offer that would be made now."""
        return derived_id("offer", self.id, str(self.round))

    @property
    def is_waiting(self) -> bool:
        return self.phase in WAITING and not self.offline

    @property
    def is_over(self) -> bool:
        return self.phase in OVER

    def mark(self, marks: tuple[tuple[str, int], ...], role: str) -> int:
        return dict(marks).get(role, 0)


NEW_CHAT = Chat()


def evolve(chat: Chat, fact: ChatFact) -> Chat:
    """The chat after `fact`. What changes nothing that is decided on is passed over."""
    match fact:
        case facts.ChatInitiated():
            return replace(
                chat,
                id=fact.chat_id,
                phase=Phase.INITIATED,
                customer=fact.customer,
                language=fact.customer.language,
                began_at=fact.at,
            )
        case facts.ParticipantIdentified():
            return replace(chat, customer=fact.customer, code=None)
        case facts.EmailCodeRequested():
            return replace(chat, code=Code(fact.request_id, fact.to_address, fact.until, 0))
        case facts.EmailCodeTried() if not fact.right and chat.code:
            return replace(chat, code=chat.code._replace(wrong=chat.code.wrong + 1))
        case (
            facts.BotEngaged()
            | facts.BotAnswered()
            | facts.BotCouldNotAnswer()
            | facts.HandoffRequested()
        ):
            return _with_bot(chat, fact)
        case (
            facts.ChatQueued()
            | facts.WaitAnnounced()
            | facts.ChatAbandoned()
            | facts.OfflineMessageLeft()
        ):
            return _in_queue(chat, fact)
        case (
            facts.ChatOffered()
            | facts.OfferRejected()
            | facts.OfferMissed()
            | facts.ChatConnected()
        ):
            return _offered(chat, fact)
        case (
            facts.TransferRequested()
            | facts.TransferCompleted()
            | facts.TransferFailed()
            | facts.OperatorLost()
            | facts.SupervisorJoined()
            | facts.SupervisorLeft()
        ):
            return _by_staff(chat, fact)
        case facts.ParticipantLeft(role="customer"):
            return replace(chat, away_until=fact.back_until)
        case facts.ParticipantReturned(role="customer"):
            # What was reserved meanwhile was given up, so the next offer is another one.
            return replace(chat, away_until=None, round=chat.round + 1)
        case facts.MessagePosted(role="customer"):
            return replace(chat, spoken_at=fact.at)
        case facts.MessageDelivered():
            return replace(chat, delivered=_marked(chat.delivered, fact.role, fact.sequence))
        case facts.MessageRead():
            return replace(chat, read=_marked(chat.read, fact.role, fact.sequence))
        case facts.ChatEnded():
            phase = Phase.WRAP_UP if chat.phase is Phase.CONNECTED else Phase.ENDED
            return replace(chat, phase=phase, away_until=None)
        case facts.WrapUpCompleted():
            return replace(_released(chat, "completed"), phase=Phase.COMPLETED)
        case facts.RatingRequested():
            return replace(chat, rating_until=fact.until)
        case facts.RatingSubmitted() | facts.RatingExpired():
            return replace(chat, rating_until=None, rated=True)
        case facts.ComplaintLinked():
            return replace(chat, complaint=fact.complaint_id)
        case _:
            return chat


def _with_bot(
    chat: Chat,
    fact: facts.BotEngaged | facts.BotAnswered | facts.BotCouldNotAnswer | facts.HandoffRequested,
) -> Chat:
    match fact:
        case facts.BotEngaged():
            return replace(chat, phase=Phase.BOT, round=chat.round + 1, low_scores=0, bot_turns=0)
        case facts.BotAnswered():
            return replace(chat, low_scores=0, bot_turns=chat.bot_turns + 1)
        case facts.BotCouldNotAnswer():
            return replace(chat, low_scores=chat.low_scores + 1, bot_turns=chat.bot_turns + 1)
        case facts.HandoffRequested():
            return replace(chat, handed_off=True)


def _in_queue(
    chat: Chat,
    fact: facts.ChatQueued | facts.WaitAnnounced | facts.ChatAbandoned | facts.OfflineMessageLeft,
) -> Chat:
    match fact:
        case facts.ChatQueued():
            return replace(
                chat,
                phase=Phase.QUEUED,
                language=fact.language,
                skills=fact.skills,
                queue_class=fact.queue_class,
                preferred=fact.preferred_operator,
                queued_at=fact.at,
                round=chat.round + 1,
                away_until=None,
            )
        case facts.WaitAnnounced():
            return replace(chat, promised=chat.round)
        case facts.ChatAbandoned():
            return replace(_released(chat, "withdrawn"), phase=Phase.ABANDONED)
        case facts.OfflineMessageLeft():
            return replace(
                chat,
                phase=Phase.OFFLINE_MESSAGE,
                offline=True,
                spoken_at=fact.at,
                queued_at=fact.at,
                round=chat.round + 1,
            )


def _offered(
    chat: Chat,
    fact: facts.ChatOffered | facts.OfferRejected | facts.OfferMissed | facts.ChatConnected,
) -> Chat:
    match fact:
        case facts.ChatOffered():
            return replace(
                chat,
                phase=Phase.OFFERED,
                hold=Hold(fact.offer_id, fact.operator_id),
                offer_until=fact.expires_at,
                round=chat.round + 1,
            )
        case facts.OfferRejected() | facts.OfferMissed():
            how = "rejected" if isinstance(fact, facts.OfferRejected) else "missed"
            return replace(
                _released(chat, how),
                phase=Phase.OFFLINE_MESSAGE if chat.offline else Phase.QUEUED,
                declined=chat.declined | {fact.operator_id},
                round=chat.round + 1,
            )
        case facts.ChatConnected():
            return replace(
                chat,
                phase=Phase.CONNECTED,
                operator_name=fact.operator_name,
                offer_until=None,
                declined=frozenset(),
                handed_over=False,
            )


def _by_staff(
    chat: Chat,
    fact: facts.TransferRequested
    | facts.TransferCompleted
    | facts.TransferFailed
    | facts.OperatorLost
    | facts.SupervisorJoined
    | facts.SupervisorLeft,
) -> Chat:
    match fact:
        case facts.TransferRequested():
            return replace(
                _released(chat, "transferred"),
                phase=Phase.QUEUED,
                language=fact.language,
                skills=fact.skills,
                preferred=None,
                transfer_from=chat.operator_id,
                transfer_to=fact.to_operator,
                handed_over=True,
                round=chat.round + 1,
            )
        case facts.TransferCompleted():
            return replace(chat, transfer_from=None, transfer_to=None)
        case facts.TransferFailed():
            return replace(chat, transfer_to=None)
        case facts.OperatorLost():
            return replace(
                _released(chat, "transferred"),
                phase=Phase.QUEUED,
                preferred=None,
                handed_over=True,
                round=chat.round + 1,
            )
        case facts.SupervisorJoined():
            others = tuple(each for each in chat.supervisors if each[0] != fact.by)
            return replace(chat, supervisors=(*others, (fact.by, fact.mode)))
        case facts.SupervisorLeft():
            others = tuple(each for each in chat.supervisors if each[0] != fact.by)
            return replace(chat, supervisors=others)


def _released(chat: Chat, reason: str) -> Chat:
    if chat.hold is None:
        return chat
    return replace(
        chat,
        hold=None,
        offer_until=None,
        released=(*chat.released, (chat.hold.offer_id, reason)),
    )


def _marked(
    marks: tuple[tuple[str, int], ...], role: str, sequence: int
) -> tuple[tuple[str, int], ...]:
    return tuple({**dict(marks), role: sequence}.items())
