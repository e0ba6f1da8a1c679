"""What a durable consumer has for us, asked for ahead of need, one message after the other.

nats-py's `fetch` can forget messages that it was given when its time ends at a bad moment, and they
would come again only after the acknowledgement wait, a minute later. Its subscriptions hand each
message through a queue and a task, which costs more than most handlers: here they are poured.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from types import TracebackType
from typing import NamedTuple, Self

import structlog
from nats.errors import Error as NatsError

from services.runtime.bus import UNCLEAR, Arrival, Bus
from services.runtime.tasks import end

log = structlog.get_logger(__name__)

EXPIRES_SECONDS = 20
PAUSE_SECONDS = 0.5


class Delivery(NamedTuple):
    """One message as the consumer delivered it, to be answered in one of four ways."""

    bus: Bus
    stream: str
    sequence: int
    subject: str
    data: bytes
    answers_to: str
    times: int
    """How often it was delivered, this time included."""

    async def ack(self) -> None:
        """It is done with."""
        await self._answer(b"+ACK")

    async def nak(self, delay: float) -> None:
        """It is to come again after `delay` seconds."""
        nanoseconds = json.dumps({"delay": int(delay * 1e9)})
        await self._answer(b"-NAK " + nanoseconds.encode())

    async def in_progress(self) -> None:
        """It is being worked on: nobody else is to have it yet."""
        await self._answer(b"+WPI")

    async def term(self) -> None:
        """It is never to come again."""
        await self._answer(b"+TERM")

    async def _answer(self, word: bytes) -> None:
        await self.bus.client.publish(self.answers_to, word)


class Deliveries:
    """Messages of the consumer `durable`, up to `ahead` of them asked for before they are taken."""

    def __init__(self, bus: Bus, stream: str, durable: str, *, ahead: int) -> None:
        self._bus = bus
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._ahead = ahead
        self._asked = 0
        self._refused = False
        self._arrived: deque[Delivery] = deque()
        self._in_hand: dict[asyncio.Task[None], Delivery] = {}
        self._wake = asyncio.Event()
        self._pouring = AsyncExitStack()
        self._inbox = ""

    async def __aenter__(self) -> Self:
        client = self._bus.client
        self._inbox = client.new_inbox()
        await self._pouring.enter_async_context(client.pouring(self._inbox, self._on_arrival))
        self._bus.on_reconnect.add(self._on_reconnect)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bus.on_reconnect.discard(self._on_reconnect)
        await self._pouring.aclose()

    async def next(self) -> Delivery:
        """The next message, however long it takes, over restarts of the server."""
        while not self._arrived:
            self._wake.clear()
            try:
                if self._refused:  # the server or the consumer is on its way back
                    self._refused = False
                    await asyncio.sleep(PAUSE_SECONDS)
                    self._asked = 0
                await self._ask()
                async with asyncio.timeout(EXPIRES_SECONDS + PAUSE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                self._asked = 0  # whatever was asked for has expired by now
            except UNCLEAR as error:
                log.info("deliveries.interrupted", why=repr(error))
                await asyncio.sleep(PAUSE_SECONDS)
        return self._arrived.popleft()

    def hold(self, delivery: Delivery, task: "asyncio.Task[None]") -> None:
        """Tells that `task` works on the message, however long that takes."""
        self._in_hand[task] = delivery
        task.add_done_callback(self._in_hand.pop)

    @asynccontextmanager
    async def held(self, *, every: float) -> AsyncIterator[None]:
        """Keeps the server from giving away what waits or is worked on here; `every` in seconds."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(every)
                for delivery in (*self._arrived, *self._in_hand.values()):
                    with suppress(*UNCLEAR, NatsError):
                        await delivery.in_progress()

        keeping = asyncio.create_task(keep(), name=f"holding {self._next}")
        try:
            yield
        finally:
            await end(keeping)

    async def _ask(self) -> None:
        wanted = self._ahead - len(self._arrived) - self._asked
        if wanted < (self._ahead + 1) // 2:
            return
        self._asked += wanted
        request = {"batch": wanted, "expires": EXPIRES_SECONDS * 1_000_000_000}
        await self._bus.client.publish(self._next, json.dumps(request).encode(), reply=self._inbox)

    def _on_arrival(self, arrival: Arrival) -> None:
        if arrival.status is not None:
            self._on_status(*arrival.status)
        else:
            self._asked = max(0, self._asked - 1)
            subject, reply, data, _ = arrival
            # $JS.ACK.<stream>.<consumer>.<times>.<stream seq>.<consumer seq>.<time>.<pending>
            _, _, stream, _, times, sequence, *_ = reply.split(".")
            self._arrived.append(
                Delivery(self._bus, stream, int(sequence), subject, data, reply, int(times))
            )
        self._wake.set()

    def _on_status(self, status: str, headers: dict[str, str]) -> None:
        if status == "408" and "Nats-Pending-Messages" in headers:
            self._asked -= int(headers["Nats-Pending-Messages"])
            return
        log.info("deliveries.refused", status=status, why=headers.get("Description", ""))
        self._refused = True

    def _on_reconnect(self) -> None:
        self._asked = 0
        self._wake.set()
