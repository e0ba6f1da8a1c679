"""Sending what is queued: reads a mail's own history in the log, hands it over, writes down the
answer. Everything that decides is pure (`delivery`); this is the order in which it happens.

A mail is sent at least once. It is doubled only when the process dies between the server's answer
and the fact that records it, and then both have the same Message-ID.
"""

import asyncio
from collections.abc import Callable

import structlog
from prometheus_client import Counter, Histogram

from contracts.codec import Message
from contracts.envelope import Aggregate, caused_by
from contracts.ids import new_id
from contracts.mail import MailDeferred, MailQueued, MailSent
from services.notifier.composing import Letter, Unaddressable
from services.notifier.delivery import (
    Answer,
    Circuit,
    Delivery,
    Never,
    NotNow,
    Outcome,
    conclude,
    evolve,
    folded,
)
from services.notifier.smtp import ServerAway, Transport
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.problems import Conflict, Unavailable
from services.runtime.reactions import RetryLater

log = structlog.get_logger(__name__)

UNDER_WAY_SECONDS = 10.0

ANSWERS = Counter("redress_mail_answers", "What SMTP servers said", ["answer"])
HANDED_OVER = Histogram("redress_mail_seconds", "From queued to accepted by the server")


class Sending:
    """`compose` makes the letter of a mail; it raises Unaddressable where there can be none."""

    def __init__(
        self,
        store: EventStore,
        transport: Transport,
        compose: Callable[[MailQueued], Letter],
        *,
        clock: Clock,
    ) -> None:
        self._store = store
        self._transport = transport
        self._compose = compose
        self._clock = clock
        self._circuit = Circuit()
        self._under_way: set[str] = set()

    async def on_message(self, message: Message) -> None:
        """Sends a queued mail by SMTP and records what the server said."""
        queued = message.facts[0]
        if not isinstance(queued, MailQueued):
            return
        if queued.mail_id in self._under_way:
            # The broker lost patience with a slow server. A second try now would be a double.
            raise RetryLater(UNDER_WAY_SECONDS, "this mail is being sent")
        if pause := self._circuit.wait(self._clock()):
            raise RetryLater(pause.total_seconds(), "the server is away")
        self._under_way.add(queued.mail_id)
        try:
            await self._send(message, queued)
        finally:
            self._under_way.discard(queued.mail_id)

    async def _send(self, message: Message, mail: MailQueued) -> None:
        aggregate = Aggregate(kind="mail", id=mail.mail_id)
        history = await self._store.read(aggregate)
        delivery = folded(history.facts)
        if delivery.ended:
            return
        if delivery.retry_at and delivery.retry_at > (now := self._clock()):
            raise RetryLater((delivery.retry_at - now).total_seconds(), "deferred")

        message_id, answer = await self._hand_over(mail)
        if isinstance(answer, NotNow) and answer.until and delivery.retry_at:
            # One fact says that the server is away; a day of it needs no thousand more.
            raise RetryLater((answer.until - self._clock()).total_seconds(), answer.reason)
        fact = conclude(
            delivery, answer, mail_id=mail.mail_id, message_id=message_id, now=self._clock()
        )
        await self._record(aggregate, fact, message, version=history.version)
        match fact:
            case MailSent():
                HANDED_OVER.observe((fact.at - mail.queued_at).total_seconds())
            case MailDeferred():
                raise RetryLater((fact.retry_at - self._clock()).total_seconds(), fact.reason)

    async def _hand_over(self, mail: MailQueued) -> tuple[str, Answer]:
        try:
            letter = self._compose(mail)
        except Unaddressable as error:
            return "", Never(str(error))
        answer: Answer
        try:
            answer = await self._transport.deliver(letter)
        except ServerAway as away:
            until = self._circuit.failed(self._clock())
            log.warning("mail.server_away", why=str(away), until=until.isoformat())
            answer = NotNow(str(away), until)
        else:
            self._circuit.answered()
        ANSWERS.labels(type(answer).__name__.lower()).inc()
        return letter.message_id, answer

    async def _record(
        self, aggregate: Aggregate, fact: Outcome, cause: Message, *, version: int
    ) -> None:
        """Writes down the answer, for as long as it takes: the mail is out, and to forget that
        would send it again."""
        meta = caused_by(cause.meta, command=new_id(), time=fact.at, actor="service:notifier")
        try:
            await self._store.append(aggregate, (fact,), expected=version, meta=meta)
            return
        except (Conflict, Unavailable) as error:
            log.warning("mail.unrecorded", mail=aggregate.id, why=error.detail)
        while True:
            try:
                await self._store.handle(
                    aggregate,
                    initial=Delivery(),
                    evolve=evolve,
                    decide=lambda delivery: () if delivery.ended else (fact,),
                    meta=meta,
                )
                return
            except Unavailable:
                await asyncio.sleep(1)
