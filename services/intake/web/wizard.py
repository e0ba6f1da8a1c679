"""`/complaints/new`: the guide's steps from “dispute or complaint” to Submit (R17 to R30).

One address; each step's form carries all that was entered before (`web.draft`), so that a page can
be sent again, gone back from or corrected without anything being lost or filed twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from contracts.ids import new_id
from services.intake.evidence import EvidenceDesk
from services.intake.filing import Filing
from services.intake.language import language_of
from services.intake.links import TEXT_LIMIT, resolve
from services.intake.store import Store
from services.intake.uploads import FormRequest
from services.intake.web import labels
from services.intake.web.attaching import FIELD, attach, shown, without
from services.intake.web.draft import SHOWN, Draft, Step, first_flawed, flaws
from services.runtime.auth import Principal, Viewer, verify_csrf
from services.runtime.problems import Invalid, Refused
from services.runtime.web import Form, Pages

PATH: Final = "/complaints/new"
DISPUTE: Final = "dispute"
BACK: Final = "back"
TO: Final = "to:"


@dataclass(frozen=True, slots=True)
class Wizard:
    """What a request meets: the parts, and who is there."""

    pages: Pages
    filing: Filing
    desk: EvidenceDesk
    store: Store

    async def page(
        self,
        request: Request,
        who: Principal | None,
        draft: Draft,
        step: Step,
        *,
        errors: Mapping[str, str] | None = None,
        message: str = "",
    ) -> HTMLResponse:
        """The page of `step`, with what was entered so far."""
        draft = draft.settled()
        found = resolve(draft.product_link)
        reported = 0
        if found.product_id and draft.type:
            reported = await self.store.reported(found.product_id, draft.type)
        return self.pages.render(
            request,
            f"wizard/{step}.html",
            status=422 if errors or message else 200,
            form=Form(draft.values(), errors or {}, message),
            draft=draft,
            step=step,
            hidden=list(draft.hidden_on(step)),
            steps=labels.steps(),
            current=list(Step).index(step),
            found=found,
            reported=reported,
            guest=_is_guest(who),
            evidence=await shown(draft.evidence, filing=self.filing, who=who),
            language=draft.language or language_of(draft.description),
            path=PATH,
        )

    async def submit(self, request: Request, who: Principal | None, draft: Draft) -> Response:
        """Files the complaint, and leads to its receipt."""
        if flawed := first_flawed(draft, guest=_is_guest(who)):
            step, errors = flawed
            return await self.page(request, who, draft, step, errors=errors)
        try:
            receipt = await self.filing.file(
                draft.body(), who, key=draft.key, correlation=request.state.correlation
            )
        except Invalid as refused:
            errors = {each["field"]: each["message"] for each in refused.errors}
            if "evidence" in errors:
                errors[FIELD] = errors.pop("evidence")
            return await self.page(request, who, draft, Step.DETAILS, errors=errors)
        except Refused as refused:
            return await self.page(request, who, draft, Step.SUMMARY, message=refused.detail)
        id_and_query = receipt.page_url.rpartition("/")[2]
        return RedirectResponse(
            f"/complaints/{id_and_query}", 303, headers={"Cache-Control": "no-store"}
        )


def router(*, pages: Pages, filing: Filing, desk: EvidenceDesk, store: Store) -> APIRouter:
    site = APIRouter(include_in_schema=False)
    wizard = Wizard(pages, filing, desk, store)

    @site.get(PATH)
    async def begin(request: Request, who: Viewer, product_link: str = "") -> Response:
        draft = Draft(key=new_id(), product_link=product_link[:TEXT_LIMIT])
        return await wizard.page(request, who, draft, Step.CHOICE)

    @site.post(PATH)
    async def go_on(request: Request, who: Viewer) -> Response:
        sent = FormRequest(request.scope, request.receive)
        await verify_csrf(sent)
        form = await sent.form()
        try:
            draft = Draft.of(form)
            draft = draft if draft.key else replace(draft, key=new_id())
            step, pressed = _step(form.get("step")), str(form.get("go", "next"))
            attached = await attach(form, draft.evidence, desk=desk, who=who)
        finally:
            await form.close()
        draft = replace(draft, evidence=without(attached.ids, pressed))
        if pressed == BACK:
            return await wizard.page(request, who, draft, step.previous)
        if pressed.startswith(TO):
            return await wizard.page(request, who, draft, _step(pressed.removeprefix(TO)))
        errors = flaws(draft, step, guest=_is_guest(who)) if pressed == "next" else {}
        if attached.flaw:
            errors[FIELD] = attached.flaw
        if errors or pressed != "next":
            return await wizard.page(request, who, draft, step, errors=errors)
        if step is Step.SUMMARY:
            return await wizard.submit(request, who, draft)
        if step is Step.CHOICE and draft.choice == DISPUTE:
            return _dispute(request, wizard, draft)
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
    flawed = first_flawed(draft.settled(), guest=_is_guest(who))
    return await wizard.page(request, who, draft, flawed[0] if flawed else Step.SUMMARY)


def _dispute(request: Request, wizard: Wizard, draft: Draft) -> HTMLResponse:
    """How a dispute is opened: with the order, at the marketplace. Complaining stays possible."""
    draft = replace(draft, choice="complaint")
    return wizard.pages.render(
        request,
        "wizard/dispute.html",
        hidden=list(draft.hidden_on(Step.SUMMARY)),
        steps=labels.steps(),
        form=Form(),
        path=PATH,
    )


def _step(name: object) -> Step:
    return Step(name) if isinstance(name, str) and name in SHOWN else Step.CHOICE


def _is_guest(who: Principal | None) -> bool:
    """Whether name and address must be asked for: no account, or one without an address."""
    return who is None or not who.signed_in or not who.email
