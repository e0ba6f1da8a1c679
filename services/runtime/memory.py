"""Aggregates as a process saw them last, so that a command need not read a whole history again.

What is remembered may be out of date: others write too. It is acted on only under the log's exact
guard, which refuses whatever was decided on an older version; see `EventStore.handle`.
"""

from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

S = TypeVar("S")

REMEMBERED = 10_000
"""Aggregates; the ones used least lately are forgotten first."""


class Known(NamedTuple, Generic[S]):
    """An aggregate at `version`. `commands` has a hash of each command's id in its history: one
    that is not among them was not carried out, one that is perhaps was."""

    state: S
    version: int
    commands: "array[int]"

    def may_have_done(self, command: str) -> bool:
        return hash(command) in self.commands

    def after(
        self, facts: Sequence[Any], evolve: Callable[[S, Any], S], *, command: str, sequence: int
    ) -> "Known[S]":
        """With one more message. `commands` is shared and only ever grows."""
        state = self.state
        for fact in facts:
            state = evolve(state, fact)
        self.commands.append(hash(command))
        return Known(state, sequence, self.commands)


class Memory(Generic[S]):
    """The aggregates of one kind of state, by subject."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._known: OrderedDict[str, Known[S]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, subject: str) -> Known[S] | None:
        known = self._known.get(subject)
        if known is not None:
            self._known.move_to_end(subject)
        return known

    def put(self, subject: str, known: Known[S]) -> None:
        self._known[subject] = known
        self._known.move_to_end(subject)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
