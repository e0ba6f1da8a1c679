"""Lists as files: comma-separated values, or one JSON object a line, streamed to any length."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final, Literal

from pydantic_core import to_json

from services.runtime.database import Row

Format = Literal["csv", "jsonl"]

MEDIA_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for a formula at the beginning of a cell."""


async def written(
    batches: AsyncIterator[Sequence[Row]], columns: Sequence[str], form: Format
) -> AsyncIterator[bytes]:
    """The rows of `batches` as a file."""
    if form == "csv":
        yield _line(columns)
    async for rows in batches:
        if form == "csv":
            yield b"".join(_line([_cell(row[name]) for name in columns]) for row in rows)
        else:
            yield b"".join(to_json({n: row[n] for n in columns}) + b"\n" for row in rows)


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
