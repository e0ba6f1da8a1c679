"""Reactions: what a service does because of a fact. FastStream hosts each as a durable consumer.

A reaction is acknowledged when its handler returns, and comes again, ever later, when it raises.
FastStream's own policies are not used: rejecting loses the message, nacking loops hot. What cannot
be handled goes to the dead letters with its reason, and stops nobody else.
"""

import asyncio
import contextlib
import random
from collections import Counter as CounterOf
from collections.abc import Awaitable, Callable, Sequence

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig
from prometheus_client import Counter

from contracts.codec import Message, Undecodable, decode_again
from contracts.envelope import Contract
from contracts.streams import DEAD_LETTERS, Stream
from services.runtime.bus import UNCLEAR, Bus, hang_up
from services.runtime.deliveries import Deliveries, Delivery
from services.runtime.precedence import Precedence
from services.runtime.problems import Unavailable

log = structlog.get_logger(__name__)

Handler = Callable[[Message], Awaitable[None]]

TRIES = 12
"""Failures in one process. With the back-off below, about eight minutes."""
FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 120.0
ACK_WAIT_SECONDS = 15.0
"""After this, what a dead process had in hand comes to another; what is in hand is held on to."""

HANDLED = Counter("redress_reactions", "Messages reacted to", ["reaction", "outcome"])


class RetryLater(Exception):
    """Not now: the message comes again after `seconds`, as often as it takes."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(why)
        self.seconds = seconds


class Reactions:
    """The reactions of one service, registered on its FastStream broker before it starts."""

    def __init__(
        self, broker: NatsBroker, bus: Bus, *, service: str, precedence: Precedence
    ) -> None:
        self._precedence = precedence
        self._broker = broker
        self._bus = bus
        self._service = service
        self._failures: CounterOf[tuple[str, int]] = CounterOf()
        self.handlers: dict[str, Handler] = {}
        self._client: Client | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def on(
        self,
        *,
        name: str,
        stream: Stream,
        subjects: Sequence[str],
        about: type[Contract] | None = None,
        workers: int = 32,
    ) -> Callable[[Handler], Handler]:
        """Registers a handler for every message on `subjects`; for the ones with a fact `about` in
        them where it is given: what else its aggregates have costs next to nothing then.

        Up to `workers` run at once, so messages of different aggregates overtake one another:
        a handler decides on the log, not on the order in which it is called.
        """

        durable = f"{self._service}-{name}"
        kinds = {subject.split(".", 1)[0] for subject in subjects}
        sign = f'"{about.model_fields["type"].default}"'.encode() if about else b""
        slots = asyncio.Semaphore(workers)

        def register(handler: Handler) -> Handler:
            self.handlers[name] = handler

            async def react(delivery: Delivery) -> None:
                try:
                    async with self._precedence.giving_way():
                        await self._react(name, handler, delivery)
                except (NatsError, *UNCLEAR) as error:
                    # Not acknowledged, so it comes again.
                    log.info("reaction.unacknowledged", reaction=name, why=repr(error))
                finally:
                    slots.release()

            async def wanted(deliveries: Deliveries) -> Delivery:
                while True:
                    delivery = await deliveries.next()
                    if delivery.subject.split(".", 1)[0] in kinds and sign in delivery.data:
                        return delivery
                    with contextlib.suppress(NatsError, *UNCLEAR):
                        await delivery.ack()

            async def pull() -> None:
                async with (
                    Deliveries(self._bus, stream.name, durable, ahead=workers) as deliveries,
                    deliveries.held(every=ACK_WAIT_SECONDS / 3),
                ):
                    while True:
                        # A place first: what waits for one in the deliveries is held on to.
                        await slots.acquire()
                        try:
                            delivery = await wanted(deliveries)
                        except BaseException:
                            slots.release()
                            raise
                        task = asyncio.create_task(react(delivery), name=f"reaction {name}")
                        self._under_way.add(task)
                        task.add_done_callback(self._under_way.discard)
                        deliveries.hold(delivery, task)

            subscriber = self._broker.subscriber(
                # A consumer of several filters is served many times as slowly as one of one.
                subjects[0] if len(subjects) == 1 else ">",
                stream=JStream(stream.name, declare=False),
                durable=durable,
                config=ConsumerConfig(
                    ack_wait=ACK_WAIT_SECONDS,
                    max_deliver=-1,
                    max_ack_pending=20_000,
                    filter_subjects=[],
                ),
                pull_sub=PullSub(),
                ack_policy=AckPolicy.MANUAL,
                title=f"{self._service}.{name}",
                description=(handler.__doc__ or "").strip(),
            )
            subscriber(handler)
            # FastStream makes the consumer, watches over this task and documents it. Its own loop
            # cares for each message at the cost of several handlers, and may mislay some.
            subscriber._consume_pull = lambda cb: pull()  # type: ignore[method-assign]
            return handler

        return register

    async def start(self) -> None:
        """Connects the broker and begins to react."""
        self._client = await self._broker.connect()
        await self._broker.start()

    async def stop(self) -> None:
        """Takes nothing new, and returns when what is under way was handled and acknowledged."""
        with contextlib.suppress(NatsError, RuntimeError):  # the connection may be gone already
            await self._broker.stop()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._client is not None:
            await hang_up(self._client)  # the broker leaves a connection alone that is made anew

    async def _react(self, name: str, handler: Handler, delivery: Delivery) -> None:
        try:
            message = decode_again(delivery.data, sequence=delivery.sequence)
        except Undecodable as error:
            await self._bury(name, delivery, str(error))
            return
        try:
            await handler(message)
        except RetryLater as later:
            HANDLED.labels(name, "later").inc()
            await delivery.nak(delay=later.seconds)
        except Unavailable as error:
            log.warning(
                "reaction.waiting", reaction=name, subject=delivery.subject, why=error.detail
            )
            HANDLED.labels(name, "waiting").inc()
            await delivery.nak(delay=delay(delivery.times))
        except Exception as error:
            # Not the number of deliveries: having had to wait is no failure.
            self._failures[name, message.sequence] += 1
            failures = self._failures[name, message.sequence]
            log.exception(
                "reaction.failed", reaction=name, subject=delivery.subject, tries=failures
            )
            if failures >= TRIES:
                await self._bury(name, delivery, repr(error))
                del self._failures[name, message.sequence]
            else:
                HANDLED.labels(name, "failed").inc()
                await delivery.nak(delay=delay(failures))
        else:
            HANDLED.labels(name, "done").inc()
            self._failures.pop((name, message.sequence), None)
            await delivery.ack()

    async def _bury(self, name: str, delivery: Delivery, reason: str) -> None:
        """To the dead letters, whole and with its reason; only then is it ended here."""
        log.error("reaction.dead_letter", reaction=name, subject=delivery.subject, reason=reason)
        await self._bus.jetstream.publish(
            f"dead.{self._service}.{name}",
            delivery.data,
            stream=DEAD_LETTERS.name,
            headers={
                "Nats-Msg-Id": f"{self._service}/{name}/{delivery.stream}/{delivery.sequence}",
                "Redress-Reason": " ".join(reason.split())[:500],
                "Redress-Subject": delivery.subject,
                "Redress-Stream": delivery.stream,
                "Redress-Sequence": str(delivery.sequence),
            },
        )
        HANDLED.labels(name, "dead").inc()
        await delivery.term()


def delay(tries: int) -> float:
    """Seconds until try `tries + 1`: doubling, capped, with full jitter against herds."""
    ceiling = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0**tries)
    return random.uniform(ceiling / 2, ceiling)
