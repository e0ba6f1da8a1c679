"""What the support chat mails: codes that prove an address, transcripts, answers to messages that
were left out of hours."""

from collections.abc import Iterator, Sequence
from typing import Final

from contracts import chat as facts
from contracts.codec import Fact, Message
from contracts.envelope import Aggregate, aggregate_of, caused_by
from contracts.ids import derived_id, number
from contracts.mail import MailQueued, MailSuppressed
from services.notifier.letters import language_for, words
from services.runtime.clock import Clock
from services.runtime.events import EventStore

EVA: Final = "Eva"
LONGEST: Final = 200_000
"""Characters of a transcript."""


class ChatMails:
    """The reaction on chats. A fact that is read twice makes the same mail, which is there."""

    def __init__(self, store: EventStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def on_message(self, message: Message) -> None:
        """Queues the mails that a message of a chat leads to."""
        for mail in await self._wanted(message):
            await self._append(message, mail)

    async def mark(self, message: Message, *, dry: bool) -> list[tuple[str, str]]:
        """Writes down as told, without sending, what the message asks for and the ledger lacks;
        returns the sides and templates. `dry` writes nothing."""
        marked: list[tuple[str, str]] = []
        for mail in await self._wanted(message):
            if await self._store.version(Aggregate(kind="mail", id=mail.mail_id)):
                continue
            if not dry:
                told = MailSuppressed(at=mail.queued_at, why="replay")
                await self._append(message, mail, told)
            marked.append((mail.audience, mail.template))
        return marked

    async def _wanted(self, message: Message) -> list[MailQueued]:
        wanted = [fact for fact in message.facts if _may_be_mailed(fact)]
        if not wanted:
            return []
        chat = aggregate_of(message.subject)
        history = (await self._store.read(chat)).messages
        earlier = [each for each in history if each.sequence <= message.sequence]
        return list(mails_of(chat.id, wanted, earlier, self._clock))

    async def _append(self, message: Message, mail: MailQueued, *told: MailSuppressed) -> None:
        meta = caused_by(
            message.meta, command=mail.mail_id, time=mail.queued_at, actor="service:notifier"
        )
        aggregate = Aggregate(kind="mail", id=mail.mail_id)
        await self._store.append(aggregate, [mail, *told], expected=0, meta=meta)


def _may_be_mailed(fact: Fact) -> bool:
    match fact:
        case facts.EmailCodeRequested() | facts.TranscriptSent():
            return True
        case facts.MessagePosted(role="operator", whisper=False):
            return True
        case _:
            return False


def mails_of(
    chat_id: str, wanted: Sequence[Fact], history: Sequence[Message], clock: Clock
) -> Iterator[MailQueued]:
    """The mails that the facts `wanted` of a chat lead to, after that history."""
    said = [fact for message in history for fact in message.facts]
    customer = _customer(said)
    left = next((fact for fact in said if isinstance(fact, facts.OfflineMessageLeft)), None)
    for fact in wanted:
        template, key, address, language = "", "", "", customer.language
        params: dict[str, str] = {}
        match fact:
            case facts.EmailCodeRequested():
                template, key, address = "chat_code", fact.request_id, fact.to_address
                language = fact.language
                params = {"request_id": key, "holds_until": fact.until.isoformat()}
            case facts.TranscriptSent():
                template, key, address = "chat_transcript", fact.request_id, fact.to_address
                language = fact.language
                params = {"transcript": transcript(history, language)[:LONGEST]}
            case facts.MessagePosted() if left is not None:
                template, key, address = "chat_answer", fact.message_id, left.email
                params = {"asked": left.text, "answer": fact.text, "operator": fact.name}
            case _:
                continue
        yield MailQueued(
            mail_id=derived_id("chat-mail", template, key),
            template=template,
            language=language,
            to_address=address,
            to_name=customer.name,
            audience="customer",
            case_id=None,
            complaint_id=None,
            params=params
            | {"number": number("S", chat_id), "chat_id": chat_id, "kind": customer.kind},
            queued_at=clock(),
            fact=fact.type,
        )


def _customer(said: Sequence[Fact]) -> facts.Visitor:
    """Raises LookupError for a chat that never began."""
    return [
        fact.customer
        for fact in said
        if isinstance(fact, (facts.ChatInitiated, facts.ParticipantIdentified))
    ][-1]


def transcript(history: Sequence[Message], language: str) -> str:
    """What the customer saw being said. Who and when stand on a line of their own: names and words
    may run in different directions."""
    you = words(language_for(language))["you"]
    gone = {
        fact.message_id
        for message in history
        for fact in message.facts
        if isinstance(fact, facts.MessageRedacted)
    }
    said = []
    for message in history:
        for fact in message.facts:
            match fact:
                case facts.MessagePosted() if not fact.whisper:
                    who = fact.name or (you if fact.role == "customer" else fact.role)
                    lines = ["—" if fact.message_id in gone else fact.text]
                    lines += [f"[{each.name}]" for each in fact.attachments]
                case facts.OfflineMessageLeft():
                    who, lines = you, [fact.text]
                case facts.BotAnswered():
                    who, lines = EVA, [fact.text, *(f"• {each.title}" for each in fact.sources)]
                case facts.BotCouldNotAnswer():
                    who, lines = EVA, [fact.text]
                case facts.ChatConnected() if fact.greeting:
                    who, lines = fact.operator_name, [fact.greeting]
                case _:
                    continue
            said.append("\n".join((f"{message.meta.time:%Y-%m-%d %H:%M} · {who}", *lines)))
    return "\n\n".join(said)
