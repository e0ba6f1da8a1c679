"""From a fact to the mails about it: looks up who the readers are, and queues each mail once."""

import asyncio
from typing import NamedTuple

from contracts.codec import Message
from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate, aggregate_of, caused_by
from contracts.mail import MailQueued
from services.notifier.telling import CaseSoFar, Told, evolve, needs_history, of_complaint, plan
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.marketplace import Directory

AT_ONCE = 32
"""Readers of one fact that are looked up and written to at the same time."""


class NobodyThere(Exception):
    """The log names a complaint that was never filed, or a member whom the marketplace lacks."""


class Contact(NamedTuple):
    """Where a reader is reached, and what mails to them say of their own complaint."""

    name: str
    address: str
    language: str
    own: dict[str, str]


class Queueing:
    """The reaction on complaints and cases."""

    def __init__(self, store: EventStore, directory: Directory, *, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock

    async def on_message(self, message: Message) -> None:
        """Queues a mail for everyone whom the message's facts concern."""
        case = CaseSoFar()
        if needs_history(message):
            for earlier in (await self._store.read(aggregate_of(message.subject))).messages:
                if earlier.sequence < message.sequence:
                    for fact in earlier.facts:
                        case = evolve(case, fact)
        gate = asyncio.Semaphore(AT_ONCE)

        async def queue(told: Told) -> None:
            async with gate:
                await self._queue(told, message)

        # One reader who cannot be found must not keep the others from being told.
        outcomes = await asyncio.gather(
            *(queue(told) for told in plan(message, case)), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _queue(self, told: Told, message: Message) -> None:
        contact = await self._contact(told, message)
        telling = told.telling
        case_id = aggregate_of(message.subject)
        mail = MailQueued(
            mail_id=told.mail_id,
            template=telling.template,
            language=contact.language,
            to_address=contact.address,
            to_name=contact.name,
            audience=telling.side,
            case_id=case_id.id if case_id.kind == "case" else None,
            complaint_id=telling.reader if telling.side == "complainant" else None,
            params=contact.own | telling.params,
            queued_at=self._clock(),
        )
        # A fact read twice makes the same command, and the log knows that one already.
        meta = caused_by(
            message.meta, command=told.mail_id, time=mail.queued_at, actor="service:notifier"
        )
        aggregate = Aggregate(kind="mail", id=told.mail_id)
        await self._store.append(aggregate, [mail], expected=0, meta=meta)

    async def _contact(self, told: Told, message: Message) -> Contact:
        reader = told.telling.reader
        if told.telling.side == "accused":
            member = await self._directory.member(reader)
            if member is None:
                raise NobodyThere(f"The marketplace has no member {reader}.")
            return Contact(member.name, member.email, member.language, {})
        facts = message.facts
        if not isinstance(facts[0], ComplaintFiled):
            facts = (await self._store.read(Aggregate(kind="complaint", id=reader))).facts
        for filed in facts:
            if isinstance(filed, ComplaintFiled):
                person = filed.complainant
                return Contact(person.name, person.email, person.language, of_complaint(filed))
        raise NobodyThere(f"The log has no complaint {reader}.")
