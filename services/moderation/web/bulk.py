"""`/moderation/bulk`: one command on every case of a query, from preview to last outcome."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from contracts.ids import new_id
from services.moderation.bulk import Bulks
from services.moderation.desk import READERS
from services.moderation.policy import Policy
from services.moderation.staff_models import BulkPreview, BulkWanted
from services.moderation.web.bulk_forms import bulk_forms
from services.moderation.web.forms import command_of
from services.runtime.auth import Principal, require, verify_csrf
from services.runtime.problems import Invalid, Refused
from services.runtime.web import Form, Pages

Reader = Annotated[Principal, Depends(require(*READERS))]


def router(pages: Pages, bulks: Bulks, *, policy: Policy) -> APIRouter:
    site = APIRouter(prefix="/moderation/bulk", dependencies=[Depends(verify_csrf)])

    @site.get("")
    async def index(request: Request, who: Reader, cursor: str | None = None) -> HTMLResponse:
        page = await bulks.all(who, cursor=cursor)
        return pages.render(request, "console/bulks.html", page=page)

    def asked(
        request: Request,
        query: str,
        *,
        command: str = "",
        form: Form | None = None,
        preview: BulkPreview | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        return pages.render(
            request,
            "console/bulk-new.html",
            status=status,
            query=query,
            forms=bulk_forms(policy),
            command=command,
            form=form or Form(),
            preview=preview,
            key=(form.value("key") if form else "") or new_id(),
        )

    @site.get("/new")
    async def new(request: Request, who: Reader, query: str = "") -> HTMLResponse:
        return asked(request, query)

    @site.post("/new/{command}")
    async def send(request: Request, who: Reader, command: str) -> Response:
        form = await request.form()
        typed = Form.of(form)
        query = typed.value("query")
        try:
            body: dict[str, Any] = command_of(command, form).model_dump(mode="json")
            wanted = BulkWanted(command=command, body=body, query=query)
            if form.get("intent") != "start":
                preview = await bulks.preview(who, wanted)
                return asked(request, query, command=command, form=typed, preview=preview)
            bulk = await bulks.start(who, wanted, key=typed.value("key") or None)
        except Refused as refusal:
            refused = Form.refused(form, refusal)
            if isinstance(refusal, Invalid) and any(e["field"] == "query" for e in refusal.errors):
                refused = Form(typed.values, message=refusal.errors[0]["message"])
            return asked(request, query, command=command, form=refused, status=refusal.status)
        return RedirectResponse(f"/moderation/bulk/{bulk.id}", 303)

    @site.get("/{bulk_id}")
    async def one(request: Request, who: Reader, bulk_id: str) -> HTMLResponse:
        bulk = await bulks.read(who, bulk_id)
        headers = {} if bulk.finished_at else {"Refresh": "1"}
        return pages.render(request, "console/bulk.html", bulk=bulk, headers=headers)

    @site.post("/{bulk_id}/stop")
    async def stop(who: Reader, bulk_id: str) -> Response:
        await bulks.stop(who, bulk_id)
        return RedirectResponse(f"/moderation/bulk/{bulk_id}", 303)

    return site
