"""The facts that follow from a command on a chat. Pure: time is given.

One function a command: `(chat, …, now) -> facts`. No facts mean that it is done already. Raises the
refusals of `services.chat.refusals`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from contracts import chat as facts
from contracts.chat import ChatFact, QueueClass, Role, Visitor
from contracts.parties import Evidence
from services.chat.refusals import (
    AlreadyRated,
    CodeRefused,
    NotInThisPhase,
    NotYourChat,
    OfferGone,
    RatingOver,
)
from services.chat.state import OVER, TALKING, Chat, Phase
from services.runtime.sentences import gettext as _

OFFER = timedelta(seconds=20)
IDLE = timedelta(minutes=30)
"""With the virtual agent; then the chat is over."""
BACK_WITHIN = timedelta(minutes=5)
"""How long a customer who went silent keeps the place in the queue."""
RATE_WITHIN = timedelta(hours=24)
CODE_LIVES = timedelta(minutes=10)
CODE_TRIES = 3

Facts = list[ChatFact]


def _in(chat: Chat, *phases: Phase) -> None:
    if chat.phase not in phases:
        raise NotInThisPhase(
            _SENTENCES.get(chat.phase, _("This is not possible now.")), phase=chat.phase
        )


_SENTENCES = {
    Phase.NEW: _("There is no such chat."),
    Phase.INITIATED: _("The chat has not begun yet."),
    Phase.BOT: _("The virtual agent is in this chat."),
    Phase.QUEUED: _("The chat waits for an operator."),
    Phase.OFFERED: _("The chat is being offered to an operator."),
    Phase.CONNECTED: _("An operator is in this chat."),
    Phase.WRAP_UP: _("This chat has ended."),
    Phase.COMPLETED: _("This chat has ended."),
    Phase.ABANDONED: _("This chat was left. Begin a new one."),
    Phase.OFFLINE_MESSAGE: _("A message was left; it is answered by mail."),
    Phase.ENDED: _("This chat has ended."),
}


# Beginning -----------------------------------------------------------------------------------


def initiate(chat: Chat, *, chat_id: str, customer: Visitor, page: str, now: datetime) -> Facts:
    if chat.phase is not Phase.NEW:
        return []
    return [
        facts.ChatInitiated(chat_id=chat_id, customer=customer, page=page, at=now),
        facts.ParticipantJoined(role="customer", by=customer.actor, at=now),
    ]


def identify(chat: Chat, *, customer: Visitor, now: datetime) -> Facts:
    if chat.phase in OVER or chat.phase is Phase.NEW:
        _in(chat)
    if chat.customer == customer:
        return []
    return [facts.ParticipantIdentified(customer=customer, at=now)]


def request_code(chat: Chat, *, request_id: str, email: str, language: str, now: datetime) -> Facts:
    _in(chat, *TALKING)
    if chat.code and chat.code.request_id == request_id:
        return []
    return [
        facts.EmailCodeRequested(
            request_id=request_id,
            to_address=email,
            language=language,
            until=now + CODE_LIVES,
            at=now,
        )
    ]


def try_code(chat: Chat, *, right: bool, customer: Visitor, now: datetime) -> Facts:
    """`right` tells whether the digits are those of the code that was mailed last."""
    code = chat.code
    if code is None or now >= code.until or code.wrong >= CODE_TRIES:
        raise CodeRefused(_("This code is not valid any more. Ask for a new one."), left=0)
    tried = facts.EmailCodeTried(request_id=code.request_id, right=right, at=now)
    return [tried, facts.ParticipantIdentified(customer=customer, at=now)] if right else [tried]


# The virtual agent ---------------------------------------------------------------------------


def engage_bot(chat: Chat, *, now: datetime) -> Facts:
    """Also out of the queue, for somebody who would rather not wait."""
    if chat.phase is Phase.BOT:
        return []
    _in(chat, Phase.INITIATED, Phase.QUEUED)
    return [facts.BotEngaged(at=now)]


def bot_answers(chat: Chat, answer: facts.BotAnswered | facts.BotCouldNotAnswer) -> Facts:
    """None when an operator came meanwhile, or the customer went."""
    return [answer] if chat.phase is Phase.BOT else []


def queue(
    chat: Chat,
    *,
    language: str,
    skills: Sequence[str] = (),
    queue_class: QueueClass = "normal",
    preferred: str | None = None,
    handoff: facts.HandoffRequested | None = None,
    now: datetime,
) -> Facts:
    """Asks for an operator; with `handoff` the virtual agent does."""
    if chat.is_waiting or chat.phase is Phase.CONNECTED:
        return []
    _in(chat, Phase.INITIATED, Phase.BOT)
    queued = facts.ChatQueued(
        language=language,
        skills=tuple(skills),
        queue_class=queue_class,
        preferred_operator=preferred,
        # A customer who went to the virtual agent and came back keeps the place.
        at=chat.queued_at or now,
    )
    return [handoff, queued] if handoff else [queued]


def announce_wait(chat: Chat, *, position: int, low: int, high: int, now: datetime) -> Facts:
    """Once for each stay in the queue."""
    if chat.phase is not Phase.QUEUED or chat.promised >= 0:
        return []
    return [facts.WaitAnnounced(position=position, low=low, high=high, at=now)]


def leave_message(chat: Chat, *, message_id: str, text: str, email: str, now: datetime) -> Facts:
    """In place of waiting: read by operators later, and answered by mail."""
    _in(chat, Phase.INITIATED, Phase.BOT, Phase.QUEUED)
    return [facts.OfflineMessageLeft(message_id=message_id, text=text, email=email, at=now)]


# Offers --------------------------------------------------------------------------------------


def offer(chat: Chat, *, offer_id: str, operator_id: str, now: datetime) -> Facts:
    """None when the offer is not the one that the chat's history asks for: a plan came late."""
    waits = chat.phase in (Phase.QUEUED, Phase.OFFLINE_MESSAGE)
    if not waits or chat.away_until or chat.next_offer != offer_id:
        return []
    return [
        facts.ChatOffered(
            offer_id=offer_id, operator_id=operator_id, expires_at=now + OFFER, at=now
        )
    ]


def accept(
    chat: Chat, *, offer_id: str, operator_id: str, name: str, greeting: str, now: datetime
) -> Facts:
    if chat.phase is Phase.CONNECTED and chat.hold == (offer_id, operator_id):
        return []
    if chat.phase is not Phase.OFFERED or chat.hold != (offer_id, operator_id):
        raise OfferGone(_("This offer is over: the chat went on without you."))
    accepted: Facts = [
        facts.OfferAccepted(offer_id=offer_id, operator_id=operator_id, at=now),
        facts.ChatConnected(operator_id=operator_id, operator_name=name, greeting=greeting, at=now),
    ]
    if chat.transfer_from:
        accepted.append(
            facts.TransferCompleted(
                from_operator=chat.transfer_from, to_operator=operator_id, at=now
            )
        )
    return accepted


def decline(chat: Chat, *, offer_id: str, operator_id: str, now: datetime) -> Facts:
    if chat.phase is not Phase.OFFERED or chat.hold != (offer_id, operator_id):
        return []
    rejected = facts.OfferRejected(offer_id=offer_id, operator_id=operator_id, at=now)
    return [rejected, *_transfer_failed(chat, operator_id, now)]


def miss(chat: Chat, *, offer_id: str, now: datetime) -> Facts:
    """The offer's time is over. None when it was answered, or is not over yet."""
    hold = chat.hold
    if chat.phase is not Phase.OFFERED or hold is None or hold.offer_id != offer_id:
        return []
    if chat.offer_until and now < chat.offer_until:
        return []
    missed = facts.OfferMissed(offer_id=offer_id, operator_id=hold.operator_id, at=now)
    return [missed, *_transfer_failed(chat, hold.operator_id, now)]


def _transfer_failed(chat: Chat, operator_id: str, now: datetime) -> Facts:
    if chat.transfer_to != operator_id:
        return []
    return [facts.TransferFailed(to_operator=operator_id, at=now)]


def give_up_transfer(chat: Chat, *, to_operator: str, now: datetime) -> Facts:
    """The one asked for cannot take it: anybody eligible may."""
    if chat.phase is not Phase.QUEUED:
        return []
    return _transfer_failed(chat, to_operator, now)


# The talk ------------------------------------------------------------------------------------


def post(
    chat: Chat,
    *,
    message_id: str,
    client_id: str,
    role: Role,
    by: str,
    name: str,
    text: str,
    attachments: Sequence[Evidence] = (),
    masked: int = 0,
    now: datetime,
) -> Facts:
    """A message of the customer, the chat's operator or a supervisor who may speak."""
    whisper = False
    match role:
        case "customer":
            _in(chat, *TALKING, Phase.OFFLINE_MESSAGE)
        case "operator":
            _in(chat, Phase.CONNECTED, Phase.WRAP_UP)
            if by != chat.operator_id:
                raise NotYourChat(_("Another operator has this chat."))
            if chat.phase is Phase.WRAP_UP:
                raise NotInThisPhase(_("The customer has ended this chat."), phase=chat.phase)
        case "supervisor":
            _in(chat, Phase.CONNECTED)
            mode = dict(chat.supervisors).get(by)
            if mode not in ("whisper", "barge"):
                raise NotYourChat(_("Join with “whisper” or “barge” to write."))
            whisper = mode == "whisper"
        case _:
            pass
    return [
        facts.MessagePosted(
            message_id=message_id,
            client_id=client_id,
            role=role,
            by=by,
            name=name,
            text=text,
            attachments=tuple(attachments),
            whisper=whisper,
            masked=masked,
            at=now,
        )
    ]


def mark(
    chat: Chat, *, kind: Literal["delivered", "read"], role: Role, sequence: int, now: datetime
) -> Facts:
    """None when that much was marked before."""
    if chat.phase is Phase.NEW:
        _in(chat)
    marks = chat.delivered if kind == "delivered" else chat.read
    if sequence <= chat.mark(marks, role):
        return []
    fact = facts.MessageDelivered if kind == "delivered" else facts.MessageRead
    return [fact(role=role, sequence=sequence, at=now)]


def went_silent(chat: Chat, *, now: datetime) -> Facts:
    """No heartbeat of the customer for a minute."""
    if chat.away_until or chat.phase not in (Phase.QUEUED, Phase.OFFERED, Phase.CONNECTED):
        return []
    assert chat.customer is not None
    left: Facts = []
    if chat.phase is Phase.OFFERED and chat.hold:
        # Nobody is given a customer who is not there.
        left.append(
            facts.OfferRejected(
                offer_id=chat.hold.offer_id, operator_id=chat.hold.operator_id, at=now
            )
        )
    return [
        *left,
        facts.ParticipantLeft(
            role="customer", by=chat.customer.actor, back_until=now + BACK_WITHIN, at=now
        ),
    ]


def came_back(chat: Chat, *, now: datetime) -> Facts:
    if chat.away_until is None or chat.is_over:
        return []
    assert chat.customer is not None
    return [facts.ParticipantReturned(role="customer", by=chat.customer.actor, at=now)]


def stayed_away(chat: Chat, *, now: datetime) -> Facts:
    """Five minutes are over: the place in the queue is given up, and so is a talk."""
    if chat.away_until is None or now < chat.away_until:
        return []
    if chat.is_waiting:
        return [facts.ChatAbandoned(reason="gone", at=now)]
    if chat.phase is Phase.CONNECTED:
        return end(chat, role="system", by="clock:timer", reason="customer_left", now=now)
    return []


def idle(chat: Chat, *, now: datetime) -> Facts:
    """Nobody speaks with the virtual agent any more."""
    last = chat.spoken_at or chat.began_at
    if chat.phase not in (Phase.INITIATED, Phase.BOT) or last is None or now < last + IDLE:
        return []
    return end(chat, role="system", by="clock:timer", reason="customer_left", now=now)


def redact(chat: Chat, *, message_id: str, by: str, reason: str, now: datetime) -> Facts:
    if chat.phase is Phase.NEW:
        _in(chat)
    return [facts.MessageRedacted(message_id=message_id, by=by, reason=reason, at=now)]


def translate(chat: Chat, *, message_id: str, language: str, text: str, now: datetime) -> Facts:
    """A machine's translation of a message, beside it."""
    if chat.phase is Phase.NEW:
        _in(chat)
    return [
        facts.MessageTranslated(
            message_id=message_id, language=language, text=text, engine="libretranslate", at=now
        )
    ]


def note(chat: Chat, *, note_id: str, by: str, text: str, now: datetime) -> Facts:
    if chat.phase is Phase.NEW:
        _in(chat)
    return [facts.ChatNoteAdded(note_id=note_id, by=by, text=text, at=now)]


# Staff ---------------------------------------------------------------------------------------


def transfer(
    chat: Chat,
    *,
    by: str,
    to_operator: str | None,
    language: str | None,
    skills: Sequence[str],
    reason: str,
    now: datetime,
) -> Facts:
    """To a person, or to whoever covers language and skills. The place in the queue is kept."""
    _in(chat, Phase.CONNECTED)
    if chat.operator_id != by:
        raise NotYourChat(_("Another operator has this chat."))
    if to_operator == by:
        raise NotInThisPhase(_("The chat is yours already."), phase=chat.phase)
    return [
        facts.TransferRequested(
            by=by,
            to_operator=to_operator,
            language=language or chat.language,
            skills=tuple(skills),
            reason=reason,
            at=now,
        )
    ]


def lose_operator(chat: Chat, *, operator_id: str, now: datetime) -> Facts:
    """The operator is gone for too long; the customer must not be left alone."""
    if chat.phase is not Phase.CONNECTED or chat.operator_id != operator_id:
        return []
    return [facts.OperatorLost(operator_id=operator_id, at=now)]


def supervise(
    chat: Chat,
    *,
    by: str,
    name: str,
    mode: Literal["monitor", "whisper", "barge"] | None,
    now: datetime,
) -> Facts:
    """Joins, changes how, or (mode None) leaves."""
    before = dict(chat.supervisors).get(by)
    if mode == before:
        return []
    if mode is None:
        return [facts.SupervisorLeft(by=by, at=now)]
    _in(chat, Phase.BOT, Phase.QUEUED, Phase.OFFERED, Phase.CONNECTED)
    return [facts.SupervisorJoined(by=by, name=name, mode=mode, at=now)]


# The end -------------------------------------------------------------------------------------


def end(
    chat: Chat,
    *,
    role: Role,
    by: str,
    reason: Literal["done", "customer_left", "blocked", "answered_by_mail"] = "done",
    now: datetime,
) -> Facts:
    """Ends the talk; a customer who only waited leaves the queue. Asks for a rating."""
    if chat.is_over or chat.phase is Phase.WRAP_UP:
        return []
    if role == "operator" and chat.operator_id != by:
        raise NotYourChat(_("Another operator has this chat."))
    if chat.is_waiting:
        return [facts.ChatAbandoned(reason="left", at=now)]
    _in(chat, Phase.INITIATED, Phase.BOT, Phase.CONNECTED, Phase.OFFLINE_MESSAGE)
    ended: Facts = [facts.ChatEnded(role=role, by=by, reason=reason, at=now)]
    if chat.spoken_at and reason == "done":
        ended.append(facts.RatingRequested(until=now + RATE_WITHIN, at=now))
    return ended


def wrap_up(
    chat: Chat, *, by: str, code: str, note: str = "", now: datetime, by_clock: bool = False
) -> Facts:
    if chat.phase is Phase.COMPLETED:
        return []
    _in(chat, Phase.WRAP_UP)
    if not by_clock and chat.operator_id != by:
        raise NotYourChat(_("Another operator has this chat."))
    return [facts.WrapUpCompleted(by=by, code=code, note=note, at=now)]


def rate(chat: Chat, *, score: Literal[1, 2, 3, 4, 5], comment: str, now: datetime) -> Facts:
    if chat.rated:
        raise AlreadyRated(_("You have rated this chat. Thank you."))
    if chat.rating_until is None:
        _in(chat)
        raise RatingOver(_("There is nothing to rate here yet."))
    if now >= chat.rating_until:
        raise RatingOver(_("A chat can be rated for 24 hours after its end."))
    return [facts.RatingSubmitted(score=score, comment=comment, at=now)]


def expire_rating(chat: Chat, *, now: datetime) -> Facts:
    if chat.rating_until is None or now < chat.rating_until:
        return []
    return [facts.RatingExpired(at=now)]


def send_transcript(
    chat: Chat, *, request_id: str, to_address: str, language: str, by: str, now: datetime
) -> Facts:
    if chat.phase is Phase.NEW:
        _in(chat)
    return [
        facts.TranscriptSent(
            request_id=request_id, to_address=to_address, language=language, by=by, at=now
        )
    ]


def request_complaint(chat: Chat, request: facts.ComplaintRequested) -> Facts:
    if chat.phase is Phase.NEW:
        _in(chat)
    return [request]


def link_complaint(chat: Chat, *, complaint_id: str, number: str, now: datetime) -> Facts:
    if chat.phase is Phase.NEW or chat.complaint == complaint_id:
        return []
    return [facts.ComplaintLinked(complaint_id=complaint_id, number=number, at=now)]
