"""Moderation's projection, in memory: facts in, rows as they come back from the database."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json, to_json

from contracts.codec import Message
from contracts.envelope import Meta
from services.moderation.projection import VIEWS
from services.runtime.database import Json, Row
from services.runtime.parking import is_poison

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Tables:
    """The projection, in memory."""

    def __init__(self, log: Sequence[tuple[str, Any]]) -> None:
        self.rows: dict[str, dict[Any, Row]] = {view.table.name: {} for view in VIEWS}
        for sequence, (subject, fact) in enumerate(log, start=1):
            message = Message(sequence, subject, Meta(f"m{sequence}", NOON, "a", "c"), (fact,))
            try:
                self._fold(fact, message)
            except Exception as error:
                # A history that no decider allows: the projector puts such a message aside.
                if not is_poison(error):
                    raise

    def _fold(self, fact: Any, message: Message) -> None:
        after = []
        for view in VIEWS:
            key = view.key(fact, message)
            if key is not None:
                row = view.fold(self.rows[view.table.name].get(key), fact, message)
                after.append((view.table.name, key, _stored(row, view.table)))
        for table, key, row in after:
            self.rows[table][key] = row

    def all(self, table: str) -> list[Row]:
        return list(self.rows[table].values())


def _stored(row: Row, table: Any) -> Row:
    """As it comes back from the database: JSON columns hold plain values."""
    return {
        name: from_json(to_json(value)) if isinstance(table.c[name].type, Json) else value
        for name, value in row.items()
    }
