"""Sending what is queued: reads a mail's own history in the log, hands it over, writes down the
answer. Everything that decides is pure (`delivery`); this is the order in which it happens.

A mail is sent at least once. It is doubled only when the process dies between the server's answer
and the fact that records it, and then both have the same Message-ID.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import structlog
from prometheus_client import Counter, Histogram

from contracts.codec import Message
from contracts.envelope import Aggregate, caused_by
from contracts.ids import derived_id, new_id
from contracts.mail import MailBounced, MailDeferred, MailQueued, MailSent
from services.notifier.bounces import no_such_mailbox, suppress
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
    overdue,
)
from services.notifier.pacing import NotYourTurn, Pacing, Turn
from services.notifier.smtp import ServerAway, Transport
from services.runtime.clock import Clock
from services.runtime.events import EventStore, History
from services.runtime.problems import Conflict, Unavailable
from services.runtime.reactions import RetryLater

log = structlog.get_logger(__name__)

UNDER_WAY_SECONDS = 10.0

ANSWERS = Counter("redress_mail_answers", "What SMTP servers said", ["answer"])
HANDED_OVER = Histogram("redress_mail_seconds", "From queued to accepted by the server")


class _Attempt(NamedTuple):
    """One mail handed over: how it stood before, at which version, and what the server said."""

    before: Delivery
    version: int
    message_id: str
    answer: Answer


class Sending:
    """`compose` makes the letter of a mail; it raises Unaddressable where there can be none."""

    def __init__(
        self,
        store: EventStore,
        transport: Transport,
        compose: Callable[[MailQueued], Letter],
        *,
        clock: Clock,
        pacing: Pacing | None = None,
    ) -> None:
        self._store = store
        self._transport = transport
        self._compose = compose
        self._clock = clock
        self._circuit = Circuit()
        self._pacing = pacing or Pacing(8, 8)
        self._under_way: set[str] = set()

    async def on_message(self, message: Message) -> None:
        """Sends a queued mail by SMTP and records what the server said."""
        queued = message.facts[0]
        if not isinstance(queued, MailQueued):
            return
        if queued.mail_id in self._under_way:
            # The broker lost patience with a slow server. A second try now would be a double.
            raise RetryLater(UNDER_WAY_SECONDS, "this mail is being sent")
        now = self._clock()
        late = overdue(Delivery(queued), now)
        if not late and (pause := self._circuit.wait(now)):
            raise RetryLater(pause.total_seconds(), "the server is away")
        self._under_way.add(queued.mail_id)
        try:
            async with self._pacing.turn(queued.to_address, now) as turn:
                attempt = await self._try(message, queued, turn)
            # The answer is written down while the session sends the next one.
            if attempt is not None:
                await self._conclude(message, queued, attempt)
        except NotYourTurn as later:
            raise RetryLater(later.seconds, str(later)) from later
        finally:
            self._under_way.discard(queued.mail_id)

    async def _try(self, message: Message, mail: MailQueued, turn: Turn) -> _Attempt | None:
        """Hands the mail over, unless its history says that it is sent; raises RetryLater."""
        aggregate = Aggregate(kind="mail", id=mail.mail_id)
        if await self._store.version(aggregate) == message.sequence:
            history = History((message,), message.sequence)  # nothing happened to it yet
        else:
            history = await self._store.read(aggregate)
        delivery = folded(history.facts)
        if delivery.ended:
            return None
        if delivery.retry_at and delivery.retry_at > (now := self._clock()):
            raise RetryLater((delivery.retry_at - now).total_seconds(), "deferred")
        message_id, answer = await self._hand_over(mail)
        turn.answered(answer, self._clock())
        return _Attempt(delivery, history.version, message_id, answer)

    async def _conclude(self, message: Message, mail: MailQueued, attempt: _Attempt) -> None:
        delivery, version, message_id, answer = attempt
        known_away = isinstance(answer, NotNow) and answer.until and delivery.retry_at
        if known_away and not overdue(delivery, self._clock()):
            assert isinstance(answer, NotNow)
            assert answer.until
            # One fact says that the server is away; a day of it needs no thousand more.
            raise RetryLater((answer.until - self._clock()).total_seconds(), answer.reason)
        fact = conclude(
            delivery, answer, mail_id=mail.mail_id, message_id=message_id, now=self._clock()
        )
        await self._record(Aggregate(kind="mail", id=mail.mail_id), fact, message, version=version)
        match fact:
            case MailBounced() if isinstance(answer, Never) and no_such_mailbox(answer.reason):
                await self._suppress(mail, answer.reason, meta_of=message)
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

    async def _suppress(self, mail: MailQueued, reason: str, *, meta_of: Message) -> None:
        meta = caused_by(
            meta_of.meta,
            command=derived_id("suppress", mail.mail_id),
            time=self._clock(),
            actor="service:notifier",
        )
        await suppress(self._store, mail, reason, meta=meta)

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
