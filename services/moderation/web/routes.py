"""All pages of moderation."""

from fastapi import APIRouter

from services.moderation.center import Center
from services.moderation.desk import Desk
from services.moderation.web import center as center_pages
from services.moderation.web import center_labels, console, labels, queue, queue_labels
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
    live: Live,
    translator: Translator,
    clock: Clock,
) -> APIRouter:
    """The console at `/moderation`, the Complaint Center at `/center`.

    `pages` must have been made with `functions=FUNCTIONS`.
    """
    site = APIRouter(include_in_schema=False)
    site.include_router(queue.router(pages, desk, live))
    site.include_router(console.router(pages, desk, live, translator, clock=clock))
    site.include_router(center_pages.router(pages, center, live))
    return site
