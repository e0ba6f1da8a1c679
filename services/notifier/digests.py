"""News gathered for readers who want them together: one mail a day, none when there is none."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from contracts.envelope import Aggregate, Meta
from contracts.ids import derived_id
from contracts.mail import (
    DigestItemHeld,
    DigestQueued,
    MailQueued,
    ReaderFact,
    reader_key,
)
from services.runtime.clock import Clock
from services.runtime.events import EventStore
from services.runtime.timers import Timers

AT = time(7, 0)
"""UTC; morning or noon where most readers are."""

Subject = Callable[[MailQueued], str]
"""The subject line that a mail would have had."""


@dataclass(frozen=True, slots=True)
class Held:
    """What waits for a reader's next digest: ids of mails, in order."""

    items: tuple[str, ...] = ()


def evolve(held: Held, fact: ReaderFact) -> Held:
    match fact:
        case DigestItemHeld():
            new = () if fact.mail_id in held.items else (fact.mail_id,)
            return replace(held, items=held.items + new)
        case DigestQueued():
            return replace(held, items=tuple(i for i in held.items if i not in fact.items))
        case _:
            return held


def next_digest(now: datetime) -> datetime:
    """When the digest of what happens now goes out: the next morning."""
    today = now.replace(hour=AT.hour, minute=AT.minute, second=0, microsecond=0)
    return today if now < today else today + timedelta(days=1)


class Digests:
    def __init__(
        self, store: EventStore, timers: Timers, subject: Subject, *, clock: Clock
    ) -> None:
        self._store = store
        self._timers = timers
        self._subject = subject
        self._clock = clock

    async def hold(self, mail: MailQueued, *, meta: Meta) -> None:
        """Keeps a mail that was queued for its reader's next digest."""
        assert mail.reader is not None
        due_at = next_digest(mail.queued_at)
        fact = DigestItemHeld(
            reader=mail.reader, mail_id=mail.mail_id, at=mail.queued_at, due_at=due_at
        )
        key = reader_key(mail.reader)
        # A twin of this may have been sent already, so the whole history is asked.
        await self._store.handle(
            Aggregate(kind="reader", id=key),
            initial=frozenset[str](),
            evolve=_ever_held,
            decide=lambda held: () if mail.mail_id in held else (fact,),
            meta=meta._replace(id=derived_id("hold", mail.mail_id)),
        )
        await self._timers.set(f"digest-{key}", due_at, {"reader": mail.reader})

    async def on_timer(self, _name: str, data: dict[str, str]) -> None:
        """It is morning: what was held goes into one mail."""
        reader = data["reader"]
        aggregate = Aggregate(kind="reader", id=reader_key(reader))
        history = await self._store.read(aggregate)
        held = Held()
        for fact in history.facts:
            if isinstance(fact, ReaderFact):
                held = evolve(held, fact)
        mails = [mail for each in held.items if (mail := await self._mail(each)) is not None]
        if not mails:
            return
        digest_id = derived_id("digest", reader, *held.items)
        now = self._clock()
        meta = Meta(
            id=digest_id, time=now, actor="clock:timer", correlation=history.messages[-1].meta.id
        )
        digest = self._digest(mails, digest_id, now)
        await self._store.append(
            Aggregate(kind="mail", id=digest_id), [digest], expected=0, meta=meta
        )
        queued = DigestQueued(reader=reader, mail_id=digest_id, items=held.items, at=now)
        await self._store.handle(
            aggregate,
            initial=Held(),
            evolve=evolve,
            decide=lambda now_held: (queued,) if set(held.items) & set(now_held.items) else (),
            meta=meta,
        )

    def _digest(self, mails: list[MailQueued], digest_id: str, now: datetime) -> MailQueued:
        last = mails[-1]
        items = [
            {
                "subject": self._subject(mail),
                "audience": mail.audience,
                "case_id": mail.case_id,
                "complaint_id": mail.complaint_id,
                "guest": mail.params.get("guest"),
            }
            for mail in mails
        ]
        return MailQueued(
            mail_id=digest_id,
            template="digest",
            language=last.language,
            to_address=last.to_address,
            to_name=last.to_name,
            audience=last.audience,
            case_id=None,
            complaint_id=None,
            params={"items": json.dumps(items, ensure_ascii=False)},
            queued_at=now,
            reader=last.reader,
            duty="news",
        )

    async def _mail(self, mail_id: str) -> MailQueued | None:
        facts = (await self._store.read(Aggregate(kind="mail", id=mail_id))).facts
        return next((fact for fact in facts if isinstance(fact, MailQueued)), None)


def _ever_held(held: frozenset[str], fact: ReaderFact) -> frozenset[str]:
    return held | {fact.mail_id} if isinstance(fact, DigestItemHeld) else held
