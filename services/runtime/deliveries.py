"""What a durable consumer has for us, asked for ahead of need, one message after the other.

nats-py's `fetch` can forget messages that it was given when its time ends at a bad moment, and they
would come again only after the acknowledgement wait, a minute later.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Self

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from services.runtime.bus import UNCLEAR, Bus

log = structlog.get_logger(__name__)

EXPIRES_SECONDS = 20
PAUSE_SECONDS = 0.5


class Deliveries:
    """Messages of the consumer `durable`, up to `ahead` of them asked for before they are taken."""

    def __init__(self, bus: Bus, stream: str, durable: str, *, ahead: int) -> None:
        self._bus = bus
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._ahead = ahead
        self._asked = 0
        self._arrived: deque[Msg] = deque()
        self._in_hand: dict[asyncio.Task[None], Msg] = {}
        self._wake = asyncio.Event()
        self._subscription: Subscription | None = None
        self._inbox = ""

    async def __aenter__(self) -> Self:
        self._inbox = self._bus.client.new_inbox()
        self._subscription = await self._bus.client.subscribe(
            self._inbox, cb=self._on_message, pending_msgs_limit=-1, pending_bytes_limit=-1
        )
        self._bus.on_reconnect.add(self._on_reconnect)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bus.on_reconnect.discard(self._on_reconnect)
        if self._subscription is not None and not self._bus.client.is_closed:
            await self._subscription.unsubscribe()

    async def next(self) -> Msg:
        """The next message, however long it takes, over restarts of the server."""
        while not self._arrived:
            self._wake.clear()
            try:
                await self._ask()
                await asyncio.wait_for(self._wake.wait(), EXPIRES_SECONDS + PAUSE_SECONDS)
            except TimeoutError:
                self._asked = 0  # whatever was asked for has expired by now
            except UNCLEAR as error:
                log.info("deliveries.interrupted", why=repr(error))
                await asyncio.sleep(PAUSE_SECONDS)
        return self._arrived.popleft()

    def hold(self, msg: Msg, task: "asyncio.Task[None]") -> None:
        """Tells that `task` works on the message, however long that takes."""
        self._in_hand[task] = msg
        task.add_done_callback(self._in_hand.pop)

    @asynccontextmanager
    async def held(self, *, every: float) -> AsyncIterator[None]:
        """Keeps the server from giving away what waits or is worked on here; `every` in seconds."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(every)
                for msg in (*self._arrived, *self._in_hand.values()):
                    with suppress(*UNCLEAR, NatsError):
                        await msg.in_progress()

        keeping = asyncio.create_task(keep(), name=f"holding {self._next}")
        try:
            yield
        finally:
            keeping.cancel()

    async def _ask(self) -> None:
        wanted = self._ahead - len(self._arrived) - self._asked
        if wanted < (self._ahead + 1) // 2:
            return
        self._asked += wanted
        request = {"batch": wanted, "expires": EXPIRES_SECONDS * 1_000_000_000}
        await self._bus.client.publish(self._next, json.dumps(request).encode(), reply=self._inbox)

    async def _on_message(self, msg: Msg) -> None:
        status = msg.headers.get("Status") if msg.headers else None
        if status is None:
            self._asked -= 1
            self._arrived.append(msg)
        else:
            await self._on_status(status, msg.headers or {})
        self._wake.set()

    async def _on_status(self, status: str, headers: dict[str, str]) -> None:
        if status == "408" and "Nats-Pending-Messages" in headers:
            self._asked -= int(headers["Nats-Pending-Messages"])
            return
        log.info("deliveries.refused", status=status, why=headers.get("Description", ""))
        await asyncio.sleep(PAUSE_SECONDS)  # the server or the consumer is on its way back
        self._asked = 0

    def _on_reconnect(self) -> None:
        self._asked = 0
        self._wake.set()
