"""Everything that is live, in memory: chats and operators as the log has them a moment ago.

Each replica follows the stream by one consumer of its own. The board is always a whole beginning of
the log, never a selection, so what `routing` concludes from it was true at some moment.
"""

import asyncio
from array import array
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from contracts import chat as facts
from contracts.chat import ChatFact
from contracts.codec import Message, Undecodable, decode
from contracts.envelope import Aggregate, aggregate_of
from contracts.operator import OperatorFact
from contracts.streams import CHATS
from services.chat import operators, state
from services.chat.operators import Operator
from services.chat.state import Chat
from services.chat.store import Store
from services.runtime.bus import Bus
from services.runtime.events import EventStore
from services.runtime.feed import Feed, FeedBroken
from services.runtime.memory import Known, Memory
from services.runtime.problems import Unavailable

log = structlog.get_logger(__name__)

BATCH: Final = 500
RETRY_SECONDS: Final = 0.5
AT_ONCE: Final = 64
PATIENCE_SECONDS: Final = 5.0
"""How long somebody whose command is in the log waits until the board shows it."""

TALK: Final = (
    facts.MessagePosted,
    facts.MessageDelivered,
    facts.MessageRead,
    facts.MessageTranslated,
    facts.BotAnswered,
    facts.BotCouldNotAnswer,
    facts.WaitAnnounced,
)
"""What changes nothing that is planned on: nearly all that is said in a chat."""


class Board:
    """`projection` is the name of the checkpoint that the tables of `store` stand at. `remembered`
    is kept up to date, so that a command on a live chat need not read what is folded here."""

    def __init__(
        self,
        bus: Bus,
        events: EventStore,
        store: Store,
        *,
        projection: str,
        remembered: Memory[Chat],
    ) -> None:
        self.chats: dict[str, Chat] = {}
        self.operators: dict[str, Operator] = {}
        self.position = 0
        self.ready = asyncio.Event()
        self.on_change: set[Callable[[Message], None]] = set()
        """Called with what was put and may change the queue or somebody's desk."""
        self.changes = 0
        """How often that was."""
        self._versions: dict[str, int] = {}
        self._unread: dict[str, list[int]] = {}
        self._bus = bus
        self._events = events
        self._store = store
        self._projection = projection
        self._remembered = remembered
        self._moved = asyncio.Condition()

    def version(self, aggregate: Aggregate) -> int:
        """The sequence of the last message on a live aggregate; 0 for one that is not here."""
        return self._versions.get(aggregate.subject, 0)

    def put(self, message: Message) -> None:
        """Folds one message, unless it is known already."""
        before = self._versions.get(message.subject, 0)
        if message.sequence <= before:
            return
        aggregate = aggregate_of(message.subject)
        for fact in message.facts:
            if isinstance(fact, ChatFact):
                self._count_unread(aggregate.id, fact, message.sequence)
                chat = self.chats.get(aggregate.id, state.NEW_CHAT)
                self.chats[aggregate.id] = state.evolve(chat, fact)
            elif isinstance(fact, OperatorFact):
                operator = self.operators.get(aggregate.id, operators.NEW_OPERATOR)
                self.operators[aggregate.id] = operators.evolve(operator, fact)
        self._versions[message.subject] = message.sequence
        if aggregate.kind == "chat":
            self._remember(message, before, self.chats[aggregate.id])

    def _remember(self, message: Message, before: int, chat: Chat) -> None:
        known = self._remembered.get(message.subject)
        if known is None and isinstance(message.facts[0], facts.ChatInitiated):
            known = Known(state.NEW_CHAT, 0, array("q"))
        # Only what goes on without a gap: a chat that was tidied away is folded anew from its end.
        if known is not None and known.version == before:
            known.commands.append(hash(message.meta.id))
            self._remembered.put(message.subject, Known(chat, message.sequence, known.commands))

    def unread(self, chat_id: str) -> int:
        """How many messages of the customer no operator has read yet."""
        return len(self._unread.get(chat_id, ()))

    def unread_up_to(self, chat_id: str) -> int:
        """The sequence of the last of them, 0 when there is none."""
        return max(self._unread.get(chat_id, ()), default=0)

    def _count_unread(self, chat_id: str, fact: ChatFact, sequence: int) -> None:
        match fact:
            case facts.MessagePosted(role="customer"):
                self._unread.setdefault(chat_id, []).append(sequence)
            case facts.MessageRead(role="operator", sequence=up_to):
                left = [each for each in self._unread.get(chat_id, ()) if each > up_to]
                self._unread[chat_id] = left
            case facts.MessagePosted(role="operator"):
                self._unread.pop(chat_id, None)
            case _:
                pass

    def tidy(self) -> None:
        """Forgets chats that are over, once no operator keeps a slot for them."""
        kept = {chat_id for each in self.operators.values() for chat_id, _ in each.slots}
        for chat in [each for each in self.chats.values() if each.is_over]:
            if chat.id not in kept:
                del self.chats[chat.id]
                self._unread.pop(chat.id, None)
                self._versions.pop(chat_aggregate(chat.id).subject, None)

    async def reaches(self, sequence: int) -> bool:
        """Whether everything up to `sequence` is on the board, waited for with some patience."""
        if self.position < sequence:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS), self._moved:
                    await self._moved.wait_for(lambda: self.position >= sequence)
        return self.position >= sequence

    async def run(self) -> None:
        """Follows the log until cancelled."""
        while True:
            try:
                if not self.ready.is_set():
                    await self._load()
                await self._follow()
            except (FeedBroken, Unavailable) as interrupted:
                log.info("board.interrupted", why=str(interrupted))
            except Exception:
                log.exception("board.failed")
            await asyncio.sleep(RETRY_SECONDS)

    async def _load(self) -> None:
        """What is live according to the tables, as the log has it; the rest comes by following."""
        live = await self._store.live(self._projection)
        wanted = [chat_aggregate(each) for each in live.chats]
        wanted += [Aggregate(kind="operator", id=each) for each in live.operators]
        gate = asyncio.Semaphore(AT_ONCE)

        async def load(aggregate: Aggregate) -> None:
            async with gate:
                for message in (await self._events.read(aggregate)).messages:
                    self.put(message)

        await asyncio.gather(*(load(each) for each in wanted))
        self.position = live.position

    async def _follow(self) -> None:
        async with Feed(
            self._bus, CHATS.name, CHATS.subjects, after=self.position, batch=BATCH
        ) as feed:
            while True:
                if feed.pending == 0:
                    self.ready.set()
                for sequence, _, data in await feed.next():
                    try:
                        message = decode(data, sequence=sequence)
                    except Undecodable as error:
                        log.error("board.undecodable", sequence=sequence, why=str(error))
                    else:
                        self.put(message)
                        if not all(isinstance(fact, TALK) for fact in message.facts):
                            self.changes += 1
                            for tell in tuple(self.on_change):
                                tell(message)
                    self.position = sequence
                async with self._moved:
                    self._moved.notify_all()


def chat_aggregate(chat_id: str) -> Aggregate:
    return Aggregate(kind="chat", id=chat_id)
