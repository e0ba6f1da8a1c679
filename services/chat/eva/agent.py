"""When the virtual agent speaks: as a reaction to what customers write to her.

What she says to a message has an id that follows from it, so a message that is handled twice, by
two replicas, is answered once.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from contracts import chat as facts
from contracts.codec import Message
from contracts.envelope import aggregate_of
from contracts.ids import derived_id
from services.chat import decider
from services.chat.board import Board, chat_aggregate
from services.chat.commands import Commands
from services.chat.eva.dialogue import (
    Hit,
    Intent,
    Reason,
    Words,
    answers,
    hand_over_because,
    intent,
    summary,
    words_of,
)
from services.chat.eva.rephrasing import Rephrasing
from services.chat.eva.sources import SourceAway, Sources
from services.chat.schedule import Schedules
from services.chat.state import Chat, Phase
from services.chat.talking import Talking, folded
from services.runtime.events import EventStore

log = structlog.get_logger(__name__)

Answer = facts.BotAnswered | facts.BotCouldNotAnswer


class Eva:
    """The reaction on chats."""

    def __init__(
        self,
        *,
        commands: Commands,
        events: EventStore,
        board: Board,
        talking: Talking,
        sources: Sources,
        schedules: Schedules,
        rephrasing: Rephrasing | None,
    ) -> None:
        self._commands = commands
        self._events = events
        self._board = board
        self._talking = talking
        self._sources = sources
        self._schedules = schedules
        self._rephrasing = rephrasing

    async def on_chat(self, message: Message) -> None:
        """Greets when a chat comes to her, and answers what the customer writes then."""
        for fact in message.facts:
            if isinstance(fact, facts.BotEngaged):
                await self._greet(message)
            elif isinstance(fact, facts.MessagePosted) and fact.role == "customer":
                await self._hear(message, fact)

    async def _greet(self, message: Message) -> None:
        chat, _ = await self._chat(message)
        opens = self._opens(chat)
        words = words_of(chat.language)
        text = words.say("hello_closed", opens=opens) if opens else words.say("hello")
        greeting = self._answered(f"greeting-{message.sequence}", chat, "courtesy", text)
        await self._say(chat, greeting)

    def _is_anothers(self, chat_id: str, sequence: int) -> bool:
        """Whether the chat is known to have left her hands: most messages are for operators, and
        cost no reading."""
        known = self._board.chats.get(chat_id)
        seen = self._board.version(chat_aggregate(chat_id)) >= sequence
        return seen and known is not None and known.phase is not Phase.BOT

    async def _hear(self, message: Message, posted: facts.MessagePosted) -> None:
        if self._is_anothers(aggregate_of(message.subject).id, message.sequence):
            return
        chat, said = await self._chat(message)
        if chat.phase is not Phase.BOT:
            return
        words = words_of(chat.language)
        wanted = intent(posted.text, chat.language)
        found: list[Hit] = []
        reply: Answer
        try:
            match wanted:
                case Intent.THANKS | Intent.HELLO:
                    sentence = "thanks" if wanted is Intent.THANKS else "greeting"
                    reply = self._answered(posted.message_id, chat, "courtesy", words.say(sentence))
                case Intent.STATUS:
                    reply = await self._status(posted.message_id, chat, words)
                case Intent.QUESTION:
                    found = answers(await self._sources.articles(posted.text, chat.language))
                    reply = await self._found(posted, chat, words, found)
                case _:
                    reply = self._answered(
                        posted.message_id, chat, "courtesy", words.say("handing_over")
                    )
            why = hand_over_because(chat, wanted, found=bool(found))
        except SourceAway as away:
            log.warning("eva.source_away", why=str(away))
            reply = self._answered(posted.message_id, chat, "courtesy", words.say("error"))
            why = "error"
        opens = self._opens(chat)
        if why is not None and opens is not None:
            # Nobody is there to take over; what she knows is said, and what can be done instead.
            if wanted in (Intent.OPERATOR, Intent.COMPLAIN, Intent.NEGATIVE) or why == "error":
                reply = self._closed(posted.message_id, chat, words, opens)
            await self._say(chat, reply)
            return
        await self._say(chat, reply)
        if why is not None:
            await self._hand_over(chat, why, said)

    async def _status(self, question: str, chat: Chat, words: Words) -> Answer:
        """Of the customer's own complaints; never by a number that somebody typed."""
        assert chat.customer is not None
        if chat.customer.kind == "anonymous":
            return self._answered(question, chat, "status", words.say("who"))
        own = await self._sources.complaints(chat.customer)
        if not own:
            return self._answered(question, chat, "status", words.say("no_complaints"))
        listed = "\n".join(f"{each.number}: {each.state}" for each in own)
        return facts.BotAnswered(
            message_id=_reply_id(question),
            question_id=question,
            kind="status",
            text=f"{words.say('complaints')}\n{listed}",
            sources=tuple(
                facts.Source(title=each.number, href=each.href, version=1, score=1000)
                for each in own
            ),
            at=self._commands.clock(),
        )

    async def _found(
        self, posted: facts.MessagePosted, chat: Chat, words: Words, found: Sequence[Hit]
    ) -> Answer:
        now = self._commands.clock()
        if not found:
            return facts.BotCouldNotAnswer(
                message_id=_reply_id(posted.message_id),
                question_id=posted.message_id,
                text=words.say("not_found"),
                at=now,
            )
        text = words.say("articles")
        if self._rephrasing is not None:
            text = await self._rephrasing.answer(posted.text, chat.language, found) or text
        return facts.BotAnswered(
            message_id=_reply_id(posted.message_id),
            question_id=posted.message_id,
            kind="articles",
            text=text,
            sources=tuple(
                facts.Source(
                    title=hit.title,
                    href=hit.href,
                    version=hit.version,
                    score=round(hit.confidence * 1000),
                )
                for hit in found
            ),
            score=round(found[0].confidence * 1000),
            at=now,
        )

    def _closed(self, question: str, chat: Chat, words: Words, opens: str) -> Answer:
        text = words.say("closed", opens=opens) if opens else words.say("closed_unknown")
        return self._answered(question, chat, "hours", text)

    def _answered(self, question: str, chat: Chat, kind: str, text: str) -> Answer:
        return facts.BotAnswered(
            message_id=_reply_id(f"{chat.id}/{question}" if "-" in question else question),
            question_id=question,
            kind=kind,
            text=text,
            at=self._commands.clock(),
        )

    async def _say(self, chat: Chat, reply: Answer) -> None:
        await self._commands.chat(
            chat.id,
            lambda each: decider.bot_answers(each, reply),
            by="service:chat",
            command=derived_id("eva", chat.id, reply.message_id),
        )

    async def _hand_over(self, chat: Chat, why: Reason, said: Sequence[str]) -> None:
        handoff = facts.HandoffRequested(
            reason=why,
            summary=summary(said),
            articles=tuple(dict.fromkeys(await self._shown(chat))),
            at=self._commands.clock(),
        )
        await self._talking.queue(chat, language=chat.language, handoff=handoff)

    async def _shown(self, chat: Chat) -> list[str]:
        history = await self._events.read(chat_aggregate(chat.id))
        return [
            source.href
            for fact in history.facts
            if isinstance(fact, facts.BotAnswered)
            for source in fact.sources
        ]

    async def _chat(self, message: Message) -> tuple[Chat, list[str]]:
        """The chat as it is, and what its customer said."""
        history = await self._events.read(aggregate_of(message.subject))
        said = [
            fact.text
            for fact in history.facts
            if isinstance(fact, facts.MessagePosted) and fact.role == "customer"
        ]
        return folded(history.messages), said

    def _opens(self, chat: Chat) -> str | None:
        """None while operators are there; else when they come, in their own time zone, or empty
        where nobody speaks the language."""
        now = self._commands.clock()
        hours = self._schedules.of(chat.language)
        if hours is None:
            return ""
        if hours.closes_at(now) is not None:
            return None
        opens = hours.opens_at(now)
        return _told(opens, hours.zone) if opens else ""


def _told(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%d.%m. %H:%M} ({zone.rpartition('/')[2]})"


def _reply_id(question: str) -> str:
    return derived_id("reply", question)
