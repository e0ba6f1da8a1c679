"""One example of every fact of chats and operators."""

from datetime import UTC, datetime

from contracts import chat, operator
from contracts.codec import Fact
from contracts.parties import Evidence


def at(minute: int, second: int = 0) -> datetime:
    return datetime(2026, 3, 2, 9, minute, second, 654321, tzinfo=UTC)


CHAT = "0e984725c51c4bf49960e1c80e27aba0"
OFFER = "1f0e3dad99908345f7439f8ffabdffc4"
QUESTION = "98f13708210194c475687be6106a3b84"
ANSWER = "3c59dc048e8850243be8079a5c74d079"
IVAN = chat.Visitor(
    kind="member", id="ivan", name="Иван Петров", email="ivan@example.com", language="ru"
)
GUEST = chat.Visitor(
    kind="guest",
    id="b6d767d2f8ed5d21a44b0e5886680cb9",
    name="ليلى",
    email="layla@example.com",
    language="ar",
)
SOURCE = chat.Source(
    title="Как подать жалобу", href="/help/file-a-complaint?lang=ru#steps", version=2, score=812
)
SCREENSHOT = Evidence(
    id="37693cfc748049e45d87b8c7d8b9aacd",
    name="снимок.png",
    media_type="image/png",
    size=48_211,
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    uploaded_at=at(4),
    uploaded_by="member:ivan",
)

IN_CHATS: tuple[Fact, ...] = (
    chat.ChatInitiated(chat_id=CHAT, customer=IVAN, page="/help/refunds?lang=ru", at=at(0)),
    chat.ParticipantIdentified(customer=GUEST, at=at(1)),
    chat.EmailCodeRequested(
        request_id=OFFER, to_address="layla@example.com", language="ar", until=at(11), at=at(1)
    ),
    chat.EmailCodeTried(request_id=OFFER, right=True, at=at(1, 40)),
    chat.BotEngaged(at=at(0, 1)),
    chat.BotAnswered(
        message_id=ANSWER,
        question_id=QUESTION,
        kind="articles",
        text="Вот что об этом написано:",
        sources=(SOURCE,),
        score=812,
        at=at(0, 5),
    ),
    chat.BotCouldNotAnswer(
        message_id=ANSWER,
        question_id=QUESTION,
        text="Об этом в справке ничего не нашлось.",
        score=90,
        at=at(0, 30),
    ),
    chat.HandoffRequested(
        reason="asked",
        summary="Хочет вернуть деньги за чехол.",
        articles=("/help/refunds?lang=ru",),
        at=at(1),
    ),
    chat.ChatQueued(
        language="ru",
        skills=("payments",),
        queue_class="returning",
        preferred_operator="olga",
        at=at(1),
    ),
    chat.WaitAnnounced(position=2, low=45, high=110, at=at(1)),
    chat.ChatAbandoned(reason="gone", at=at(9)),
    chat.OfflineMessageLeft(
        message_id=QUESTION, text="Позвоните мне.", email="ivan@example.com", at=at(2)
    ),
    chat.ChatOffered(offer_id=OFFER, operator_id="olga", expires_at=at(2, 20), at=at(2)),
    chat.OfferAccepted(offer_id=OFFER, operator_id="olga", at=at(2, 6)),
    chat.OfferRejected(offer_id=OFFER, operator_id="olga", at=at(2, 6)),
    chat.OfferMissed(offer_id=OFFER, operator_id="olga", at=at(2, 20)),
    chat.ChatConnected(
        operator_id="olga", operator_name="Ольга", greeting="Здравствуйте!", at=at(2, 6)
    ),
    chat.ParticipantJoined(role="customer", by="member:ivan", at=at(0)),
    chat.ParticipantLeft(role="customer", by="member:ivan", back_until=at(9), at=at(4)),
    chat.ParticipantReturned(role="customer", by="member:ivan", at=at(5)),
    chat.MessagePosted(
        message_id=QUESTION,
        client_id="m-1",
        role="customer",
        by="member:ivan",
        name="Иван",
        text="Моя карта •••• 4242",
        attachments=(SCREENSHOT,),
        masked=1,
        at=at(3),
    ),
    chat.MessageDelivered(role="operator", sequence=41, at=at(3, 1)),
    chat.MessageRead(role="operator", sequence=41, at=at(3, 2)),
    chat.MessageRedacted(message_id=QUESTION, by="supervisor:sam", reason="A name.", at=at(6)),
    chat.MessageTranslated(
        message_id=QUESTION, language="en", text="My card", engine="libre", at=at(3, 3)
    ),
    chat.ChatNoteAdded(note_id=ANSWER, by="olga", text="Second time this week.", at=at(6)),
    chat.SupervisorJoined(by="sam", name="Sam", mode="whisper", at=at(6)),
    chat.SupervisorLeft(by="sam", at=at(7)),
    chat.TransferRequested(
        by="olga",
        to_operator="omar",
        language="ar",
        skills=("payments",),
        reason="Speaks Arabic.",
        at=at(7),
    ),
    chat.TransferCompleted(from_operator="olga", to_operator="omar", at=at(7, 9)),
    chat.TransferFailed(to_operator="omar", at=at(7, 20)),
    chat.OperatorLost(operator_id="olga", at=at(8)),
    chat.ChatEnded(role="customer", by="member:ivan", reason="done", at=at(10)),
    chat.WrapUpCompleted(by="olga", code="refund", note="Told how.", at=at(11)),
    chat.RatingRequested(until=at(59), at=at(10)),
    chat.RatingSubmitted(score=5, comment="Спасибо!", at=at(12)),
    chat.RatingExpired(at=at(59)),
    chat.TranscriptSent(
        request_id=ANSWER, to_address="ivan@example.com", language="ru", by="member:ivan", at=at(12)
    ),
    chat.ComplaintRequested(
        by="member:ivan",
        product_link="https://aliexpress.com/item/32700000001.html",
        reason="SM3",
        description="Чехол среди косметичек.",
        consent=True,
        transcript=SCREENSHOT,
        at=at(12),
    ),
    chat.ComplaintLinked(
        complaint_id="7c9e6679742540de944be07fc1f90ae7", number="C-7K3F9-QXD2M", at=at(14)
    ),
)

OF_OPERATORS: tuple[Fact, ...] = (
    operator.OperatorProfiled(
        operator_id="olga",
        name="Ольга",
        languages=("ru", "en"),
        skills=("payments",),
        capacity=3,
        by="supervisor:sam",
        at=at(0),
    ),
    operator.ShiftStarted(at=at(0)),
    operator.ShiftEnded(at=at(59)),
    operator.OperatorAway(reason="missed_offers", at=at(3)),
    operator.OperatorBack(at=at(4)),
    operator.SlotReserved(chat_id=CHAT, offer_id=OFFER, at=at(2)),
    operator.SlotTaken(chat_id=CHAT, offer_id=OFFER, at=at(2, 6)),
    operator.SlotFreed(chat_id=CHAT, offer_id=OFFER, reason="completed", at=at(11)),
)
