"""`/mail`: the ledger, one mail as its reader sees it, and the embedded mailbox."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from contracts.ids import new_id
from contracts.mail import MailQueued
from services.notifier.mailbox import File, Reader, Received
from services.notifier.outbox import Outbox
from services.notifier.projection import State
from services.notifier.rendering import Preview
from services.notifier.statement import Attachment
from services.notifier.store import Ledger, queued
from services.runtime.auth import Viewer, require, verify_csrf
from services.runtime.auth.principal import STAFF_ROLES
from services.runtime.problems import NotFound
from services.runtime.sentences import gettext as _
from services.runtime.web import Pages
from services.runtime.web.pages import PAGE_HEADERS

ROWS = 50

FRAMING = {
    "content-security-policy": PAGE_HEADERS["content-security-policy"] + "; frame-src 'self'"
}
"""The headers of a page that shows a mail in a frame."""

FRAMED = {
    "content-security-policy": "sandbox allow-popups; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-store",
}
"""The headers of a mail's HTML: it may look as it likes, and do nothing."""


Attached = Callable[[MailQueued], Sequence[Attachment]]
"""The documents that go along with a mail."""


def router(
    pages: Pages,
    ledger: Ledger,
    preview: Preview,
    attached: Attached,
    mailbox: Reader | None,
    outbox: Outbox,
) -> APIRouter:
    """`mailbox` is None where mails go to a server of somebody else's."""
    site = APIRouter(
        include_in_schema=False,
        prefix="/mail",
        dependencies=[Depends(require(*sorted(STAFF_ROLES)))],
    )

    @site.get("")
    async def sent(
        request: Request,
        q: str = "",
        state: Annotated[State | None, Query()] = None,
        before: int | None = None,
    ) -> HTMLResponse:
        rows = await ledger.search(q, state=state, before=before, limit=ROWS)
        place = {"q": q, "state": state or ""}
        more = {**place, "before": rows[-1]["sequence"]} if len(rows) == ROWS else None
        return pages.render(
            request,
            "mail/sent.html",
            q=q,
            state=state,
            counts=await ledger.counts(),
            mails=[row | {"subject": preview(queued(row)).subject} for row in rows],
            next_href=f"/mail?{urlencode(more)}" if more else None,
            first_href=f"/mail?{urlencode(place)}" if before else None,
            has_mailbox=mailbox is not None,
        )

    if mailbox is not None:
        _add_mailbox(site, pages, mailbox)

    @site.get("/{mail_id}")
    async def one(request: Request, mail_id: str, sent: str = "") -> HTMLResponse:
        row = await ledger.one(mail_id, patient=sent == "again")
        if row is None:
            raise NotFound(_("There is no such mail."))
        return pages.render(
            request,
            "mail/one.html",
            headers=FRAMING,
            mail=row,
            rendered=preview(queued(row)),
            files=_files(attached(queued(row)), f"/mail/{mail_id}"),
            address=await ledger.address(row["to_address"]),
            nonce=new_id(),
            has_mailbox=mailbox is not None,
            sent_again=sent == "again",
        )

    @site.post("/{mail_id}/again", dependencies=[Depends(verify_csrf)])
    async def again(request: Request, viewer: Viewer, mail_id: str) -> Response:
        assert viewer is not None  # the router lets in staff only
        nonce = str((await request.form()).get("nonce", "")) or new_id()
        again_id = await outbox.again(mail_id, by=viewer.actor, nonce=nonce)
        return RedirectResponse(f"/mail/{again_id}?sent=again", 303)

    @site.get("/{mail_id}/html")
    async def html(mail_id: str) -> HTMLResponse:
        row = await ledger.one(mail_id)
        if row is None:
            raise NotFound(_("There is no such mail."))
        return HTMLResponse(preview(queued(row)).html, headers=FRAMED)

    @site.get("/{mail_id}/files/{place}")
    async def file(mail_id: str, place: int) -> Response:
        row = await ledger.one(mail_id)
        return _file(attached(queued(row)) if row else (), place)

    return site


def _files(files: Sequence[Attachment | File], at: str) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "size": len(each.content), "href": f"{at}/files/{place}"}
        for place, each in enumerate(files)
    ]


def _file(files: Sequence[Attachment | File], place: int) -> Response:
    """Shown in the browser where it is a PDF, which has a place of its own there; else saved."""
    if not 0 <= place < len(files):
        raise NotFound(_("There is no such file at the mail."))
    file = files[place]
    shown = file.media_type == "application/pdf"
    headers = {
        "content-disposition": f"{'inline' if shown else 'attachment'}; "
        f"filename*=UTF-8''{quote(file.name, safe='')}",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    media_type = file.media_type if shown else "application/octet-stream"
    return Response(file.content, media_type=media_type, headers=headers)


def _add_mailbox(site: APIRouter, pages: Pages, mailbox: Reader) -> None:
    async def received(key: str) -> Received:
        found = await asyncio.to_thread(mailbox.one, key)
        if found is None:
            raise NotFound(_("There is no such mail in the mailbox."))
        return found

    @site.get("/mailbox")
    async def all_received(request: Request, before: str | None = None) -> HTMLResponse:
        mails = await asyncio.to_thread(mailbox.page, before=before, limit=ROWS)
        more = urlencode({"before": mails[-1].key}) if len(mails) == ROWS else None
        return pages.render(
            request,
            "mail/mailbox.html",
            mails=mails,
            next_href=f"/mail/mailbox?{more}" if more else None,
            first_href="/mail/mailbox" if before else None,
            has_mailbox=True,
        )

    @site.get("/mailbox/{key}")
    async def one_received(request: Request, key: str) -> HTMLResponse:
        mail = await received(key)
        return pages.render(
            request,
            "mail/received.html",
            headers=FRAMING,
            mail=mail,
            files=_files(mail.files, f"/mail/mailbox/{quote(key, safe='')}"),
            has_mailbox=True,
        )

    @site.get("/mailbox/{key}/files/{place}")
    async def file_received(key: str, place: int) -> Response:
        return _file((await received(key)).files, place)

    @site.get("/mailbox/{key}/html")
    async def html_received(key: str) -> HTMLResponse:
        return HTMLResponse((await received(key)).html, headers=FRAMED)

    @site.get("/mailbox/{key}/raw")
    async def raw_received(key: str) -> Response:
        raw = await asyncio.to_thread(mailbox.raw, key)
        if raw is None:
            raise NotFound(_("There is no such mail in the mailbox."))
        headers = {**FRAMED, "content-disposition": 'attachment; filename="mail.eml"'}
        return Response(raw, media_type="message/rfc822", headers=headers)
