"""Telling marked instead of done: for a ledger that begins after the complaints did.

Where the stream of mails was lost, or the notifier is put beside complaints that another system
told of, nobody must be mailed the past. `python -m services.notifier mark` reads the whole log and
writes down, for each mail that is not in the ledger, that it counts as told; nothing is sent.
"""

from collections import Counter

from contracts.codec import Undecodable, decode
from contracts.streams import COMPLAINTS
from services.notifier.handlers import NobodyThere, Queueing
from services.runtime.bus import Bus
from services.runtime.feed import Feed

BATCH = 500


async def mark(bus: Bus, queueing: Queueing, *, dry: bool = False) -> Counter[tuple[str, str]]:
    """Marks all that the log would have mailed; returns how many of each side and template.

    `dry` only counts. Raises FeedBroken and Unavailable when the log goes away; run again then, for
    what is marked already is not marked twice.
    """
    marked: Counter[tuple[str, str]] = Counter()
    async with Feed(bus, COMPLAINTS.name, COMPLAINTS.subjects, after=0, batch=BATCH) as feed:
        while feed.pending:
            for sequence, _, data in await feed.next():
                try:
                    message = decode(data, sequence=sequence)
                except Undecodable:
                    marked["nobody", "cannot be read"] += 1
                    continue
                try:
                    marked.update(await queueing.mark(message, dry=dry))
                except NobodyThere:
                    marked["nobody", "reader not found"] += 1
    return marked
