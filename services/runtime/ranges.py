"""Parts of files (RFC 9110, section 14): what players ask for when somebody moves along a video."""

import re
from collections.abc import AsyncIterator
from typing import ClassVar, Final

from services.runtime.problems import Refused
from services.runtime.sentences import gettext as _

_ONE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class NoSuchPart(Refused):
    status: ClassVar[int] = 416
    title: ClassVar[str] = _("The file has no such part")

    def __init__(self, size: int) -> None:
        super().__init__(_("The file is shorter than that."), size=size)
        self._size = size

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Range": f"bytes */{self._size}"}


def part_of(header: str | None, size: int) -> range | None:
    """The bytes that a `Range` header asks for, of a file of `size` bytes; None for all of them.

    Several parts at once, and what is no range of bytes, are answered with the whole file, as the
    RFC allows. Raises NoSuchPart where none of the bytes exist.
    """
    asked = _ONE.fullmatch(header.strip()) if header is not None else None
    if asked is None or not (asked[1] or asked[2]):
        return None
    if not asked[1]:  # the last so many
        part = range(max(size - int(asked[2]), 0), size)
    else:
        first, last = int(asked[1]), int(asked[2]) if asked[2] else size - 1
        if asked[2] and last < first:
            return None
        part = range(first, min(last + 1, size))
    if not part:
        raise NoSuchPart(size)
    return part


async def cut(chunks: AsyncIterator[bytes], part: range) -> AsyncIterator[bytes]:
    """The bytes of `part`; nothing after it is read."""
    at = 0
    async for chunk in chunks:
        if piece := chunk[max(part.start - at, 0) : max(part.stop - at, 0)]:
            yield piece
        at += len(chunk)
        if at >= part.stop:
            return
