"""Filing, advice, evidence, the taxonomy and product links."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from contracts.taxonomy import taxonomy
from services.intake import advising
from services.intake.advice import Advice, Problem, Unknown, Way
from services.intake.advising import Advisor
from services.intake.api.conventions import PROBLEMS, documented
from services.intake.evidence import EvidenceDesk
from services.intake.fairness import network_of
from services.intake.filing import ComplaintBody, Filing, Receipt, uploader
from services.intake.language import language_of
from services.intake.links import TEXT_LIMIT, resolve
from services.intake.profile import Profile
from services.intake.uploads import FormRequest, files_of
from services.runtime.auth import Viewer, current, verify_csrf
from services.runtime.bodies import answer, read
from services.runtime.clock import Clock
from services.runtime.problems import Invalid
from services.runtime.sentences import gettext as _


class EvidenceTaken(BaseModel):
    """A file that was taken; its `id` goes into a complaint or an answer. `size` in bytes."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str


class Text(BaseModel):
    text: Annotated[
        str, Field(examples=["see here: https://www.aliexpress.com/item/32845522857.html)."])
    ]


class Resolved(BaseModel):
    """What a text points to. `accept`: a product. `unresolved`: a short link, kept as given.
    `refuse`: `reason` says why; `others` are further products in the same text."""

    verdict: Annotated[str, Field(examples=["accept"])]
    product_id: str | None
    reason: str
    link: str | None
    canonical: str | None
    others: list[str]


class LanguageFound(BaseModel):
    """A BCP 47 tag."""

    language: Annotated[str, Field(examples=["ru"])]


class OrderTold(BaseModel):
    """The order that the advice is about. None is what the marketplace does not tell."""

    id: str
    received: bool | None
    protection_until: datetime | None
    dispute: str | None


class AdviceTold(BaseModel):
    """Dispute or complaint: `way` is what fits best, `rules` are the policy's that say so, the
    deciding one first, `reasons` the same in words. Neither way is ever closed.

    `urgent`: less than 48 hours of protection are left. `unknown` are the facts that are missing.
    """

    way: Way
    rules: Annotated[list[int], Field(examples=[[2]])]
    urgent: bool
    title: str
    reasons: list[str]
    unknown: list[Unknown]
    product_id: str | None
    order: OrderTold | None
    dispute_url: Annotated[str, Field(description="Where the marketplace opens disputes.")]
    complaint_url: Annotated[str, Field(description="The complaint form, its link filled in.")]


def router(
    *,
    filing: Filing,
    evidence: EvidenceDesk,
    advisor: Advisor,
    profile: Profile,
    clock: Clock,
) -> APIRouter:
    """The routes below `/api/v1` that belong to intake."""
    api = APIRouter(prefix="/api/v1", tags=["intake"], responses=PROBLEMS)

    api.post("/complaints", status_code=201, response_model=Receipt, openapi_extra=_FILING)(
        complaints(filing)
    )

    @api.post("/evidence", status_code=201, response_model=EvidenceTaken, openapi_extra=_UPLOAD)
    async def send_evidence(request: Request) -> Response:
        """Takes one file, recognised by its content: JPEG, PNG, WebP, GIF, HEIC, PDF, e-mail (.eml)
        of at most 10 MB, MP4 or WebM video of at most 50 MB. Pictures are stored made anew, without
        the place where they were taken."""
        form_request = FormRequest(request.scope, request.receive)
        await verify_csrf(form_request)
        form = await form_request.form()
        try:
            files = files_of(form, "file")
            if len(files) != 1:
                raise Invalid(
                    [{"field": "file", "message": _("Send one file, in the field “file”.")}]
                )
            taken = await evidence.take(files[0], by=uploader(current(request)))
        finally:
            await form.close()
        return answer(taken.model_dump_json(include=_TAKEN), 201)

    @api.get("/taxonomy", response_model=None)
    async def read_taxonomy(
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """The types of complaint in the order in which they are shown, and their reasons."""
        headers = {"ETag": _TAXONOMY_TAG, "Cache-Control": "public, max-age=3600"}
        if if_none_match and _TAXONOMY_TAG in if_none_match:
            return Response(status_code=304, headers=headers)
        return Response(_TAXONOMY, media_type="application/json", headers=headers)

    @api.post("/product-links/resolve", response_model=Resolved, openapi_extra=_RESOLVING)
    async def resolve_link(request: Request) -> Response:
        """Tells which product a text of at most 2,000 characters points to. Nothing is fetched."""
        await verify_csrf(request)
        found = resolve((await read(request, Text)).text)
        resolved = Resolved(
            verdict=found.verdict,
            product_id=found.product_id,
            reason=found.reason,
            link=found.link,
            canonical=found.canonical,
            others=list(found.others),
        )
        return answer(resolved.model_dump_json(), 200)

    @api.post("/languages", response_model=LanguageFound, openapi_extra=_RESOLVING)
    async def find_language(request: Request) -> Response:
        """Tells which language a text seems to be in. A guess, to be shown to who wrote it."""
        await verify_csrf(request)
        found = LanguageFound(language=language_of((await read(request, Text)).text))
        return answer(found.model_dump_json(), 200)

    @api.get("/advice", response_model=AdviceTold)
    async def advice(
        who: Viewer,
        product_link: Annotated[
            str,
            Query(description="The product's address, or a text with it.", max_length=TEXT_LIMIT),
        ] = "",
        problem: Annotated[
            Problem | None, Query(description="What is wrong, as the buyer says.")
        ] = None,
        reason: Annotated[
            str, Query(description="A code of the taxonomy, where no problem is told.")
        ] = "",
    ) -> Response:
        """Dispute or complaint, for a product and the orders of whoever is signed in.

        Nothing is refused because it is not known: both ways are then told, with the rule.
        """
        product_id = resolve(product_link, profile).product_id
        told = await advisor.advise(who, product_id, problem=problem, reason=reason)
        return answer(
            _advice_told(told, product_id, product_link, profile, clock()).model_dump_json(), 200
        )

    return api


def complaints(filing: Filing) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that files a complaint: also answered directly, around FastAPI's layers."""

    async def file_complaint(request: Request) -> Response:
        """Files a complaint about a product, as a member (bearer token or session) or a guest.

        Repeated with the same `Idempotency-Key` it is filed once, and the same receipt returned.
        """
        await verify_csrf(request)
        receipt = await filing.file(
            await read(request, ComplaintBody),
            current(request),
            key=request.headers.get("idempotency-key"),
            correlation=request.scope["state"]["correlation"],
            network=network_of(request),
        )
        return answer(receipt.model_dump_json(exclude_none=True), 201, location=receipt.status_url)

    return file_complaint


def _advice_told(
    told: Advice, product_id: str | None, link: str, profile: Profile, now: datetime
) -> AdviceTold:
    order = told.order
    return AdviceTold(
        way=told.way,
        rules=list(told.rules),
        urgent=told.urgent,
        title=advising.title(told),
        reasons=advising.reasons(told, now=now),
        unknown=list(told.unknown),
        product_id=product_id,
        order=OrderTold(
            id=order.id,
            received=order.received,
            protection_until=order.protected_until,
            dispute=told.dispute,
        )
        if order
        else None,
        dispute_url=profile.dispute.address(order.id if order else None),
        complaint_url="/complaints/new" + (f"?product_link={quote(link, safe='')}" if link else ""),
    )


_TAKEN: Final = set(EvidenceTaken.model_fields)
_TAXONOMY: Final = taxonomy().model_dump_json(exclude_none=True).encode()
_TAXONOMY_TAG: Final = f'"{sha256(_TAXONOMY).hexdigest()[:32]}"'


_FILING: Final = documented(ComplaintBody)
_RESOLVING: Final = documented(Text, keyed=False)
_UPLOAD: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
