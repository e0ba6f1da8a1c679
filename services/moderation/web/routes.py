"""All pages of moderation."""

from fastapi import APIRouter

from services.moderation.bulk import Bulks
from services.moderation.center import Center
from services.moderation.desk import Desk
from services.moderation.figures import Figures
from services.moderation.members import Members
from services.moderation.staff_desk import StaffDesk
from services.moderation.web import bulk as bulk_pages
from services.moderation.web import center as center_pages
from services.moderation.web import center_labels, console, labels, oversight, queue, queue_labels
from services.runtime.clock import Clock
from services.runtime.live import Live
from services.runtime.translator import Translator
from services.runtime.web import Pages

FUNCTIONS = labels.FUNCTIONS | queue_labels.FUNCTIONS | center_labels.FUNCTIONS


def router(
    pages: Pages,
    desk: Desk,
    center: Center,
    *,
    staff: StaffDesk,
    bulks: Bulks,
    figures: Figures,
    members: Members,
    live: Live,
    translator: Translator,
    clock: Clock,
) -> APIRouter:
    """The console at `/moderation`, the Complaint Center at `/center`.

    `pages` must have been made with `functions=FUNCTIONS`.
    """
    site = APIRouter(include_in_schema=False)
    site.include_router(queue.router(pages, desk, staff, live))
    site.include_router(console.router(pages, desk, live, translator, clock=clock))
    site.include_router(bulk_pages.router(pages, bulks))
    site.include_router(oversight.router(pages, desk, staff, figures, members))
    site.include_router(center_pages.router(pages, center, live))
    return site
