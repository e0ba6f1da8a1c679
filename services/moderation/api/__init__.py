"""The HTTP API of moderation: the moderators' side and the Complaint Center."""

from fastapi import APIRouter

from services.moderation.api import cases, center, members, outgoing, reason_texts, reports
from services.moderation.api import staff as staff_api
from services.moderation.bulk import Bulks
from services.moderation.center import Center
from services.moderation.desk import Desk
from services.moderation.figures import Figures
from services.moderation.members import Members
from services.moderation.outgoing.desk import OutgoingDesk
from services.moderation.outgoing.report_desk import ReportDesk
from services.moderation.staff_desk import StaffDesk
from services.moderation.texts_desk import ReasonTexts
from services.runtime.evidence import EvidenceStore


def router(
    desk: Desk,
    complaint_center: Center,
    evidence: EvidenceStore,
    records: Members,
    told_outside: OutgoingDesk,
    yearly: ReportDesk,
    staff: StaffDesk,
    bulks: Bulks,
    figures: Figures,
    texts: ReasonTexts,
) -> APIRouter:
    """The routes below `/api/v1` that belong to moderation."""
    api = APIRouter(prefix="/api/v1")
    api.include_router(cases.router(desk, evidence))
    api.include_router(center.router(complaint_center, evidence))
    api.include_router(members.router(records))
    api.include_router(outgoing.router(told_outside))
    api.include_router(reports.router(yearly))
    api.include_router(staff_api.router(desk, staff, bulks, figures))
    api.include_router(reason_texts.router(desk, texts))
    return api
