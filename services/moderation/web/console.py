"""`/moderation/cases/…`: the page of a case. Every action on it is a command of the API."""

from collections.abc import Callable, Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.requests import Request

from services.moderation.commands import Decide
from services.moderation.desk import READERS, Desk
from services.moderation.policy import Policy
from services.moderation.read_models import CaseDetail
from services.moderation.reason_texts import OfferedText
from services.moderation.texts_desk import ReasonTexts
from services.moderation.web import labels
from services.moderation.web.command_forms import command_forms
from services.moderation.web.foreign import originals
from services.moderation.web.forms import beside_fields, command_of
from services.runtime.auth import Principal, require, verify_csrf
from services.runtime.clock import Clock
from services.runtime.live import Live
from services.runtime.problems import Invalid, NotFound, Refused, Stale
from services.runtime.sentences import gettext as _
from services.runtime.translator import Translator
from services.runtime.web import Form, Pages
from services.runtime.web.text import reader

Reader = Annotated[Principal, Depends(require(*READERS))]


def router(
    pages: Pages,
    desk: Desk,
    texts: ReasonTexts,
    live: Live,
    translator: Translator,
    *,
    policy: Policy,
    clock: Clock,
) -> APIRouter:
    site = APIRouter(prefix="/moderation", dependencies=[Depends(verify_csrf)])

    async def texts_for(who: Principal, case: CaseDetail) -> Sequence[OfferedText]:
        title = case.product.title or case.number
        return await texts.offered(who, case.type, language=reader().language, title=title)

    async def shown(
        request: Request,
        who: Principal,
        case_id: str,
        *,
        after: int | None = None,
        status: int = 200,
        form: Form | None = None,
        command: str = "",
        done: str = "",
        preview: FormData | None = None,
        since: int | None = None,
    ) -> HTMLResponse:
        """The page of a case. `form` is that of `command`, as it was sent; `since` is the version
        that its sender saw, where the case has changed meanwhile."""
        live_address = live.address(request, f"/moderation/cases/{case_id}/live")
        case = await desk.case(who, case_id, after=after)
        now = clock()
        translated = await translator.translate(originals(case), pages.language(request))
        decision = None
        if preview is not None and form is not None:
            try:
                asked = command_of("decide", preview)
                assert isinstance(asked, Decide)
                decision = await desk.preview(who, case_id, asked)
            except Refused as refusal:
                status, form = refusal.status, _form(preview, refusal)
        return pages.render(
            request,
            "console/case.html",
            status=status,
            case=case,
            translated=translated,
            allowed={each.command: each for each in case.allowed},
            command=command,
            form=form or Form(),
            done=done,
            told=labels.done(done),
            preview=decision,
            rule=policy.rules[case.type],
            texts=await texts_for(who, case),
            holds=case.holder == who.id and case.held_until is not None and case.held_until > now,
            held=case.held_until is not None and case.held_until > now,
            forms=command_forms(case, policy),
            meanwhile=_meanwhile(case, since),
            address=_addresses(request, case_id),
            lease_seconds=int((policy.lease_until(now) - now).total_seconds()),
            query=request.query_params.get("in", ""),
            live_address=live_address,
        )

    @site.get("/cases/{case_id}")
    async def case(
        request: Request, who: Reader, case_id: str, after: int | None = None, done: str = ""
    ) -> HTMLResponse:
        return await shown(request, who, case_id, after=after, done=done)

    @site.get("/cases/{case_id}/complaints")
    async def complaints(
        request: Request, who: Reader, case_id: str, cursor: str | None = None
    ) -> HTMLResponse:
        return pages.render(
            request,
            "console/complaints.html",
            case=await desk.case(who, case_id),
            page=await desk.complaints(who, case_id, cursor=cursor),
        )

    @site.get("/cases/{case_id}/live")
    async def case_live(request: Request, who: Reader, case_id: str) -> Response:
        return live.stream(request, [f"case:{case_id}"], reader=who.actor)

    @site.post("/cases/{case_id}/{command}")
    async def act(request: Request, who: Reader, case_id: str, command: str) -> Response:
        form = await request.form()
        if form.get("intent") == "preview":
            typed = Form.of(form)
            return await shown(request, who, case_id, form=typed, command="decide", preview=form)
        if form.get("intent") == "template":
            offered = await texts_for(who, await desk.case(who, case_id))
            typed = _with_text(form, offered)
            return await shown(request, who, case_id, form=typed, command=command)
        try:
            asked = command_of(command, form)
            acted = await desk.act(who, case_id, asked, if_match=_version(form))
        except NotFound:
            raise
        except Refused as refusal:
            return await shown(
                request,
                who,
                case_id,
                status=refusal.status,
                form=_form(form, refusal),
                command=command,
                since=_version(form) if isinstance(refusal, Stale) else None,
            )
        place = {"after": str(acted.sequence), "done": command}
        if query := request.query_params.get("in"):
            place["in"] = query
        return RedirectResponse(f"/moderation/cases/{case_id}?{urlencode(place)}", 303)

    return site


def _addresses(request: Request, case_id: str) -> Callable[[str], str]:
    """Where the forms of the page go: each keeps the queue that the moderator came from."""
    query = request.query_params.get("in", "")
    kept = f"?{urlencode({'in': query})}" if query else ""
    return lambda command: f"/moderation/cases/{case_id}/{command}{kept}"


def _meanwhile(case: CaseDetail, since: int | None) -> list[labels.Event]:
    """What was done after the version `since`, the first first."""
    if since is None:
        return []
    newer = [each for each in case.timeline if each.sequence is not None and each.sequence > since]
    return labels.events_for_staff(newer)[::-1]


def _with_text(form: FormData, texts: Sequence[OfferedText]) -> Form:
    """The form with the text that was chosen, after what the moderator wrote."""
    typed = Form.of(form)
    chosen = next((each for each in texts if each.id == form.get("template")), None)
    if chosen is None:
        return typed
    written = "\n\n".join(e for e in (typed.value("facts").strip(), chosen.text) if e)
    return Form({**typed.values, "facts": [written]})


def _version(form: FormData) -> int | None:
    version = form.get("version")
    return int(version) if isinstance(version, str) and version.isdecimal() else None


def _form(data: FormData, refusal: Refused) -> Form:
    """What was typed, and why the command was refused. The page shows the case as it is now, with
    its present version, so that sending again is an answer to what has changed."""
    if isinstance(refusal, Invalid):
        return Form.refused(data, beside_fields(refusal))
    if isinstance(refusal, Stale):
        message = _(
            "The case has changed since you opened it. It is shown as it is now, and what you "
            "typed is still here. Look at what is new, then send again."
        )
        return Form(Form.of(data).values, message=message)
    return Form.refused(data, refusal)
