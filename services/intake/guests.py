"""Guests who prove their address: the link that opens all their complaints is mailed to it."""

from datetime import datetime, timedelta
from typing import Final

import structlog
from starlette.background import BackgroundTask

from contracts.complaint import GuestLinkAsked
from contracts.envelope import Aggregate, Meta
from contracts.ids import new_id
from services.intake import checks
from services.intake.decider.matter import NO_COMPLAINT, Complaint, evolve_complaint
from services.intake.decider.refusals import refuse
from services.intake.store import Store
from services.runtime.auth import guest_id
from services.runtime.events import EventStore
from services.runtime.problems import Unavailable

log = structlog.get_logger(__name__)

HOLDS: Final = timedelta(hours=24)
"""For how long a mailed link opens the guest's session."""
PAUSE: Final = timedelta(minutes=5)
"""Between two such mails, so that nobody fills a mailbox that is not theirs."""


class Guests:
    """Has links mailed. Whoever asks learns nothing about the address."""

    def __init__(self, *, events: EventStore, store: Store) -> None:
        self._events = events
        self._store = store

    def checked(self, email: str) -> str:
        """The address, tidied. Raises Invalid when it is none."""
        address = checks.address(email)
        refuse({"email": checks.email(address)})
        return address

    def asking(self, address: str, *, now: datetime, correlation: str) -> BackgroundTask:
        """`ask`, to be done once the answer is out: that takes the same time for every address."""
        return BackgroundTask(self.ask, address, now=now, correlation=correlation)

    async def ask(self, address: str, *, now: datetime, correlation: str) -> None:
        """Asks for the link on the guest's newest complaint; nothing where there is none."""
        try:
            await self._ask(address, now=now, correlation=correlation)
        except Unavailable as away:  # whoever waits for the mail asks again
            log.warning("guest_link.not_asked", why=away.detail)

    async def _ask(self, address: str, *, now: datetime, correlation: str) -> None:
        guest = guest_id(address)
        complaint_id = await self._store.newest_complaint_of(f"guest:{guest}")
        if complaint_id is None:
            return

        def decide(complaint: Complaint) -> list[GuestLinkAsked]:
            before = complaint.link_asked_at
            if before is not None and now - before < PAUSE:
                return []
            return [GuestLinkAsked(guest=guest, asked_at=now, holds_until=now + HOLDS)]

        await self._events.handle(
            Aggregate(kind="complaint", id=complaint_id),
            initial=NO_COMPLAINT,
            evolve=evolve_complaint,
            decide=decide,
            meta=Meta(id=new_id(), time=now, actor="guest:anonymous", correlation=correlation),
        )
