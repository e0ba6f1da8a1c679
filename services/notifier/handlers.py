"""From a fact to the mails about it: looks up who the readers are, and queues each mail once."""

import asyncio
from collections.abc import Mapping
from typing import Literal, NamedTuple

from contracts.case import AppealRejected
from contracts.codec import Fact, Message
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, Meta, aggregate_of, caused_by
from contracts.mail import Audience, MailQueued, MailSuppressed
from contracts.member import MeasureImposed
from contracts.response import AppealLodged
from services.notifier.digests import Digests
from services.notifier.saying import of_complaint
from services.notifier.settings import Desk
from services.notifier.so_far import Before, CaseSoFar, folded
from services.notifier.telling import STAFF, MeasureFact, Telling, Told, needs_history, plan
from services.notifier.wishes import Wish, Wishes, why_not
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.marketplace import Directory

Why = Literal["address", "preference", "digest", "replay"]

AT_ONCE = 32
"""Readers of one fact that are looked up and written to at the same time."""


class NobodyThere(Exception):
    """The log names a complaint that was never filed, or a member whom the marketplace lacks."""


class Contact(NamedTuple):
    """Where a reader is reached, and what mails to them say of their own complaint."""

    reader: str
    name: str
    address: str
    language: str
    own: dict[str, str]


class Queueing:
    """The reaction on complaints, cases and standing. Staff without a desk see the pages only."""

    def __init__(
        self,
        store: EventStore,
        directory: Directory,
        *,
        clock: Clock,
        wishes: Wishes,
        digests: Digests,
        desks: Mapping[Audience, Desk] | None = None,
    ) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._wishes = wishes
        self._digests = digests
        self._desks = desks or {}

    async def on_message(self, message: Message) -> None:
        """Queues a mail for everyone whom the message's facts concern."""
        before = await self.before(message)
        gate = asyncio.Semaphore(AT_ONCE)

        async def queue(told: Told) -> None:
            async with gate:
                await self._queue(told, message)

        # One reader who cannot be found must not keep the others from being told.
        outcomes = await asyncio.gather(
            *(queue(told) for told in plan(message, before) if self._reachable(told.telling)),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def mark(self, message: Message, *, dry: bool) -> list[tuple[str, str]]:
        """Writes down as told, without sending, what the message asks for and the ledger lacks;
        returns the sides and templates. `dry` writes nothing. Raises NobodyThere."""
        marked: list[tuple[str, str]] = []
        for told in plan(message, await self.before(message)):
            aggregate = Aggregate(kind="mail", id=told.mail_id)
            if not self._reachable(told.telling) or (await self._store.read(aggregate)).messages:
                continue
            if not dry:
                contact = await self._contact(told.telling, message)
                mail = self._mail(told, contact, Wish(), message)
                await self._append(mail, "replay", message)
            marked.append((told.telling.side, told.telling.template))
        return marked

    async def before(self, message: Message) -> Before:
        """What the log says came before the message, as far as who is told depends on it."""
        if not needs_history(message):
            return Before()
        aggregate = aggregate_of(message.subject)
        earlier = await self._facts(aggregate, until=message.sequence)
        if aggregate.kind == "case":
            if any(isinstance(fact, AppealRejected) for fact in message.facts):
                answers = await self._facts(aggregate.model_copy(update={"kind": "response"}))
                earlier = [fact for fact in answers if isinstance(fact, AppealLodged)] + earlier
            return Before(folded(earlier))
        imposed = {
            fact.measure_id: fact
            for fact in (*earlier, *message.facts)
            if isinstance(fact, MeasureImposed)
        }
        about = {fact.measure_id for fact in message.facts if isinstance(fact, MeasureFact)}
        cases = {imposed[each].case_id for each in about if each in imposed}
        return Before(
            measures=imposed,
            cases={each: await self._case(each, until=message.sequence) for each in sorted(cases)},
        )

    async def _case(self, case_id: str, *, until: int) -> CaseSoFar:
        return folded(await self._facts(Aggregate(kind="case", id=case_id), until=until))

    async def _facts(self, aggregate: Aggregate, *, until: int | None = None) -> list[Fact]:
        """The aggregate's facts before the sequence `until`."""
        history = await self._store.read(aggregate)
        return [
            fact
            for each in history.messages
            if until is None or each.sequence < until
            for fact in each.facts
        ]

    def _reachable(self, telling: Telling) -> bool:
        return telling.side not in STAFF or telling.side in self._desks

    async def _queue(self, told: Told, message: Message) -> None:
        contact = await self._contact(told.telling, message)
        wish, suppressed = await self._wishes.of(contact.reader, contact.address)
        mail = self._mail(told, contact, wish, message)
        why = why_not(told.telling.duty, wish, suppressed=suppressed)
        meta = await self._append(mail, why, message)
        if why == "digest":
            await self._digests.hold(mail, meta=meta)

    async def _append(self, mail: MailQueued, why: Why | None, message: Message) -> Meta:
        """Queues the mail, or tells in the same breath `why` it is not sent."""
        facts: list[Fact] = [mail]
        if why is not None:
            facts.append(MailSuppressed(at=mail.queued_at, why=why))
        # A fact read twice makes the same command, and the log knows that one already.
        meta = caused_by(
            message.meta, command=mail.mail_id, time=mail.queued_at, actor="service:notifier"
        )
        aggregate = Aggregate(kind="mail", id=mail.mail_id)
        await self._store.append(aggregate, facts, expected=0, meta=meta)
        return meta

    def _mail(self, told: Told, contact: Contact, wish: Wish, message: Message) -> MailQueued:
        telling = told.telling
        about = aggregate_of(message.subject)
        return MailQueued(
            mail_id=told.mail_id,
            template=telling.template,
            language=wish.language or contact.language,
            to_address=contact.address,
            to_name=contact.name,
            audience=telling.side,
            case_id=telling.case_id or (about.id if about.kind == "case" else None),
            complaint_id=telling.reader if telling.side == "complainant" else None,
            params=contact.own | telling.params,
            queued_at=self._clock(),
            reader=contact.reader,
            duty=telling.duty if telling.duty != "obligatory" else None,
            fact=telling.fact,
            decision_id=telling.decision_id,
            cause=message.sequence,
        )

    async def _contact(self, telling: Telling, message: Message) -> Contact:
        reader = telling.reader
        if telling.side in STAFF:
            desk = self._desks[telling.side]
            return Contact(f"role:{reader}", "", desk.address, desk.language, {})
        if telling.side == "accused":
            member = await self._directory.member(reader)
            if member is None:
                raise NobodyThere(f"The marketplace has no member {reader}.")
            return Contact(f"member:{reader}", member.name, member.email, member.language, {})
        facts: list[Fact] = list(message.facts)
        if not isinstance(facts[0], ComplaintFiled):
            facts = await self._facts(Aggregate(kind="complaint", id=reader))
        for filed in facts:
            if isinstance(filed, ComplaintFiled):
                person = filed.complainant
                own = of_complaint(filed)
                return Contact(person.actor, person.name, person.email, person.language, own)
        raise NobodyThere(f"The log has no complaint {reader}.")
