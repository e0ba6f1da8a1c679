"""Pages: Jinja2 templates made for one reader, with the headers that keep them safe."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from babel.support import NullTranslations
from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.runtime.auth import Principal, csrf_token, current
from services.runtime.catalogues import catalogues
from services.runtime.clock import Clock
from services.runtime.pictures import Pictures
from services.runtime.problems import Refused
from services.runtime.sentences import language_name
from services.runtime.web import languages, navigation, text
from services.runtime.web.assets import Assets
from services.runtime.web.filters import FILTERS
from services.runtime.web.forms import Form

_HERE = Path(__file__).parent

POLICY: Final = "content-security-policy"
PAGE_HEADERS = {
    POLICY: (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
        "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    # Guests' addresses carry a token: no other site may learn it. `no-referrer` would make
    # browsers send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "private, no-cache",
}


class Frame(NamedTuple):
    """A page shown inside another site's: `headers` allow it, and at `start` one begins anew."""

    headers: Mapping[str, str]
    start: str


def _never(_request: Request) -> Frame | None:
    return None


class Pages:
    """The pages of one service.

    `templates` and `static` are the service's own folders; the shared ones come after them.
    `translations` is the folder of the service's catalogues. `functions` can be called in the
    service's templates, by their names. `pictures` says where listings' may come from. A marked
    sentence (`services.runtime.sentences`) that a template shows is told in the reader's language,
    wherever it was made. `framing` tells which requests are for a page in another site's frame.
    """

    def __init__(
        self,
        templates: Path | None,
        *,
        service: str,
        clock: Clock,
        static: Path | None = None,
        translations: Path | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        pictures: Pictures | None = None,
        framing: Callable[[Request], Frame | None] = _never,
    ) -> None:
        self._clock = clock
        self._framing = framing
        self._pictures = pictures or Pictures("")
        self.headers: Final = PAGE_HEADERS | {
            POLICY: self._pictures.allowed_by(PAGE_HEADERS[POLICY])
        }
        """Those of every page of this service."""
        self.translations = catalogues(translations)
        self._shared = Assets(_HERE / "static", "/assets")
        self._own = Assets(static, f"/{service}/assets") if static else None
        self._environment = self._environment_of(templates)
        self._environment.globals.update(functions or {})

    def _environment_of(self, templates: Path | None) -> Environment:
        folders = [_HERE / "templates"] if templates is None else [templates, _HERE / "templates"]
        environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=["jinja2.ext.i18n"],
            finalize=text.told,
        )
        environment.newstyle_gettext = True  # type: ignore[attr-defined]
        environment.policies["ext.i18n.trimmed"] = True
        environment.filters.update(FILTERS)
        environment.globals.update(
            gettext=text.gettext,
            ngettext=text.ngettext,
            pgettext=text.pgettext,
            npgettext=text.npgettext,
            asset=self._shared.url,
            own_asset=self._own.url if self._own else self._shared.url,
            shown_picture=self._pictures.shown,
            csrf_field=_csrf_field,
            no_form=Form(),
            language_name=language_name,
        )
        return environment

    def install(self, app: FastAPI) -> None:
        """Makes `app` serve the static files, and lets its handlers find these pages."""
        app.state.pages = self
        if self._own:
            app.mount(self._own.prefix, self._own)
        app.mount(self._shared.prefix, self._shared)

    def render(
        self,
        request: Request,
        name: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """The page `name` for whoever sent `request`, as `status`.

        `headers` are added to the page's own. Raises jinja2.UndefinedError when the template
        names something that `context` lacks.
        """
        frame = self._framing(request)
        person = _person(request)
        someone = self._reader(request)
        path = request.url.path
        with text.reading(someone):
            body = self._environment.get_template(name).render(
                person=person,
                lang=someone.language,
                dir=someone.direction,
                now=someone.now,
                request_path=path,
                frame=frame,
                page_languages=languages.choices(request),
                nav=[
                    (item.href, item.label, navigation.is_active(item, path))
                    for item in navigation.visible(person.roles if person else frozenset())
                ],
                **context,
            )
        spoken = {"content-language": someone.language, "vary": "accept-language, cookie"}
        allowed = frame.headers if frame else {}
        response = HTMLResponse(
            body, status, {**self.headers, **allowed, **spoken, **(headers or {})}
        )
        languages.keep_choice(request, response)
        return response

    def language(self, request: Request) -> str:
        """The language that a page is in for whoever sent `request`."""
        wanted = languages.languages_wanted(request, _person(request))
        return text.negotiate(wanted, tuple(self.translations))

    def _reader(self, request: Request) -> text.Reader:
        language = self.language(request)
        return text.Reader(
            language, self._clock(), self.translations[language], csrf_token(request)
        )


def _person(request: Request) -> Principal | None:
    try:
        return current(request)
    except Refused:
        # A link or token that is no good was refused already: its page is shown to nobody.
        return None


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(
        text.reader().csrf_token
    )


def wants_html(request: Request) -> bool:
    """Whether a refusal is to be told as a page: a browser asks, and not for the API."""
    return "/api/" not in request.url.path and "text/html" in request.headers.get("accept", "")


def translations_of(app: FastAPI) -> Mapping[str, NullTranslations]:
    """The catalogues of the service that `app` is, by language."""
    pages: Pages | None = getattr(app.state, "pages", None)
    return catalogues() if pages is None else pages.translations


def render_problem_page(
    request: Request, *, status: int, title: str, detail: str, correlation: str = ""
) -> HTMLResponse | None:
    """A refusal or fault as a page, or None in a service without pages."""
    pages: Pages | None = getattr(request.app.state, "pages", None)
    if pages is None:
        return None
    return pages.render(
        request,
        "problem.html",
        status=status,
        status_code=status,
        title=title,
        detail=detail,
        correlation=correlation,
    )
