"""`/moderation/texts`: the texts that decisions may begin with, read by all, kept by a few."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from contracts.ids import new_id
from contracts.taxonomy import taxonomy
from services.moderation.desk import READERS
from services.moderation.reason_texts import FILLED_IN, ReasonText, WriteReasonText
from services.moderation.texts_desk import WRITERS, ReasonTexts
from services.runtime.auth import Principal, require, verify_csrf
from services.runtime.locales import LANGUAGES, direction
from services.runtime.problems import Invalid, NotFound, Refused, Stale, sentence
from services.runtime.sentences import gettext as _
from services.runtime.web import Form, Pages

Reader = Annotated[Principal, Depends(require(*READERS))]
Writer = Annotated[Principal, Depends(require(*WRITERS))]


def router(pages: Pages, texts: ReasonTexts) -> APIRouter:
    site = APIRouter(prefix="/moderation/texts", dependencies=[Depends(verify_csrf)])

    @site.get("")
    async def index(
        request: Request, who: Reader, retired: bool = False, done: str = ""
    ) -> HTMLResponse:
        every = await texts.all(who, retired=True)
        return pages.render(
            request,
            "console/texts.html",
            items=[each for each in every if each.retired == retired],
            retired=retired,
            done=done,
            writes=who.may(*WRITERS),
            direction=direction,
        )

    def shown(
        request: Request,
        who: Principal,
        text: ReasonText | None,
        *,
        form: Form | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        also = [each.language for each in text.wordings] if text else []
        return pages.render(
            request,
            "console/text.html",
            status=status,
            text=text,
            form=form or _form_of(text),
            refused=form is not None,
            types=[kind.code for kind in taxonomy().types],
            languages=tuple(dict.fromkeys([*LANGUAGES, *also])),
            filled_in=FILLED_IN,
            writes=who.may(*WRITERS),
            key=(form.value("key") if form else "") or new_id(),
        )

    @site.get("/new")
    async def new(request: Request, who: Writer) -> HTMLResponse:
        return shown(request, who, None)

    @site.post("/new")
    async def write(request: Request, who: Writer) -> Response:
        form = await request.form()
        try:
            made = await texts.write(who, _asked(form), key=str(form.get("key", "")) or None)
        except Refused as refusal:
            typed = _refused(form, refusal)
            return shown(request, who, None, form=typed, status=refusal.status)
        return RedirectResponse(f"/moderation/texts?{urlencode({'done': made.id})}", 303)

    @site.get("/{text_id}")
    async def one(request: Request, who: Reader, text_id: str) -> HTMLResponse:
        return shown(request, who, await texts.one(who, text_id))

    @site.post("/{text_id}")
    async def change(request: Request, who: Writer, text_id: str) -> Response:
        form = await request.form()
        version = str(form.get("version", ""))
        if_match = int(version) if version.isdecimal() else None
        retire = form.get("intent") == "retire"
        try:
            if retire:
                await texts.retire(who, text_id, if_match=if_match)
            else:
                await texts.write(who, _asked(form), text_id=text_id, if_match=if_match)
        except NotFound:
            raise
        except Refused as refusal:
            text = await texts.one(who, text_id)
            typed = _form_of(text) if retire else _refused(form, refusal)
            if retire or isinstance(refusal, Stale):
                typed = Form(typed.values, message=_told(refusal))
            return shown(request, who, text, form=typed, status=refusal.status)
        place = {"done": text_id} | ({"retired": "true"} if retire else {})
        return RedirectResponse(f"/moderation/texts?{urlencode(place)}", 303)

    return site


def _told(refusal: Refused) -> str:
    if not isinstance(refusal, Stale):
        return refusal.detail
    return _(
        "Somebody changed this text meanwhile; below is what you typed. Look at theirs in another "
        "window; sent again, yours takes its place."
    )


def _form_of(text: ReasonText | None) -> Form:
    """The form filled in with the text as it stands."""
    if text is None:
        return Form()
    values: dict[str, list[str]] = {"types": list(text.types)}
    for each in text.wordings:
        values[f"title_{each.language}"] = [each.title]
        values[f"text_{each.language}"] = [each.text]
    return Form(values)


def _asked(form: FormData) -> WriteReasonText:
    """What the form says: the languages in which anything is written. Raises Invalid."""
    wordings: list[dict[str, Any]] = []
    for name, value in form.multi_items():
        kind, _sep, language = name.partition("_")
        if kind != "title" or not isinstance(value, str):
            continue
        text = str(form.get(f"text_{language}", "")).replace("\r\n", "\n").strip()
        if value.strip() or text:
            wordings.append({"language": language, "title": value.strip(), "text": text})
    if not wordings:
        message = _("Word the text in one language at least.")
        raise Invalid([{"field": "title_en", "message": message}])
    types = [str(each) for each in form.getlist("types")]
    try:
        return WriteReasonText.model_validate({"types": types, "wordings": wordings})
    except ValidationError as error:
        raise Invalid(
            [
                {"field": _field(each["loc"], wordings), "message": sentence(each)}
                for each in error.errors()
            ]
        ) from None


def _field(place: tuple[int | str, ...], wordings: list[dict[str, Any]]) -> str:
    match place:
        case ("wordings", int() as position, str() as part):
            return f"{part}_{wordings[position]['language']}"
        case _:
            return str(place[0])


def _refused(form: FormData, refusal: Refused) -> Form:
    """What was typed, each sentence beside the form's own field."""
    typed = Form.refused(form, refusal)
    errors: dict[str, str] = {}
    for name, message in typed.errors.items():
        match name.split("."):
            case ["wordings", language, part]:
                errors[f"{part}_{language}"] = message
            case _:
                errors["title_en" if name == "wordings" else name] = message
    return Form(typed.values, errors, typed.message)
