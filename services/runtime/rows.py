"""What keeps a projection quick: rows kept from just now, and writing beside reading."""

import asyncio
from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import Any, Self

from services.runtime.database import Row
from services.runtime.tasks import end

ROWS_KEPT = 5_000


class RecentRows:
    """The rows of a table written last, at least `ROWS_KEPT` of them and less than twice as many.

    What a fact touches was mostly touched a moment before; then no query is needed. Whoever keeps
    rows here must know that nobody else wrote them meanwhile, or `clear`.
    """

    def __init__(self) -> None:
        self._young: dict[tuple[Any, ...], Row] = {}
        self._old: dict[tuple[Any, ...], Row] = {}

    def get(self, key: tuple[Any, ...]) -> Row | None:
        row = self._young.get(key)
        return self._old.get(key) if row is None else row

    def keep(self, rows: Mapping[tuple[Any, ...], Row]) -> None:
        self._young.update(rows)
        if len(self._young) >= ROWS_KEPT:
            self._old, self._young = self._young, {}

    def clear(self) -> None:
        self._young = {}
        self._old = {}


class OneBehind:
    """Runs one task after another, beside the code that gives them. An error in one is raised
    where the next is given, or its end awaited; leaving the block cancels what still runs."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            await end(self._task)

    @property
    def busy(self) -> bool:
        return self._task is not None and not self._task.done()

    async def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begins `work` when the work before it has ended. Raises what that one raised."""
        try:
            await self.finished()
        except BaseException:
            work.close()
            raise
        self._task = asyncio.create_task(work)

    async def finished(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await task
