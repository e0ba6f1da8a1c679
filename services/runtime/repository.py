"""Aggregates of one kind, as what they are now rather than as what was written of them.

What this process saw last is kept in mind, so that a command costs one append and no reading; the
log's guard refuses whatever was decided on a version that is not the last.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from contracts.codec import Fact
from contracts.envelope import Aggregate, Kind, Meta
from services.runtime.events import EventStore, Handled
from services.runtime.memory import Known, Memory

S = TypeVar("S")


class Repository(Generic[S]):
    """The aggregates of `kind`, each what `evolve` makes of its facts, beginning with `initial`."""

    def __init__(
        self,
        events: EventStore,
        kind: Kind,
        *,
        initial: S,
        evolve: Callable[[S, Any], S],
        memory: Memory[S] | None = None,
    ) -> None:
        self._events = events
        self._kind: Kind = kind
        self._initial = initial
        self._evolve = evolve
        self._memory: Memory[S] = Memory() if memory is None else memory

    async def handle(
        self,
        identifier: str,
        decide: Callable[[S], Sequence[Fact]],
        *,
        meta: Meta,
        if_match: int | None = None,
        seen: int = 0,
        presumed_new: bool = False,
    ) -> Handled[S]:
        """`EventStore.handle`, with what is remembered."""
        return await self._events.handle(
            self._aggregate(identifier),
            initial=self._initial,
            evolve=self._evolve,
            decide=decide,
            meta=meta,
            if_match=if_match,
            memory=self._memory,
            seen=seen,
            presumed_new=presumed_new,
        )

    async def read(self, identifier: str, *, at_least: int | None = None) -> Known[S]:
        """The aggregate as the log has it; or as it was at the version `at_least` or later, which
        may be remembered.

        Raises Unavailable when the log is away.
        """
        aggregate = self._aggregate(identifier)
        known = self._memory.get(aggregate.subject)
        if known is not None and at_least is not None and known.version >= at_least:
            return known
        known = await self._events.fold(
            aggregate, known, initial=self._initial, evolve=self._evolve
        )
        if known.version:
            self._memory.put(aggregate.subject, known)
        return known

    async def version(self, identifier: str) -> int:
        """`EventStore.version`."""
        return await self._events.version(self._aggregate(identifier))

    def _aggregate(self, identifier: str) -> Aggregate:
        return Aggregate(kind=self._kind, id=identifier)
