"""`/mail/notices`: what happened, inside the site: the same table of who is told what as the mails,
with a count of what is new that every page shows and keeps up to date."""

from collections.abc import Collection, Iterable
from datetime import datetime

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.requests import Request

from services.notifier.preferences import Preferences
from services.notifier.rendering import Preview
from services.notifier.store import Ledger, queued
from services.runtime.auth import Principal, SignInRequired, Viewer, verify_csrf
from services.runtime.database import Row
from services.runtime.live import Change, Live
from services.runtime.sentences import gettext as _
from services.runtime.web import Pages

ROWS = 20
TOPIC = "notices:"


class Audiences:
    """Whose notices a change of the ledger concerns."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def __call__(self, changes: Collection[Change], topics: Collection[str]) -> Iterable[str]:
        if not any(topic.startswith(TOPIC) for topic in topics):
            return ()
        told = await self._ledger.told_by([each.id for each in changes if each.kind == "mail"])
        return {TOPIC + reader for reader in told}


def router(
    pages: Pages, ledger: Ledger, preview: Preview, preferences: Preferences, live: Live
) -> APIRouter:
    site = APIRouter(include_in_schema=False, prefix="/mail/notices")

    @site.get("")
    async def shown(request: Request, viewer: Viewer, before: int | None = None) -> HTMLResponse:
        reader = _reader(viewer)
        rows, until = await ledger.notices(reader, before=before, limit=ROWS)
        language = pages.language(request)
        return pages.render(
            request,
            "mail/notices.html",
            notices=[_notice(row, preview, language, until) for row in rows],
            newest=rows[0]["queued_at"].isoformat() if rows and before is None else "",
            next_href=f"?before={rows[-1]['sequence']}" if len(rows) == ROWS else None,
            first_href="/mail/notices" if before else None,
        )

    @site.post("", dependencies=[Depends(verify_csrf)])
    async def read(request: Request, viewer: Viewer) -> Response:
        reader = _reader(viewer)
        until = str((await request.form()).get("until", ""))
        if until:
            await preferences.read(reader, datetime.fromisoformat(until))
        return RedirectResponse("/mail/notices", 303)

    @site.get("/unread")
    async def unread(viewer: Viewer) -> Response:
        count = await ledger.unread(_reader(viewer))
        return JSONResponse({"unread": count}, headers={"cache-control": "no-store"})

    @site.get("/live")
    async def heard(request: Request, viewer: Viewer) -> Response:
        reader = _reader(viewer)
        return live.stream(request, [TOPIC + reader], reader=reader)

    return site


def _reader(viewer: Principal | None) -> str:
    if viewer is None or not viewer.signed_in:
        raise SignInRequired(_("Sign in to see what happened."))
    return f"member:{viewer.id}"


def _notice(row: Row, preview: Preview, language: str, until: datetime | None) -> Row:
    about = (
        f"/center/complaints/{row['complaint_id']}"
        if row["audience"] == "complainant"
        else f"/center/cases/{row['case_id']}"
    )
    return {
        "subject": preview(queued(row).model_copy(update={"language": language})).subject,
        "href": about,
        "at": row["queued_at"],
        "new": until is None or row["queued_at"] > until,
    }
