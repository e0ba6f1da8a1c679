"""`GET /api/v1/mails`: what was mailed to whom, for staff and their programs."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from contracts.mail import Audience
from services.notifier.projection import State
from services.notifier.rendering import Preview, Rendered
from services.notifier.store import Ledger, queued
from services.runtime.auth import require
from services.runtime.auth.principal import STAFF_ROLES
from services.runtime.database import Row


class Mail(BaseModel):
    """One mail of the ledger. `reply` is the server's last answer, or why none came."""

    id: str
    to: str
    audience: Audience
    subject: str
    template: str
    state: State
    queued_at: datetime
    sent_at: datetime | None
    retry_at: datetime | None
    attempts: int
    reply: str | None
    message_id: str | None
    case_id: str | None
    complaint_id: str | None
    text: str


class MailPage(BaseModel):
    """`next` is the `cursor` of the page after this one; None on the last."""

    items: list[Mail]
    next: str | None


def router(ledger: Ledger, preview: Preview) -> APIRouter:
    api = APIRouter(tags=["mails"])

    @api.get("/api/v1/mails", dependencies=[Depends(require(*sorted(STAFF_ROLES)))])
    async def mails(
        to: Annotated[str | None, Query(description="The whole address, in any case.")] = None,
        state: State | None = None,
        cursor: Annotated[int | None, Query(description="The `next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> MailPage:
        """Newest first."""
        rows = await ledger.of_address(to, state=state, before=cursor, limit=limit)
        following = str(rows[-1]["sequence"]) if len(rows) == limit else None
        return MailPage(items=[_mail(row, preview(queued(row))) for row in rows], next=following)

    return api


def _mail(row: Row, rendered: Rendered) -> Mail:
    return Mail(
        id=row["mail_id"],
        to=row["to_address"],
        audience=row["audience"],
        subject=rendered.subject,
        template=row["template"],
        state=row["state"],
        queued_at=row["queued_at"],
        sent_at=row["sent_at"],
        retry_at=row["retry_at"],
        attempts=row["attempts"],
        reply=row["last_reply"],
        message_id=row["message_id"],
        case_id=row["case_id"],
        complaint_id=row["complaint_id"],
        text=rendered.text,
    )
