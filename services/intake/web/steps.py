"""The pages of the wizard: each step with what was entered so far, and what is known about it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.intake.advice import Advice, Way
from services.intake.advising import Advisor
from services.intake.evidence import EvidenceDesk
from services.intake.fairness import TooMany, network_of
from services.intake.farside import FarSide
from services.intake.filing import Filing
from services.intake.language import language_of
from services.intake.links import Resolution, canonical_link, resolve
from services.intake.profile import Profile
from services.intake.store import Store
from services.intake.web import labels
from services.intake.web.attaching import FIELD, shown
from services.intake.web.draft import Draft, Step, first_flawed
from services.intake.web.keeping import Begun, Keeping
from services.runtime.auth import Principal
from services.runtime.problems import Invalid, Refused
from services.runtime.web import Form, Pages
from services.runtime.web.pages import POLICY

PATH = "/complaints/new"


@dataclass(frozen=True, slots=True)
class Wizard:
    """What a request meets: the parts, and the pages that they make."""

    pages: Pages
    filing: Filing
    desk: EvidenceDesk
    store: Store
    far: FarSide
    advisor: Advisor
    profile: Profile
    keeping: Keeping
    headers: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", page_headers(self.pages, self.profile))

    async def page(
        self,
        request: Request,
        who: Principal | None,
        draft: Draft,
        step: Step,
        *,
        errors: Mapping[str, str] | None = None,
        message: str = "",
        begun: Begun | None = None,
    ) -> HTMLResponse:
        """The page of `step`, with what was entered so far, which is kept from the first answer
        on. `begun` is another complaint that can be gone on with."""
        draft = draft.settled()
        found = resolve(draft.product_link, self.profile)
        card, advice, reported, evidence = await asyncio.gather(
            self.far.card(found.product_id),
            self._advice(who, draft, found),
            self.store.reported(found.product_id),
            shown(draft.evidence, filing=self.filing, who=who),
        )
        if advice.order:
            draft = replace(draft, dispute=advice.dispute or "")
        page = self.pages.render(
            request,
            f"wizard/{step}.html",
            status=422 if errors or message else 200,
            headers=self.headers,
            form=Form(draft.values(step), errors or {}, message),
            begun=begun,
            draft=draft,
            step=step,
            hidden=list(draft.hidden_on(step)),
            steps=labels.steps(),
            current=list(Step).index(step),
            found=found,
            card=card,
            several=await self._several(found) if step is Step.PRODUCT else [],
            advice=advice if _telling(advice, step, found, draft) else None,
            reported=reported,
            guest=is_guest(who),
            evidence=evidence,
            language=draft.language or language_of(draft.description),
            path=PATH,
        )
        if request.method == "POST":
            self.keeping.keep(page, Begun(draft, step), who)
        return page

    async def look(
        self, request: Request, who: Principal | None, draft: Draft, step: Step
    ) -> HTMLResponse:
        """What the page of `step` would say about the link in it: a piece of that page."""
        found = resolve(draft.product_link, self.profile)
        card, advice = await asyncio.gather(
            self.far.card(found.product_id), self._advice(who, draft, found)
        )
        return self.pages.render(
            request,
            "wizard/look.html",
            headers=self.headers,
            found=found,
            card=card,
            advice=advice if _telling(advice, step, found, draft) else None,
            asked=bool(draft.product_link.strip()),
            step=step,
        )

    async def dispute(
        self, request: Request, who: Principal | None, draft: Draft, step: Step
    ) -> HTMLResponse:
        """The way to the marketplace's dispute page (R16). Complaining stays possible."""
        found = resolve(draft.product_link, self.profile)
        card, advice = await asyncio.gather(
            self.far.card(found.product_id), self._advice(who, draft, found)
        )
        page = self.profile.dispute
        order = advice.order.id if advice.order else None
        return self.pages.render(
            request,
            "wizard/dispute.html",
            headers=self.headers,
            hidden=list(replace(draft, choice="complaint").hidden_on(Step.SUMMARY)),
            form=Form(),
            path=PATH,
            step=step,
            found=found,
            card=card,
            advice=advice if advice.rules != (8,) or advice.order else None,
            address=page.address(order),
            method=page.method,
            sent=page.sent(order=order, product=found.product_id, text=_told_so_far(draft, found)),
        )

    async def submit(self, request: Request, who: Principal | None, draft: Draft) -> Response:
        """Files the complaint, and leads to its receipt."""
        if flawed := first_flawed(draft, guest=is_guest(who), profile=self.profile):
            step, errors = flawed
            return await self.page(request, who, draft, step, errors=errors)
        try:
            receipt = await self.filing.file(
                draft.body(),
                who,
                key=draft.key,
                correlation=request.state.correlation,
                network=network_of(request),
            )
        except Invalid as refused:
            errors = {each["field"]: each["message"] for each in refused.errors}
            if "evidence" in errors:
                errors[FIELD] = errors.pop("evidence")
            return await self.page(request, who, draft, Step.DETAILS, errors=errors)
        except Refused as refused:
            page = await self.page(request, who, draft, Step.SUMMARY, message=refused.detail)
            if isinstance(refused, TooMany):
                page.status_code = refused.status
                page.headers.update(refused.headers)
            return page
        id_and_query = receipt.page_url.rpartition("/")[2] + (
            "&again=1" if receipt.repeated else ""
        )
        response = RedirectResponse(
            f"/complaints/{id_and_query}", 303, headers={"Cache-Control": "no-store"}
        )
        self.keeping.forget(response)
        return response

    async def _advice(self, who: Principal | None, draft: Draft, found: Resolution) -> Advice:
        return await self.advisor.advise(
            who, found.product_id, problem=draft.named_problem(), reason=draft.reason or draft.type
        )

    async def _several(self, found: Resolution) -> list[dict[str, str]]:
        """The products that the text names, to choose from, when there is more than one."""
        if not found.others:
            return []
        ids = [each for each in (found.product_id, *found.others) if each]
        cards = await asyncio.gather(*(self.far.card(each) for each in ids))
        return [
            {
                "value": each,
                "label": card.title if card else each,
                "help": canonical_link(int(each), self.profile),
            }
            for each, card in zip(ids, cards, strict=True)
        ]


def with_picked(draft: Draft, profile: Profile) -> Draft:
    """The draft about the one product that was picked among several that the text names."""
    found = resolve(draft.product_link, profile)
    if draft.picked and draft.picked in (found.product_id, *found.others):
        return replace(draft, product_link=canonical_link(int(draft.picked), profile), picked="")
    return draft


def is_guest(who: Principal | None) -> bool:
    """Whether name and address must be asked for: no account, or one without an address."""
    return who is None or not who.signed_in or not who.email


def _telling(advice: Advice, step: Step, found: Resolution, draft: Draft) -> bool:
    """Whether the advice says more than the page's own words: always where it was asked for, later
    only where a dispute should come to mind, or that a complaint brings no money."""
    if step is Step.CHOICE:
        return bool(found.product_id or draft.named_problem())
    return advice.order is not None and (
        advice.way is not Way.COMPLAINT or advice.rules[0] in (4, 7)
    )


def _told_so_far(draft: Draft, found: Resolution) -> str:
    """What was entered, for the form of the dispute."""
    what = labels.reason_name(draft.reason) if draft.reason else ""
    return "\n\n".join(each for each in (what, draft.description.strip()) if each)


def page_headers(pages: Pages, profile: Profile) -> dict[str, str]:
    """The pages' policy, opened for the marketplace's dispute page."""
    policy = pages.headers[POLICY]
    if profile.dispute.origin:
        policy = policy.replace(
            "form-action 'self'", f"form-action 'self' {profile.dispute.origin}"
        )
    # Each step changes the cookie that keeps what was entered; were the answer to vary by it, the
    # browser's “back” would ask to send the form again.
    return {POLICY: policy, "vary": "accept-language"}
