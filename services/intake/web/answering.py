"""`/cases/{id}/answer`: where the accused answers (R35)."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from contracts.ids import new_id
from services.intake import checks
from services.intake.answering import Answering, CounterNoticeBody
from services.intake.evidence import EvidenceDesk
from services.intake.filing import Filing
from services.intake.uploads import FormRequest
from services.intake.web import labels
from services.intake.web.attaching import FIELD, attach, shown, without
from services.runtime.auth import Principal, SignInRequired, Viewer, verify_csrf
from services.runtime.clock import Clock
from services.runtime.problems import Invalid, Unavailable
from services.runtime.web import Form, Pages


@dataclass(frozen=True, slots=True)
class Entered:
    """What the form holds. `key` makes sending twice answer once."""

    key: str
    text: str = ""
    evidence: tuple[str, ...] = ()


def router(
    *, pages: Pages, answering: Answering, filing: Filing, desk: EvidenceDesk, clock: Clock
) -> APIRouter:
    site = APIRouter(prefix="/cases/{case_id}/answer", include_in_schema=False)

    async def page(
        request: Request,
        who: Principal,
        case_id: str,
        entered: Entered,
        *,
        errors: Mapping[str, str] | None = None,
        message: str = "",
    ) -> HTMLResponse:
        case, due_at, answers = await answering.case(case_id, who)
        return pages.render(
            request,
            "answer.html",
            status=422 if errors or message else 200,
            form=Form({"text": [entered.text]} if entered.text else {}, errors or {}, message),
            entered=entered,
            case_id=case_id,
            case=case,
            due_at=due_at,
            late=clock() > due_at,
            answers=answers,
            type_name=labels.type_name(case.complaint_type),
            evidence=await shown(entered.evidence, filing=filing, who=who),
        )

    @site.get("")
    async def begin(request: Request, who: Viewer, case_id: str) -> Response:
        return await page(request, _signed_in(who), case_id, Entered(key=new_id()))

    @site.post("")
    async def send(request: Request, who: Viewer, case_id: str) -> Response:
        received_at = clock()
        sent = FormRequest(request.scope, request.receive)
        await verify_csrf(sent)
        accused = _signed_in(who)
        await answering.case(case_id, accused)
        form = await sent.form()
        try:
            ids = [each for each in form.getlist("evidence") if isinstance(each, str)]
            attached = await attach(form, ids, desk=desk, who=who)
            pressed = str(form.get("go", "next"))
            entered = Entered(
                key=str(form.get("key") or new_id()),
                text=str(form.get("text", "")),
                evidence=without(attached.ids, pressed),
            )
        finally:
            await form.close()
        told = {FIELD: attached.flaw}
        if pressed == "next":
            told["text"] = checks.description(entered.text)
        errors = {field: sentence for field, sentence in told.items() if sentence}
        if errors or pressed != "next":
            return await page(request, accused, case_id, entered, errors=errors)
        try:
            receipt = await answering.submit(
                case_id,
                CounterNoticeBody(text=entered.text, evidence=list(entered.evidence)),
                accused,
                received_at=received_at,
                key=entered.key,
                correlation=request.state.correlation,
            )
        except Invalid as refused:
            errors = {each["field"]: each["message"] for each in refused.errors}
            if "evidence" in errors:
                errors[FIELD] = errors.pop("evidence")
            return await page(request, accused, case_id, entered, errors=errors)
        except Unavailable as refused:
            return await page(request, accused, case_id, entered, message=refused.detail)
        return RedirectResponse(receipt.page_url, 303, headers={"Cache-Control": "no-store"})

    return site


def _signed_in(who: Principal | None) -> Principal:
    if who is None:
        raise SignInRequired("Sign in to answer.")
    return who
