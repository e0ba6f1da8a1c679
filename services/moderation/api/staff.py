"""`/api/v1/moderation`: bulk actions, saved queues, figures, the audit, exports."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from services.moderation.api.conventions import PROBLEMS, CaseId, Cursor, Key, Limit
from services.moderation.bulk import Bulks
from services.moderation.case_query import LISTED
from services.moderation.desk import READERS, Desk
from services.moderation.export import MEDIA_TYPES, Format, written
from services.moderation.figures import Figures, FiguresShown
from services.moderation.list_query import ListQuery
from services.moderation.staff_desk import StaffDesk
from services.moderation.staff_models import (
    AuditPage,
    Bulk,
    BulkDetail,
    BulkPage,
    BulkPreview,
    BulkWanted,
    QualitySample,
    QualityVerdict,
    SavedQueue,
)
from services.runtime.auth import Principal, require, verify_csrf

Reader = Annotated[Principal, Depends(require(*READERS))]
Overseer = Annotated[Principal, Depends(require("senior_moderator", "supervisor"))]
Form = Annotated[Format, Query(alias="format")]

AUDITED = ("at", "what", "by", "case_id", "number", "detail", "deed")


class ExportQuery(ListQuery):
    """Which cases, and as what."""

    format: Literal["csv", "jsonl"] = "csv"


def router(desk: Desk, staff: StaffDesk, bulks: Bulks, figures: Figures) -> APIRouter:
    api = APIRouter(
        prefix="/moderation",
        tags=["moderators' desk"],
        dependencies=[Depends(verify_csrf)],
        responses=PROBLEMS,
    )

    @api.get("/saved-queues")
    async def list_saved_queues(who: Reader) -> tuple[SavedQueue, ...]:
        """The queues that the reader keeps."""
        return await staff.queues(who)

    @api.put("/saved-queues/{name}")
    async def save_queue(
        who: Reader, name: str, asked: Annotated[ListQuery, Query()]
    ) -> SavedQueue:
        """Keeps the query under a name, or changes what is kept under it."""
        return await staff.save_queue(who, name, asked)

    @api.delete("/saved-queues/{queue_id}", status_code=204)
    async def forget_queue(who: Reader, queue_id: str) -> None:
        await staff.forget_queue(who, queue_id)

    @api.post("/bulk/preview")
    async def preview_bulk(who: Reader, body: BulkWanted) -> BulkPreview:
        """What a bulk action would do just now. Nothing is changed."""
        return await bulks.preview(who, body)

    @api.post("/bulk", status_code=202)
    async def start_bulk(who: Reader, body: BulkWanted, key: Key = None) -> Bulk:
        """Begins a command on every case of a query, at most 5,000. Each case is acted on as it is
        now: one that changes before its turn is refused, and told so."""
        return await bulks.start(who, body, key=key)

    @api.get("/bulk")
    async def list_bulks(who: Reader, cursor: Cursor = None, limit: Limit = 50) -> BulkPage:
        return await bulks.all(who, cursor=cursor, limit=limit)

    @api.get("/bulk/{bulk_id}")
    async def read_bulk(who: Reader, bulk_id: str) -> BulkDetail:
        """How far a bulk action is, and what came of each case."""
        return await bulks.read(who, bulk_id)

    @api.post("/bulk/{bulk_id}/stop", status_code=204)
    async def stop_bulk(who: Reader, bulk_id: str) -> None:
        """Goes no further. What is settled stays as it is."""
        await bulks.stop(who, bulk_id)

    @api.get("/figures")
    async def read_figures(
        who: Reader, days: Annotated[int, Query(ge=1, le=366)] = 30
    ) -> FiguresShown:
        """Open cases by age; how fast and how rightly was decided in the last days."""
        return await figures.read(who, days=days)

    @api.get("/quality")
    async def sample(
        who: Overseer, limit: Limit = 20, seed: Annotated[str, Query(max_length=64)] = ""
    ) -> QualitySample:
        """Decided cases for a second reading, by chance; the same `seed` gives the same ones."""
        return QualitySample(items=await desk.sample(who, seed=seed, limit=limit))

    @api.post("/quality/{case_id}", status_code=204)
    async def judge(who: Overseer, case_id: CaseId, body: QualityVerdict) -> None:
        """What a second reader thinks of a decision. It changes nothing in the case."""
        await staff.read_again(
            who,
            case_id=case_id,
            decision_id=body.decision_id,
            verdict=body.verdict,
            note=body.note,
        )

    @api.get("/audit")
    async def read_audit(
        who: Overseer,
        case: str | None = None,
        by: str | None = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> AuditPage:
        """Who saw and did what, the last first."""
        await staff.viewed(who, "audit", case_id=case, detail=by or "")
        return await staff.audit(who, case_id=case, by=by, cursor=cursor, limit=limit)

    @api.get("/audit/export", response_class=StreamingResponse)
    async def export_audit(
        who: Overseer, case: str | None = None, by: str | None = None, form: Form = "csv"
    ) -> StreamingResponse:
        """The whole audit as a file."""
        await staff.exported(who, "audit", f"case={case or ''}&by={by or ''}", form)
        rows = staff.audit_all(who, case_id=case, by=by)
        return _file(written(rows, AUDITED, form), "audit", form)

    @api.get("/export", response_class=StreamingResponse)
    async def export_cases(
        who: Reader, asked: Annotated[ExportQuery, Query()]
    ) -> StreamingResponse:
        """Every case of a query as a file, however many there are."""
        await staff.exported(who, "cases", str(asked), asked.format)
        rows = desk.every(who, asked.filters())
        return _file(written(rows, LISTED, asked.format), "cases", asked.format)

    return api


def _file(content: object, name: str, form: Format) -> StreamingResponse:
    return StreamingResponse(
        content,  # type: ignore[arg-type]
        media_type=MEDIA_TYPES[form],
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{form}"',
            "Cache-Control": "no-store",
        },
    )
