"""`/api/v1/moderation/outgoing`: records for the Transparency Database, and webhooks."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query

from services.moderation.api.conventions import PROBLEMS, After, Cursor, Limit
from services.moderation.desk import READERS
from services.moderation.outgoing.desk import (
    ChannelName,
    OutgoingDesk,
    OutgoingItem,
    OutgoingPage,
    Resend,
    Resent,
)
from services.moderation.outgoing.item import OutgoingState
from services.runtime.auth import Principal, require, verify_csrf

Reader = Annotated[Principal, Depends(require(*READERS))]


def router(desk: OutgoingDesk) -> APIRouter:
    api = APIRouter(
        prefix="/moderation/outgoing",
        tags=["outgoing"],
        dependencies=[Depends(verify_csrf)],
        responses=PROBLEMS,
    )

    @api.get("")
    async def list_outgoing(
        who: Reader,
        channel: ChannelName | None = None,
        state: Annotated[list[OutgoingState] | None, Query()] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
        after: After = None,
    ) -> OutgoingPage:
        """What was told outside or failed to be, the newest first. Failures are those with the
        state `waiting` (tried again by itself), `dead` and `refused`."""
        return await desk.page(
            who,
            channel=channel,
            states=tuple(state or ()),
            cursor=cursor,
            limit=limit,
            after=after,
        )

    @api.get("/{outgoing_id}")
    async def read_outgoing(outgoing_id: str, who: Reader, after: After = None) -> OutgoingItem:
        """One message: what it says, how it stands, and what is wrong with it in which field."""
        return await desk.one(who, outgoing_id, after=after)

    @api.post("/{outgoing_id}/resend")
    async def resend(
        outgoing_id: str,
        who: Reader,
        body: Annotated[Resend, Body()] = Resend(),  # noqa: B008
    ) -> Resent:
        """Has it sent again, for instance after the other side was mended."""
        return await desk.resend(who, outgoing_id, body)

    return api
