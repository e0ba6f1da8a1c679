"""`/api/v1/center`: what complainants and the accused see of what is theirs."""

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from services.moderation.api.conventions import (
    PROBLEMS,
    After,
    CaseId,
    ComplaintId,
    Cursor,
    EvidenceId,
    Limit,
    Part,
    Token,
    download,
    tagged,
)
from services.moderation.center import Center
from services.moderation.party_models import (
    AccusedCaseDetail,
    AccusedCasePage,
    ComplaintDetail,
    ComplaintPage,
    StandingShown,
)
from services.runtime.auth import Viewer
from services.runtime.evidence import EvidenceStore


def router(center: Center, evidence: EvidenceStore) -> APIRouter:
    api = APIRouter(prefix="/center", tags=["complaint center"], responses=PROBLEMS)

    @api.get("/complaints")
    async def list_complaints(
        viewer: Viewer, cursor: Cursor = None, limit: Limit = 20, after: After = None
    ) -> ComplaintPage:
        """The reader's own complaints, newest first."""
        return await center.complaints(viewer, cursor=cursor, limit=limit, after=after)

    @api.get("/complaints/{complaint_id}")
    async def read_complaint(
        complaint_id: ComplaintId,
        viewer: Viewer,
        response: Response,
        after: After = None,
        token: Token = None,
    ) -> ComplaintDetail:
        """How a complaint stands, to its complainant: a member who is signed in, or a guest with
        the token from the receipt (in `token`, or as the bearer token)."""
        complaint = await center.complaint(viewer, complaint_id, after=after)
        tagged(response, complaint.version)
        return complaint

    @api.get("/complaints/{complaint_id}/evidence/{evidence_id}", response_class=StreamingResponse)
    async def download_own_evidence(
        complaint_id: ComplaintId,
        evidence_id: EvidenceId,
        viewer: Viewer,
        part: Part,
        token: Token = None,
    ) -> StreamingResponse:
        """A file that the complainant sent with the complaint, as an attachment."""
        file = await center.complaint_evidence(viewer, complaint_id, evidence_id)
        return await download(evidence, file, part)

    @api.get("/cases")
    async def list_cases_against(
        viewer: Viewer, cursor: Cursor = None, limit: Limit = 20, after: After = None
    ) -> AccusedCasePage:
        """The cases against the reader of which they were told, the last told first."""
        return await center.cases(viewer, cursor=cursor, limit=limit, after=after)

    @api.get("/cases/{case_id}")
    async def read_case_against(
        case_id: CaseId,
        viewer: Viewer,
        response: Response,
        after: After = None,
        token: Token = None,
    ) -> AccusedCaseDetail:
        """A case to its accused: what is alleged, until when to answer, what was decided and why.
        Nothing in it tells who complained."""
        case = await center.case(viewer, case_id, after=after)
        tagged(response, case.version)
        return case

    @api.get("/cases/{case_id}/evidence/{evidence_id}", response_class=StreamingResponse)
    async def download_evidence_of_case(
        case_id: CaseId,
        evidence_id: EvidenceId,
        viewer: Viewer,
        part: Part,
        token: Token = None,
    ) -> StreamingResponse:
        """A file that the accused sent, or one that shows what is alleged, as an attachment; the
        latter without the name that its uploader gave it."""
        file, foreign = await center.case_evidence(viewer, case_id, evidence_id)
        return await download(evidence, file, part, name="evidence" if foreign else None)

    @api.get("/standing")
    async def read_standing(viewer: Viewer, after: After = None) -> StandingShown:
        """The reader's own record: points in each track with how each came about and when it
        expires, the thresholds, and every measure."""
        return await center.standing(viewer, after=after)

    return api
