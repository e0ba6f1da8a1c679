"""`/mail/preferences`: what a reader wants to be mailed, for members and, by signed link, for all;
and the one click that ends a kind of mail (RFC 8058)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from services.notifier.preferences import News, Preferences
from services.notifier.wishes import Wish
from services.runtime.auth import Principal, SignInRequired, Viewer, auth_of, verify_csrf
from services.runtime.sentences import gettext as _
from services.runtime.web import Pages
from services.runtime.web.forms import Form

PURPOSE = "mail-preferences"
LANGUAGES = ("en", "ru", "ar")
Ended = Literal["reminder", "news"]
Token = Annotated[str, Query(description="From the link in a mail.")]


def router(pages: Pages, preferences: Preferences) -> APIRouter:
    site = APIRouter(include_in_schema=False, prefix="/mail")

    @site.get("/preferences")
    async def shown(
        request: Request, viewer: Viewer, token: Token = "", saved: bool = False
    ) -> HTMLResponse:
        reader = _reader(request, viewer, token)
        return pages.render(
            request,
            "mail/preferences.html",
            form=_form(await preferences.of(reader)),
            saved=saved,
        )

    @site.post("/preferences", dependencies=[Depends(verify_csrf)])
    async def chosen(request: Request, viewer: Viewer, token: Token = "") -> Response:
        reader = _reader(request, viewer, token)
        form = await request.form()
        language = str(form.get("language", ""))
        wanted = Wish(
            reminders=form.get("reminders") == "yes",
            news=_news(str(form.get("news", ""))),
            language=language if language in LANGUAGES else None,
        )
        await preferences.choose(reader, wanted, by=reader)
        return _back(request, saved=True)

    @site.get("/unsubscribe/{duty}")
    async def asked(request: Request, duty: Ended, token: Token) -> HTMLResponse:
        """Opened in a browser: nothing ends before the button, for some programs open links."""
        auth_of(request).links.verify(PURPOSE, token)
        return pages.render(request, "mail/unsubscribe.html", duty=duty, token=token, ended=False)

    @site.post("/unsubscribe/{duty}")
    async def ended(request: Request, duty: Ended, token: Token) -> HTMLResponse:
        """The one click, which a mail program makes for its reader: the link alone proves it."""
        reader = auth_of(request).links.verify(PURPOSE, token).subject
        await preferences.end(reader, duty, by=reader)
        return pages.render(request, "mail/unsubscribe.html", duty=duty, token=token, ended=True)

    return site


def _reader(request: Request, viewer: Principal | None, token: str) -> str:
    """Whose preferences these are. Raises SignInRequired and LinkRefused."""
    if token:
        return auth_of(request).links.verify(PURPOSE, token).subject
    if viewer is None or not viewer.signed_in:
        raise SignInRequired(_("Sign in, or use the link from your mail."))
    return f"member:{viewer.id}"


def _form(wish: Wish) -> Form:
    return Form(
        {
            "news": [wish.news],
            "reminders": ["yes"] if wish.reminders else [],
            "language": [wish.language or ""],
        }
    )


def _news(value: str) -> News:
    match value:
        case "digest" | "pages":
            return value
        case _:
            return "each"


def _back(request: Request, *, saved: bool) -> RedirectResponse:
    url = request.url.include_query_params(saved=int(saved))
    return RedirectResponse(f"{url.path}?{url.query}", 303)
