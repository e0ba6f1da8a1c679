"""What one side wrote, in the other's language, where a translator is plugged in.

The original stands as it was written; a translation is a fact of its own, made after the message
was sent, so that nobody waits for a machine.
"""

from contracts import chat as facts
from contracts.codec import Message
from contracts.envelope import aggregate_of
from contracts.ids import derived_id
from services.chat import decider
from services.chat.board import Board
from services.chat.commands import Commands
from services.chat.state import Chat, Phase
from services.chat.talking import folded
from services.runtime.events import EventStore
from services.runtime.translator import Original, Translator


class Translating:
    """The reaction on chats. What was translated once is not told twice."""

    def __init__(
        self, commands: Commands, events: EventStore, board: Board, translator: Translator
    ) -> None:
        self._commands = commands
        self._events = events
        self._board = board
        self._translator = translator

    async def on_chat(self, message: Message) -> None:
        """Translates what was said between a customer and an operator."""
        for fact in message.facts:
            if isinstance(fact, facts.MessagePosted) and not fact.whisper and fact.text:
                history = await self._events.read(aggregate_of(message.subject))
                await self._translate(folded(history.messages), fact)

    async def _translate(self, chat: Chat, said: facts.MessagePosted) -> None:
        if chat.phase is not Phase.CONNECTED:
            return
        read = self._read_by_the_other(chat, said.role)
        if not read:
            return
        # In what language somebody writes is for the machine to find: people switch.
        made = (await self._translator.translate([Original(said.text)], read[0])).get(said.text)
        if made is None or made.source.partition("-")[0] in read:
            return
        now = self._commands.clock()
        await self._commands.chat(
            chat.id,
            lambda each: decider.translate(
                each, message_id=said.message_id, language=read[0], text=made.text, now=now
            ),
            by="service:chat",
            command=derived_id("translation", said.message_id, read[0]),
        )

    def _read_by_the_other(self, chat: Chat, role: facts.Role) -> tuple[str, ...]:
        """The languages that whoever this was said to reads, the first of choice."""
        if role != "customer":
            return (chat.language.partition("-")[0],)
        operator = self._board.operators.get(chat.operator_id or "")
        return tuple(each.partition("-")[0] for each in operator.languages) if operator else ()
