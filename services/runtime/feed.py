"""Reading a stream in order, fast: a short-lived pull consumer with overlapping requests.

The position is the reader's business: a feed starts after a sequence and says when it is broken
(a gap, silence, a restarted server); its reader then opens another from its own checkpoint.
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import NamedTuple, Self

from services.runtime.bus import UNCLEAR, Arrival, Bus, StreamError
from services.runtime.problems import Unavailable

EXPIRES_SECONDS = 20
HEARTBEAT_SECONDS = 5


class FeedBroken(Exception):
    """The feed lost its place or its consumer. Open another one."""


class Delivered(NamedTuple):
    sequence: int
    subject: str
    data: bytes


class Feed:
    """Messages of a stream, in order, each once, from after a sequence.

    Given one subject, only its messages; given several, the whole stream's.
    """

    def __init__(
        self, bus: Bus, stream: str, subjects: Sequence[str], *, after: int, batch: int
    ) -> None:
        self._bus = bus
        self._stream = stream
        self._subjects = list(subjects)
        self._after = after
        self._batch = batch
        self._arrived: deque[Arrival] = deque()
        self._wake = asyncio.Event()
        self._asked = 0
        self._expected = 1
        self._pouring = AsyncExitStack()
        self._consumer = ""
        self._lost = False
        self.pending = -1
        """Messages that wait in the stream behind the last one delivered; -1 while unknown."""

    async def __aenter__(self) -> Self:
        client = self._bus.client
        self._inbox = client.new_inbox()
        await self._pouring.enter_async_context(client.pouring(self._inbox, self._on_arrival))
        try:
            info = await self._bus.api(
                f"CONSUMER.CREATE.{self._stream}",
                {
                    "stream_name": self._stream,
                    "config": {
                        "ack_policy": "none",
                        "deliver_policy": "by_start_sequence",
                        "opt_start_seq": self._after + 1,
                        # A consumer of several filters is served eight times as slowly as one of
                        # none (nats-server 2.15): then everything is read.
                        "filter_subject": self._subjects[0] if len(self._subjects) == 1 else "",
                        "inactive_threshold": 60_000_000_000,
                        "mem_storage": True,
                        "num_replicas": 1,
                    },
                },
            )
        except (StreamError, Unavailable) as error:
            await self._pouring.aclose()
            raise FeedBroken(str(error)) from error
        self._bus.on_reconnect.add(self._on_reconnect)
        self._consumer = info["name"]
        self.pending = info["num_pending"]
        await self._ask()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bus.on_reconnect.discard(self._on_reconnect)
        await self._pouring.aclose()
        if not self._bus.client.is_closed:
            await self._bus.client.publish(
                f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._consumer}"
            )

    def _on_arrival(self, arrival: Arrival) -> None:
        self._arrived.append(arrival)
        self._wake.set()

    def _on_reconnect(self) -> None:
        self._lost = True
        self._wake.set()

    async def _ask(self) -> None:
        """Keeps two batches asked for, so that the server never waits for the reader."""
        while self._asked <= self._batch:
            self._asked += self._batch
            request = {
                "batch": self._batch,
                "expires": EXPIRES_SECONDS * 1_000_000_000,
                "idle_heartbeat": HEARTBEAT_SECONDS * 1_000_000_000,
            }
            await self._bus.client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}",
                json.dumps(request).encode(),
                reply=self._inbox,
            )

    async def next(self) -> list[Delivered]:
        """What has arrived, at most a batch; waits until there is something.

        Empty when the server only said that it is alive. Raises FeedBroken.
        """
        if not self._arrived:
            self._wake.clear()
            try:
                async with asyncio.timeout(2 * HEARTBEAT_SECONDS + 1):
                    await self._wake.wait()
            except TimeoutError as error:
                raise FeedBroken("no heartbeat") from error
        if self._lost:
            raise FeedBroken("connected anew")
        batch: list[Delivered] = []
        while self._arrived and len(batch) < self._batch:
            subject, reply, data, status = self._arrived.popleft()
            if status is not None:
                self._on_status(*status)
                continue
            # $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>
            place = reply.split(".")
            if int(place[-3]) != self._expected:
                raise FeedBroken("a message is missing")
            self._expected += 1
            self._asked -= 1
            self.pending = int(place[-1])
            batch.append(Delivered(int(place[-4]), subject, data))
        try:
            await self._ask()
        except UNCLEAR as error:
            raise FeedBroken("not connected") from error
        return batch

    def _on_status(self, status: str, headers: dict[str, str]) -> None:
        if status == "100":  # heartbeat
            return
        if status in ("408", "409") and "Nats-Pending-Messages" in headers:
            self._asked -= int(headers["Nats-Pending-Messages"])
            return
        raise FeedBroken(f"{status} {headers.get('Description', '')}")
