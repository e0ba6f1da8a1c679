"""The receipt of a complaint (R30, R33): its number, and what happens next."""

import re
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from contracts.complaint import ComplaintFiled
from contracts.envelope import Aggregate
from services.intake.farside import FarSide
from services.intake.profile import Profile
from services.intake.suspensions import Suspensions
from services.intake.web import labels
from services.intake.web.steps import page_headers
from services.runtime.auth import Principal, Viewer
from services.runtime.events import EventStore
from services.runtime.problems import NotFound
from services.runtime.sentences import gettext as _
from services.runtime.web import Pages

_ID: Final = re.compile(r"[0-9a-f]{32}")


def router(
    *, pages: Pages, events: EventStore, suspensions: Suspensions, far: FarSide, profile: Profile
) -> APIRouter:
    site = APIRouter(include_in_schema=False)

    @site.get("/complaints/{complaint_id}")
    async def receipt(
        request: Request,
        who: Viewer,
        complaint_id: str,
        after: int | None = None,
        again: bool = False,
    ) -> HTMLResponse:
        """`again`: the same was sent once more, and this is still its receipt."""
        filed = await _filed(events, complaint_id)
        if filed is None or not _may_read(who, filed):
            raise NotFound(
                _("There is no receipt here for you. Open the link in the e-mail, or sign in.")
            )
        query = f"?{request.url.query}" if request.url.query else ""
        return pages.render(
            request,
            "receipt.html",
            headers=page_headers(pages, profile),
            filed=filed,
            card=await far.card(filed.product.product_id),
            again=again,
            notice=await suspensions.sentence(filed.complainant.actor, now=filed.filed_at),
            center_url=f"/center/complaints/{complaint_id}{query}",
            type_name=labels.type_name(filed.complaint_type),
            reason_name=labels.reason_name(filed.reason),
        )

    return site


async def _filed(events: EventStore, complaint_id: str) -> ComplaintFiled | None:
    """The complaint as the log has it: the pages of moderation may be a moment behind."""
    if not _ID.fullmatch(complaint_id):
        return None
    history = await events.read(Aggregate(kind="complaint", id=complaint_id))
    return next((fact for fact in history.facts if isinstance(fact, ComplaintFiled)), None)


def _may_read(who: Principal | None, filed: ComplaintFiled) -> bool:
    if who is None:
        return False
    mine = who.proven and who.party == filed.complainant.actor
    return mine or who.holds("complaint", filed.complaint_id)
