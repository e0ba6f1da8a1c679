"""Dead letters: messages that a reaction could not handle, each with the reason, to be looked at
and handed to it once more when it is mended."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from contracts.codec import decode
from contracts.streams import DEAD_LETTERS
from services.runtime.bus import Bus
from services.runtime.reactions import Reactions


class DeadLetter(NamedTuple):
    """`sequence` is its place among the dead letters, `origin` that of the message in its stream;
    `at` is when it was given up, as the server writes it."""

    sequence: int
    reaction: str
    subject: str
    origin: int
    reason: str
    at: str
    payload: bytes


class DeadLetters:
    """Those of one service."""

    def __init__(self, bus: Bus, reactions: Reactions, *, service: str) -> None:
        self._bus = bus
        self._reactions = reactions
        self._service = service

    async def all(self) -> AsyncIterator[DeadLetter]:
        """The oldest first. Raises Unavailable."""
        place = 0
        while (letter := await self._after(place)) is not None:
            yield letter
            place = letter.sequence

    async def redrive(self, letter: DeadLetter) -> str | None:
        """Hands it to its reaction. None when that is done, and the letter gone; else why not."""
        handler = self._reactions.handlers.get(letter.reaction)
        if handler is None:
            return "there is no such reaction any more"
        try:
            await handler(decode(letter.payload, sequence=letter.origin))
        except Exception as error:
            return " ".join(repr(error).split())[:500]
        await self._bus.api(f"STREAM.MSG.DELETE.{DEAD_LETTERS.name}", {"seq": letter.sequence})
        return None

    async def _after(self, place: int) -> DeadLetter | None:
        asked = {"seq": place + 1, "next_by_subj": f"dead.{self._service}.*"}
        found = await self._bus.get(DEAD_LETTERS.name, asked)
        if found is None:
            return None
        headers = found.headers or {}
        return DeadLetter(
            sequence=int(headers["Nats-Sequence"]),
            reaction=headers["Nats-Subject"].rsplit(".", 1)[1],
            subject=headers.get("Redress-Subject", "?"),
            origin=int(headers.get("Redress-Sequence", 0)),
            reason=headers.get("Redress-Reason", "?"),
            at=headers.get("Nats-Time-Stamp", "?"),
            payload=found.data,
        )
