"""All pages of moderation."""

from fastapi import APIRouter

from services.moderation.bulk import Bulks
from services.moderation.center import Center
from services.moderation.desk import Desk
from services.moderation.figures import Figures
from services.moderation.members import Members
from services.moderation.outgoing.desk import OutgoingDesk
from services.moderation.outgoing.report_desk import ReportDesk
from services.moderation.policy import Policy
from services.moderation.staff_desk import StaffDesk
from services.moderation.texts_desk import ReasonTexts
from services.moderation.web import bulk as bulk_pages
from services.moderation.web import center as center_pages
from services.moderation.web import (
    center_labels,
    console,
    labels,
    outgoing_labels,
    oversight,
    queue,
    queue_labels,
    reason_texts,
    report,
    report_labels,
)
from services.moderation.web import members as member_pages
from services.moderation.web import outgoing as outgoing_pages
from services.runtime.clock import Clock
from services.runtime.live import Live
from services.runtime.translator import Translator
from services.runtime.web import Pages

FUNCTIONS = (
    labels.FUNCTIONS
    | queue_labels.FUNCTIONS
    | center_labels.FUNCTIONS
    | outgoing_labels.FUNCTIONS
    | report_labels.FUNCTIONS
)


def router(
    pages: Pages,
    desk: Desk,
    center: Center,
    *,
    staff: StaffDesk,
    bulks: Bulks,
    figures: Figures,
    texts: ReasonTexts,
    members: Members,
    told_outside: OutgoingDesk,
    reports: ReportDesk,
    live: Live,
    translator: Translator,
    policy: Policy,
    clock: Clock,
) -> APIRouter:
    """The console at `/moderation`, the Complaint Center at `/center`.

    `pages` must have been made with `functions=FUNCTIONS`.
    """
    site = APIRouter(include_in_schema=False)
    site.include_router(queue.router(pages, desk, staff, live))
    site.include_router(
        console.router(pages, desk, texts, live, translator, policy=policy, clock=clock)
    )
    site.include_router(bulk_pages.router(pages, bulks, policy=policy))
    site.include_router(oversight.router(pages, desk, staff, figures))
    site.include_router(member_pages.router(pages, members, staff, live))
    site.include_router(outgoing_pages.router(pages, told_outside, live))
    site.include_router(reason_texts.router(pages, texts))
    site.include_router(report.router(pages, reports, clock=clock))
    site.include_router(center_pages.router(pages, center, live))
    return site
