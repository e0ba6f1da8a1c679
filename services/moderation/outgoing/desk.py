"""What members of staff see of what is told outside, and have sent again."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.outgoing import FieldError
from services.moderation.commands.base import Command, Text
from services.moderation.desk import READERS
from services.moderation.outgoing.item import OutgoingState
from services.moderation.outgoing.privacy import personal_data
from services.moderation.outgoing.sending import Outgoing
from services.moderation.outgoing.store import OutgoingStore
from services.moderation.read_models import Shown
from services.runtime.auth import Principal, Role
from services.runtime.database import Row
from services.runtime.problems import Forbidden, Invalid, NotFound, Refused
from services.runtime.projection import Projector
from services.runtime.sentences import gettext as _

ChannelName = Literal["transparency", "webhook"]
RESENDERS: tuple[Role, ...] = ("senior_moderator", "supervisor")
FAILURES = (OutgoingState.WAITING, OutgoingState.DEAD, OutgoingState.REFUSED)


class AlreadyDelivered(Refused):
    title = _("It has arrived already")


class OutgoingItem(Shown):
    """A record for the Transparency Database, or a webhook. `errors` tell what is wrong in which
    field; `due_at` is when it is tried next, None when not by itself."""

    id: str
    channel: ChannelName
    topic: Annotated[str, Field(examples=["decision.taken"])]
    case_id: str | None
    state: OutgoingState
    failures: int
    reason: str | None
    errors: tuple[FieldError, ...]
    queued_at: datetime
    due_at: datetime | None
    changed_at: datetime
    document: dict[str, Any]


class OutgoingPage(Shown):
    items: tuple[OutgoingItem, ...]
    next: str | None


class Resent(Shown):
    id: str
    sequence: int


class Resend(Command):
    """Send it again. `facts` replaces the facts of a statement in which somebody was named."""

    facts: Text | None = None


class OutgoingDesk:
    def __init__(self, *, store: OutgoingStore, outgoing: Outgoing, projector: Projector) -> None:
        self._store = store
        self._outgoing = outgoing
        self._projector = projector

    async def page(
        self,
        who: Principal,
        *,
        channel: ChannelName | None,
        states: tuple[OutgoingState, ...],
        cursor: str | None,
        limit: int,
        after: int | None = None,
    ) -> OutgoingPage:
        """What was told or failed to be, the newest first."""
        _check(who)
        if after is not None:
            await self._projector.wait_for(after)
        page = await self._store.page(
            channel=channel, states=[str(state) for state in states], cursor=cursor, limit=limit
        )
        return OutgoingPage(items=tuple(_shown(row) for row in page.rows), next=page.next)

    async def one(
        self, who: Principal, outgoing_id: str, *, after: int | None = None
    ) -> OutgoingItem:
        """Raises NotFound."""
        _check(who)
        if after is not None:
            await self._projector.wait_for(after)
        return _shown(await self._row(outgoing_id))

    async def resend(self, who: Principal, outgoing_id: str, command: Resend) -> Resent:
        """Raises NotFound, AlreadyDelivered, and Invalid where somebody is still named."""
        if not who.may(*RESENDERS):
            raise Forbidden(_("Sending again is for senior moderators and supervisors."))
        row = await self._row(outgoing_id)
        if row["state"] == OutgoingState.DELIVERED and row["channel"] == "transparency":
            raise AlreadyDelivered(_("A statement is never changed nor sent twice."))
        body = None
        if command.facts is not None:
            document = json.loads(row["body"])
            if row["channel"] != "transparency":
                raise Invalid([{"field": "facts", "message": _("Only statements have facts.")}])
            document["decision_facts"] = command.facts
            people = await self._outgoing.people(row["case_id"]) if row["case_id"] else ()
            if found := personal_data(document, people):
                raise Invalid([{"field": "facts", "message": each.message} for each in found])
            body = json.dumps(document, ensure_ascii=False)
        elif row["state"] == OutgoingState.REFUSED:
            message = _("Word the facts anew, so that nobody can be recognised.")
            raise Invalid([{"field": "facts", "message": message}])
        sequence = await self._outgoing.requeue(outgoing_id, by=who.id, actor=who.actor, body=body)
        return Resent(id=outgoing_id, sequence=sequence)

    async def _row(self, outgoing_id: str) -> Row:
        row = await self._store.one(outgoing_id)
        if row is None:
            raise NotFound(_("There is no such message."))
        return row


def _shown(row: Row) -> OutgoingItem:
    same = {name: row[name] for name in OutgoingItem.model_fields if name != "document"}
    return OutgoingItem(**same, document=json.loads(row["body"]))


def _check(who: Principal) -> None:
    if not who.may(*READERS):
        raise Forbidden(_("What is told outside is for moderators."))
