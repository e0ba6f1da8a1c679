"""The pages on which either side sends something after filing (the table in `services.intake`).

All are alike: what it is about, words, mostly files, and a button. `FormPage` is that page; what is
shown and what is done differs.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.ids import new_id
from services.intake.evidence import EvidenceDesk
from services.intake.filing import Filing
from services.intake.parties import Accepted, Delivery
from services.intake.uploads import FormRequest
from services.intake.web.attaching import FIELD, attach, shown, without
from services.runtime.auth import Principal, SignInRequired, Viewer, verify_csrf
from services.runtime.clock import Clock
from services.runtime.problems import Forbidden, Invalid, NotFound, Refused, Unavailable
from services.runtime.sentences import gettext as _
from services.runtime.web import Form, Pages

CARRIED: Final = ("token", "complaint")
"""Query parameters that go along: a signed link's token, and which complaint is meant."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What the form holds. `key` makes sending twice send once."""

    key: str
    text: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is on a page about what: `id` is the complaint's, the case's or the decision's."""

    id: str
    who: Principal
    request: Request


@dataclass(frozen=True, slots=True)
class FormPage:
    """`shows` gives what the template needs, and raises what makes the form pointless; `sends` does
    what the form is for; `check` is a first look at the words, told together with the files'."""

    path: str
    template: str
    shows: Callable[[Visit], Awaitable[Mapping[str, Any]]]
    sends: Callable[[Visit, Entered, Delivery], Awaitable[Accepted]]
    check: Callable[[str], str | None]
    by_link: bool = True
    """Whether somebody may come without an account; else the browser is sent to sign in."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every form page needs to work."""

    pages: Pages
    filing: Filing
    evidence: EvidenceDesk
    clock: Clock


def routes(site: APIRouter, page: FormPage, desk: Desk) -> None:
    """Serves `page` at its path."""

    @site.get(page.path)
    async def begin(request: Request, who: Viewer) -> Response:
        visit = _visit(request, who)
        if visit is None:
            return _door(page, desk, request)
        return await _form(page, desk, visit, await page.shows(visit), Entered(key=new_id()))

    @site.post(page.path)
    async def send(request: Request, who: Viewer) -> Response:
        received_at = desk.clock()
        sent = FormRequest(request.scope, request.receive)
        await verify_csrf(sent)
        visit = _visit(request, who)
        if visit is None:
            return _door(page, desk, request)
        context: Mapping[str, Any] = {}
        pointless: Refused | None = None
        try:
            context = await page.shows(visit)
        except (NotFound, Forbidden):
            raise
        except Refused as refused:
            pointless = refused  # what was typed is shown again beside the reason
        form = await sent.form()
        try:
            ids = [each for each in form.getlist("evidence") if isinstance(each, str)]
            attached = await attach(form, ids, desk=desk.evidence, who=who)
            pressed = str(form.get("go", "next"))
            entered = Entered(
                key=str(form.get("key") or new_id()),
                text=str(form.get("text", "")),
                evidence=without(attached.ids, pressed),
            )
        finally:
            await form.close()
        delivery = Delivery(received_at, entered.key, request.state.correlation)
        if pointless is not None:
            return await _again(page, desk, visit, entered, delivery, pointless)
        told = {FIELD: attached.flaw}
        if pressed == "next":
            told["text"] = page.check(entered.text)
        errors = {field: sentence for field, sentence in told.items() if sentence}
        if errors or pressed != "next":
            return await _form(page, desk, visit, context, entered, errors=errors)
        try:
            return _done(visit, await page.sends(visit, entered, delivery))
        except Invalid as refused:
            errors = {each["field"]: each["message"] for each in refused.errors}
            if "evidence" in errors:
                errors[FIELD] = errors.pop("evidence")
            return await _form(page, desk, visit, context, entered, errors=errors)
        except Unavailable as refused:
            return await _form(page, desk, visit, context, entered, message=refused.detail)
        except (NotFound, Forbidden):
            raise
        except Refused as refused:
            return _refused(desk, visit, entered, refused)


def query_of(request: Request, **more: str) -> str:
    """`?token=…` and the like, as a form's action or a link on the page must carry it."""
    kept = {name: request.query_params[name] for name in CARRIED if name in request.query_params}
    kept |= more
    return f"?{urlencode(kept)}" if kept else ""


def _visit(request: Request, who: Principal | None) -> Visit | None:
    (identifier,) = request.path_params.values()
    return None if who is None else Visit(identifier, who, request)


def _door(page: FormPage, desk: Desk, request: Request) -> Response:
    if not page.by_link:
        raise SignInRequired(_("Sign in to go on."))
    back = request.url.path + query_of(request)
    return desk.pages.render(request, "parties/door.html", status=401, back=back)


async def _form(
    page: FormPage,
    desk: Desk,
    visit: Visit,
    context: Mapping[str, Any],
    entered: Entered,
    *,
    errors: Mapping[str, str] | None = None,
    message: str = "",
) -> Response:
    request = visit.request
    return desk.pages.render(
        request,
        page.template,
        status=422 if errors or message else 200,
        form=Form({"text": [entered.text]} if entered.text else {}, errors or {}, message),
        entered=entered,
        action=request.url.path + query_of(request),
        query=query_of(request),
        evidence=await shown(entered.evidence, filing=desk.filing, who=visit.who),
        **context,
    )


async def _again(
    page: FormPage,
    desk: Desk,
    visit: Visit,
    entered: Entered,
    delivery: Delivery,
    pointless: Refused,
) -> Response:
    """The form sent when it had become pointless: perhaps because it was sent before."""
    try:
        return _done(visit, await page.sends(visit, entered, delivery))
    except Refused:
        return _refused(desk, visit, entered, pointless)


def _refused(desk: Desk, visit: Visit, entered: Entered, refused: Refused) -> Response:
    return desk.pages.render(
        visit.request,
        "parties/refused.html",
        status=refused.status,
        title=refused.title,
        detail=refused.detail,
        text=entered.text,
    )


def _done(visit: Visit, accepted: Accepted) -> Response:
    token = visit.request.query_params.get("token")
    tail = f"&{urlencode({'token': token})}" if token else ""
    return RedirectResponse(accepted.page_url + tail, 303, headers={"Cache-Control": "no-store"})
