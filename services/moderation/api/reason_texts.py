"""`/api/v1/moderation/reason-texts`: the texts that decisions may begin with."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from services.moderation.api.conventions import (
    PROBLEMS,
    CaseId,
    IfMatch,
    Key,
    tagged,
    version_in,
)
from services.moderation.api.examples import REASON_TEXTS, shown_as
from services.moderation.desk import READERS, Desk
from services.moderation.reason_texts import OfferedText, ReasonText, WriteReasonText
from services.moderation.texts_desk import WRITERS, ReasonTexts
from services.runtime.auth import Principal, require, verify_csrf

Reader = Annotated[Principal, Depends(require(*READERS))]
Writer = Annotated[Principal, Depends(require(*WRITERS))]
TextId = Annotated[str, Path(description="The text's id.", examples=["wrong-category"])]
Written = Annotated[WriteReasonText, Body(openapi_examples=shown_as(REASON_TEXTS))]


def router(desk: Desk, texts: ReasonTexts) -> APIRouter:
    api = APIRouter(
        prefix="/moderation",
        tags=["reason texts"],
        dependencies=[Depends(verify_csrf)],
        responses=PROBLEMS,
    )

    @api.get("/reason-texts")
    async def list_reason_texts(
        who: Reader,
        type: Annotated[  # noqa: A002 - the API's word
            str | None, Query(description="Those for this type of complaint.", examples=["SM"])
        ] = None,
        retired: Annotated[bool, Query(description="Also those that are retired.")] = False,
    ) -> tuple[ReasonText, ...]:
        """The texts that decisions may begin with: those of the software first."""
        return await texts.all(who, complaint_type=type, retired=retired)

    @api.get("/reason-texts/{text_id}")
    async def read_reason_text(who: Reader, text_id: TextId, response: Response) -> ReasonText:
        """A text in all its languages. The `ETag` is its version, for `If-Match`."""
        return _tagged(response, await texts.one(who, text_id))

    @api.post("/reason-texts", status_code=201)
    async def write_reason_text(
        who: Writer, body: Written, response: Response, key: Key = None
    ) -> ReasonText:
        """A new text. Decisions are not taken while a part of it in square brackets is left."""
        made = await texts.write(who, body, key=key)
        response.headers["Location"] = f"/api/v1/moderation/reason-texts/{made.id}"
        return _tagged(response, made)

    @api.put("/reason-texts/{text_id}")
    async def change_reason_text(
        who: Writer, text_id: TextId, body: Written, response: Response, if_match: IfMatch = None
    ) -> ReasonText:
        """Other words for a text; one that is retired is offered again. Decisions that began with
        it stay as they are."""
        version = version_in(if_match)
        return _tagged(response, await texts.write(who, body, text_id=text_id, if_match=version))

    @api.delete("/reason-texts/{text_id}", status_code=204)
    async def retire_reason_text(who: Writer, text_id: TextId, if_match: IfMatch = None) -> None:
        """The text is offered no more."""
        await texts.retire(who, text_id, if_match=version_in(if_match))

    @api.get("/cases/{case_id}/reason-texts")
    async def list_texts_for_case(
        who: Reader,
        case_id: CaseId,
        language: Annotated[str, Query(examples=["ru"], max_length=3)] = "en",
    ) -> tuple[OfferedText, ...]:
        """The texts that a decision on this case may begin with, filled in as far as is known."""
        case = await desk.case(who, case_id)
        title = case.product.title or case.number
        return await texts.offered(who, case.type, language=language, title=title)

    return api


def _tagged(response: Response, text: ReasonText) -> ReasonText:
    tagged(response, text.version)
    return text
