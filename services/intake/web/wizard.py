"""`/complaints/new`: the guide's steps from “dispute or complaint” to Submit (R17 to R30).

One address; each step's form carries all that was entered before (`web.draft`), so that a page can
be sent again, gone back from or corrected without anything being lost or filed twice.
"""

import re
from dataclasses import replace
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.ids import new_id
from services.intake.checks import DESCRIPTION_LIMIT
from services.intake.links import TEXT_LIMIT, resolve
from services.intake.uploads import FormRequest
from services.intake.web.attaching import FIELD, attach, without
from services.intake.web.draft import SHOWN, Draft, Step, first_flawed, flaws
from services.intake.web.steps import PATH, Wizard, is_guest, with_picked
from services.runtime.auth import Principal, Viewer, verify_csrf

DISPUTE: Final = "dispute"
BACK: Final = "back"
_CHAT: Final = re.compile("[0-9a-f]{32}")
TO: Final = "to:"


def router(wizard: Wizard) -> APIRouter:
    site = APIRouter(include_in_schema=False)

    @site.get(PATH)
    async def begin(
        request: Request, who: Viewer, product_link: str = "", go: str = "", chat: str = ""
    ) -> Response:
        """The first step; with `go=on` the complaint that this browser began, `go=afresh` drops
        it. From a support chat (`chat`) it comes filled in: `type`, `description`, `evidence`."""
        begun = wizard.keeping.begun(request, who)
        if begun and go == "on":
            return await wizard.page(request, who, begun.draft, begun.step)
        draft = Draft(key=new_id(), product_link=product_link[:TEXT_LIMIT])
        if _CHAT.fullmatch(chat):
            draft = _from_chat(draft, request, chat)
        afresh = go == "afresh"
        page = await wizard.page(request, who, draft, Step.CHOICE, begun=None if afresh else begun)
        if afresh:
            wizard.keeping.forget(page)
        return page

    @site.get(f"{PATH}/look")
    async def look(
        request: Request, who: Viewer, step: str = "", product_link: str = "", problem: str = ""
    ) -> Response:
        """For scripts: what the page says about a link while it is being entered."""
        draft = Draft(key="", product_link=product_link[:TEXT_LIMIT], problem=problem)
        return await wizard.look(request, who, draft, _step(step))

    @site.post(PATH)
    async def go_on(request: Request, who: Viewer) -> Response:
        sent = FormRequest(request.scope, request.receive)
        await verify_csrf(sent)
        form = await sent.form()
        try:
            draft = Draft.of(form)
            draft = draft if draft.key else replace(draft, key=new_id())
            step, pressed = _step(form.get("step")), str(form.get("go", "next"))
            attached = await attach(form, draft.evidence, desk=wizard.desk, who=who)
        finally:
            await form.close()
        draft = with_picked(replace(draft, evidence=without(attached.ids, pressed)), wizard.profile)
        if pressed == BACK:
            return await wizard.page(request, who, draft, step.previous)
        if pressed.startswith(TO):
            return await wizard.page(request, who, draft, _step(pressed.removeprefix(TO)))
        if pressed == DISPUTE:
            return await wizard.dispute(request, who, draft, step)
        errors = {}
        if pressed == "next":
            errors = flaws(draft, step, guest=is_guest(who), profile=wizard.profile)
        if attached.flaw:
            errors[FIELD] = attached.flaw
        if errors or pressed != "next":
            return await wizard.page(request, who, draft, step, errors=errors)
        if step is Step.SUMMARY:
            return await wizard.submit(request, who, draft)
        if step is Step.CHOICE and draft.choice == DISPUTE:
            return await wizard.dispute(request, who, draft, step)
        if step is Step.PRODUCT and resolve(draft.product_link, wizard.profile).others:
            return await wizard.page(request, who, draft, step)
        return await _following(request, who, wizard, draft, step)

    return site


async def _following(
    request: Request, who: Principal | None, wizard: Wizard, draft: Draft, step: Step
) -> Response:
    """The next step; for a correction made from the summary, the summary again, if it can be."""
    if not draft.checked:
        following = step.next
        if following is Step.SUMMARY:
            draft = replace(draft, checked="yes")
        return await wizard.page(request, who, draft, following)
    flawed = first_flawed(draft.settled(), guest=is_guest(who), profile=wizard.profile)
    return await wizard.page(request, who, draft, flawed[0] if flawed else Step.SUMMARY)


def _from_chat(draft: Draft, request: Request, chat: str) -> Draft:
    """What the chat knows already; it can all be changed."""
    told = request.query_params
    return replace(
        draft,
        chat=chat,
        choice="complaint",
        type=told.get("type", "")[:10],
        description=told.get("description", "")[:DESCRIPTION_LIMIT],
        evidence=tuple(told.getlist("evidence")[:1]),
    )


def _step(name: object) -> Step:
    return Step(name) if isinstance(name, str) and name in SHOWN else Step.CHOICE
