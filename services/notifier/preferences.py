"""What a reader may choose: reminders or none, news each, together or on the pages only, and the
language. What the law or a deadline asks for is mailed whatever they choose."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from contracts.mail import Duty, NoticesRead, PreferencesSet, ReaderFact, reader_key
from services.notifier.wishes import Wish
from services.runtime.clock import Clock
from services.runtime.events import EventStore

News = Literal["each", "digest", "pages"]


def evolve(wish: Wish, fact: ReaderFact) -> Wish:
    if isinstance(fact, PreferencesSet):
        return Wish(fact.reminders, fact.news, fact.language)
    return wish


class Preferences:
    """Read from the log: whoever has just changed them sees what they chose."""

    def __init__(self, store: EventStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, reader: str) -> Wish:
        wish = Wish()
        for fact in (await self._store.read(_aggregate(reader))).facts:
            if isinstance(fact, ReaderFact):
                wish = evolve(wish, fact)
        return wish

    async def choose(self, reader: str, wanted: Wish, *, by: str) -> None:
        """Writes down what the reader wants; nothing when they want it already."""
        await self._decide(reader, by, lambda _: wanted)

    async def end(self, reader: str, duty: Duty, *, by: str) -> None:
        """No more mails of this kind (RFC 8058). Raises ValueError for what cannot be ended."""
        if duty == "obligatory":
            raise ValueError("obligatory mails cannot be ended")
        change: dict[str, Any] = {"reminders": False} if duty == "reminder" else {"news": "pages"}
        await self._decide(reader, by, lambda wish: wish._replace(**change))

    async def read(self, reader: str, until: datetime) -> None:
        """The reader has seen the notices up to `until`."""
        now = self._clock()
        fact = NoticesRead(reader=reader, until=min(until, now))
        await self._store.handle(
            _aggregate(reader),
            initial=datetime.min.replace(tzinfo=UTC),
            evolve=_seen,
            decide=lambda seen: (fact,) if fact.until > seen else (),
            meta=Meta(id=new_id(), time=now, actor=reader, correlation=new_id()),
        )

    async def _decide(self, reader: str, by: str, change: Callable[[Wish], Wish]) -> None:
        now = self._clock()

        def decide(wish: Wish) -> tuple[PreferencesSet, ...]:
            wanted = change(wish)
            if wanted == wish:
                return ()
            return (PreferencesSet(reader=reader, by=by, at=now, **wanted._asdict()),)

        await self._store.handle(
            _aggregate(reader),
            initial=Wish(),
            evolve=evolve,
            decide=decide,
            meta=Meta(id=new_id(), time=now, actor=by, correlation=new_id()),
        )


def _seen(until: datetime, fact: ReaderFact) -> datetime:
    return max(until, fact.until) if isinstance(fact, NoticesRead) else until


def _aggregate(reader: str) -> Aggregate:
    return Aggregate(kind="reader", id=reader_key(reader))
