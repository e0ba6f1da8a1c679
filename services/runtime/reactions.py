"""Reactions: what a service does because of a fact. FastStream hosts each as a durable consumer.

A reaction is acknowledged when its handler returns, and comes again, ever later, when it raises.
FastStream's own policies are not used: rejecting loses the message, nacking loops hot. What cannot
be handled goes to the dead letters with its reason, and stops nobody else.
"""

import random
from collections.abc import Awaitable, Callable, Sequence

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.js.api import ConsumerConfig
from prometheus_client import Counter

from contracts.codec import Message, Undecodable, decode
from contracts.streams import DEAD_LETTERS, Stream
from services.runtime.bus import Bus
from services.runtime.problems import Unavailable

log = structlog.get_logger(__name__)

Handler = Callable[[Message], Awaitable[None]]

TRIES = 12
"""With the back-off below, about eight minutes before a message counts as poison."""
FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 120.0
ACK_WAIT_SECONDS = 60.0

HANDLED = Counter("redress_reactions", "Messages reacted to", ["reaction", "outcome"])


class RetryLater(Exception):
    """Not now: the message comes again after `seconds`, as often as it takes."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(why)
        self.seconds = seconds


class Reactions:
    """The reactions of one service, registered on its FastStream broker before it starts."""

    def __init__(self, broker: NatsBroker, bus: Bus, *, service: str) -> None:
        self._broker = broker
        self._bus = bus
        self._service = service

    def on(
        self, *, name: str, stream: Stream, subjects: Sequence[str], workers: int = 32
    ) -> Callable[[Handler], Handler]:
        """Registers a handler for every message on `subjects`.

        Up to `workers` run at once, so messages of different aggregates overtake one another:
        a handler decides on the log, not on the order in which it is called.
        """

        def register(handler: Handler) -> Handler:
            async def consume(message: NatsMessage) -> None:
                await self._consume(name, handler, message)

            self._broker.subscriber(
                stream=JStream(stream.name, declare=False),
                durable=f"{self._service}-{name}",
                config=ConsumerConfig(
                    filter_subjects=list(subjects),
                    ack_wait=ACK_WAIT_SECONDS,
                    max_deliver=-1,
                    max_ack_pending=20_000,
                ),
                pull_sub=PullSub(batch_size=workers, timeout=5.0),
                max_workers=workers,
                ack_policy=AckPolicy.MANUAL,
                decoder=undecoded,
                title=f"{self._service}.{name}",
                description=(handler.__doc__ or "").strip(),
            )(consume)
            return handler

        return register

    async def _consume(self, name: str, handler: Handler, incoming: NatsMessage) -> None:
        raw = incoming.raw_message
        place = raw.metadata
        tries = place.num_delivered or 1
        try:
            await handler(decode(raw.data, sequence=place.sequence.stream))
        except Undecodable as error:
            await self._bury(name, incoming, str(error))
        except RetryLater as later:
            HANDLED.labels(name, "later").inc()
            await incoming.nack(delay=later.seconds)
        except Unavailable as error:
            log.warning("reaction.waiting", reaction=name, subject=raw.subject, why=error.detail)
            HANDLED.labels(name, "waiting").inc()
            await incoming.nack(delay=delay(tries))
        except Exception as error:
            log.exception("reaction.failed", reaction=name, subject=raw.subject, tries=tries)
            if tries >= TRIES:
                await self._bury(name, incoming, repr(error))
            else:
                HANDLED.labels(name, "failed").inc()
                await incoming.nack(delay=delay(tries))
        else:
            HANDLED.labels(name, "done").inc()
            await incoming.ack()

    async def _bury(self, name: str, incoming: NatsMessage, reason: str) -> None:
        """To the dead letters, whole and with its reason; only then is it ended here."""
        raw = incoming.raw_message
        place = raw.metadata
        log.error("reaction.dead_letter", reaction=name, subject=raw.subject, reason=reason)
        await self._bus.jetstream.publish(
            f"dead.{self._service}.{name}",
            raw.data,
            stream=DEAD_LETTERS.name,
            headers={
                "Nats-Msg-Id": f"{self._service}/{name}/{place.stream}/{place.sequence.stream}",
                "Redress-Reason": " ".join(reason.split())[:500],
                "Redress-Subject": raw.subject,
                "Redress-Stream": str(place.stream),
                "Redress-Sequence": str(place.sequence.stream),
            },
        )
        HANDLED.labels(name, "dead").inc()
        await incoming.reject()


def delay(tries: int) -> float:
    """Seconds until try `tries + 1`: doubling, capped, with full jitter against herds."""
    ceiling = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0**tries)
    return random.uniform(ceiling / 2, ceiling)


async def undecoded(message: NatsMessage) -> NatsMessage:
    """Hands the message on as it came: `contracts.codec` knows every version of every fact."""
    return message
