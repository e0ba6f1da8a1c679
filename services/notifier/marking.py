"""Telling marked instead of done: for a ledger that begins after the complaints did.

Where the stream of mails was lost, or the notifier is put beside complaints that another system
told of, nobody must be mailed the past. `python -m services.notifier mark` reads the whole log and
writes down, for each mail that is not in the ledger, that it counts as told; nothing is sent.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from contracts.codec import Message, Undecodable, decode
from contracts.streams import Stream
from services.notifier.handlers import NobodyThere
from services.runtime.bus import Bus
from services.runtime.feed import Feed

BATCH = 500


class Mark(Protocol):
    async def __call__(self, message: Message, *, dry: bool) -> list[tuple[str, str]]:
        """Marks what the message asks for; returns sides and templates. Raises NobodyThere."""
        ...


async def mark(
    bus: Bus, marks: Sequence[tuple[Stream, Mark]], *, dry: bool = False
) -> Counter[tuple[str, str]]:
    """Marks all that these streams would have mailed; returns how many of each side and template.

    `dry` only counts. Raises FeedBroken and Unavailable when the log goes away; run again then, for
    what is marked already is not marked twice.
    """
    marked: Counter[tuple[str, str]] = Counter()
    for stream, marks_of in marks:
        async with Feed(bus, stream.name, stream.subjects, after=0, batch=BATCH) as feed:
            while feed.pending:
                for sequence, _, data in await feed.next():
                    try:
                        message = decode(data, sequence=sequence)
                        marked.update(await marks_of(message, dry=dry))
                    except Undecodable:
                        marked["nobody", "cannot be read"] += 1
                    except NobodyThere:
                        marked["nobody", "reader not found"] += 1
    return marked
