"""`/api/v1/moderation`: cases, and what moderators do to them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from services.moderation.api import commands
from services.moderation.api.commands import Reader
from services.moderation.api.conventions import (
    PROBLEMS,
    After,
    CaseId,
    Cursor,
    EvidenceId,
    Limit,
    Part,
    download,
    tagged,
)
from services.moderation.commands import Decide
from services.moderation.desk import Desk
from services.moderation.list_query import ListQuery
from services.moderation.read_models import (
    Acted,
    CaseDetail,
    CasePage,
    ComplaintOfCasePage,
    Preview,
    QueueCounts,
)
from services.runtime.auth import verify_csrf
from services.runtime.evidence import EvidenceStore


class CaseList(ListQuery):
    """A page of a list of cases."""

    cursor: Cursor = None
    limit: Limit = 50
    after: After = None


def router(desk: Desk, evidence: EvidenceStore) -> APIRouter:
    api = APIRouter(
        prefix="/moderation",
        tags=["moderation"],
        dependencies=[Depends(verify_csrf)],
        responses=PROBLEMS,
    )

    @api.get("/cases")
    async def list_cases(who: Reader, asked: Annotated[CaseList, Query()]) -> CasePage:
        """The queue, a page at a time."""
        return await desk.queue(
            who, asked.filters(), cursor=asked.cursor, limit=asked.limit, after=asked.after
        )

    @api.get("/queues")
    async def list_queues(who: Reader) -> QueueCounts:
        """The queues that there are, and how many cases stand in each."""
        return await desk.counts(who)

    @api.post("/next")
    async def claim_next(
        who: Reader, response: Response, asked: Annotated[ListQuery, Query()]
    ) -> Acted:
        """Claims the most urgent case of the queue on which nobody works; 404 when none is left."""
        acted = await desk.next_case(who, asked.filters())
        tagged(response, acted.version)
        return acted

    @api.get("/cases/{case_id}")
    async def read_case(
        case_id: CaseId, who: Reader, response: Response, after: After = None
    ) -> CaseDetail:
        """A case with its complaints, answers, timeline, and what the reader may do now.

        The `ETag` is its version, for `If-Match`.
        """
        case = await desk.case(who, case_id, after=after)
        tagged(response, case.version)
        return case

    @api.get("/cases/{case_id}/complaints")
    async def list_complaints(
        case_id: CaseId, who: Reader, cursor: Cursor = None, limit: Limit = 50
    ) -> ComplaintOfCasePage:
        """The complaints that joined a case, the first ones first, a page at a time."""
        return await desk.complaints(who, case_id, cursor=cursor, limit=limit)

    @api.get("/cases/{case_id}/evidence/{evidence_id}", response_class=StreamingResponse)
    async def download_evidence(
        case_id: CaseId, evidence_id: EvidenceId, who: Reader, part: Part
    ) -> StreamingResponse:
        """A file that either side sent, or a part of it, as an attachment."""
        return await download(evidence, await desk.evidence(who, case_id, evidence_id), part)

    @api.post("/cases/{case_id}/decide/preview")
    async def preview(case_id: CaseId, who: Reader, body: Decide) -> Preview:
        """The decision as the accused will read it and as it will count. Nothing is changed."""
        return await desk.preview(who, case_id, body)

    commands.declare(api, desk)
    return api
