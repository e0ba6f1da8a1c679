"""Timers: JetStream message schedules. No service polls a clock."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig

from contracts.streams import TIMERS
from services.runtime.bus import UNCLEAR, Bus, StreamError
from services.runtime.problems import Unavailable
from services.runtime.reactions import ACK_WAIT_SECONDS, delay
from services.runtime.sentences import gettext as _

log = structlog.get_logger(__name__)

Fired = Callable[[str, dict[str, str]], Awaitable[None]]


class Timers:
    """The timers of one service, on `timer.<service>.…`.

    A timer only says that it is time to decide again: its handler decides on the log, under the
    guard, so a timer that fires twice, late or needlessly does no harm.
    """

    def __init__(self, broker: NatsBroker, bus: Bus, *, service: str) -> None:
        self._broker = broker
        self._bus = bus
        self._service = service

    async def set(self, name: str, at: datetime, data: dict[str, str]) -> None:
        """Fires at `at` (at once when that is past), replacing the timer of the same name.

        `name` is one subject token, e.g. `lapse-<case id>`. Raises Unavailable.
        """
        try:
            await self._bus.jetstream.publish(
                f"timer.{self._service}.set.{name}",
                json.dumps(data).encode(),
                stream=TIMERS.name,
                headers={
                    "Nats-Schedule": f"@at {at.isoformat()}",
                    "Nats-Schedule-Target": f"timer.{self._service}.fired.{name}",
                },
            )
        except (NatsError, *UNCLEAR) as error:
            raise Unavailable(_("The log takes no timer at the moment.")) from error

    async def cancel(self, name: str) -> None:
        """Forgets the timer; nothing happens when there is none. Raises Unavailable."""
        await self._bus.api(
            f"STREAM.PURGE.{TIMERS.name}", {"filter": f"timer.{self._service}.set.{name}"}
        )

    async def _forget(self, sequence: int) -> None:
        """What has fired and was handled need not be kept; where this fails, it is."""
        try:
            await self._bus.api(
                f"STREAM.MSG.DELETE.{TIMERS.name}", {"seq": sequence, "no_erase": True}
            )
        except (Unavailable, StreamError) as error:
            log.info("timer.kept", sequence=sequence, why=str(error))

    def on_fired(self, handler: Fired) -> None:
        """Registers the one handler of this service's timers: `handler(name, data)`."""

        async def consume(message: NatsMessage) -> None:
            raw = message.raw_message
            name = raw.subject.rsplit(".", 1)[1]
            try:
                await handler(name, json.loads(raw.data))
            except Exception:
                log.exception("timer.failed", timer=name)
                await message.nack(delay=delay(raw.metadata.num_delivered or 1))
            else:
                await message.ack()
                await self._forget(raw.metadata.sequence.stream)

        self._broker.subscriber(
            f"timer.{self._service}.fired.*",
            stream=JStream(TIMERS.name, declare=False),
            durable=f"{self._service}-timers",
            config=ConsumerConfig(ack_wait=ACK_WAIT_SECONDS, max_deliver=-1, filter_subjects=[]),
            pull_sub=PullSub(batch_size=32, timeout=5.0),
            max_workers=32,
            ack_policy=AckPolicy.MANUAL,
            decoder=_undecoded,
            title=f"{self._service}.timers",
            description="A deadline of this service has come.",
        )(consume)


async def _undecoded(message: NatsMessage) -> NatsMessage:
    """Hands the message on as it came: `consume` reads its subject and data."""
    return message
