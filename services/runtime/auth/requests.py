"""Who sent a request: FastAPI dependencies, and the answer to those who are nobody yet."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, FastAPI, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.runtime.auth.core import Auth
from services.runtime.auth.csrf import CsrfCookie
from services.runtime.auth.links import PREFIX, Link
from services.runtime.auth.paths import same_origin_path
from services.runtime.auth.principal import Principal, Role, role_name
from services.runtime.auth.refusals import InvalidToken, LinkRefused, RoleRequired, SignInRequired
from services.runtime.auth.scopes import check_scopes
from services.runtime.auth.sessions import COOKIE
from services.runtime.problems import Unauthenticated, problem
from services.runtime.sentences import gettext as _
from services.runtime.sentences import joined

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_STATE: Final = "redress_principal"
_bearer = HTTPBearer(auto_error=False, description="A JWT, or a guest's link token.")


def install(app: FastAPI, auth: Auth) -> None:
    """Makes `auth` known to an application's requests, and answers the unauthenticated."""
    app.state.auth = auth
    app.add_middleware(CsrfCookie, csrf=auth.csrf)
    app.add_exception_handler(Unauthenticated, _answer_unauthenticated)


def auth_of(request: HTTPConnection) -> Auth:
    auth: Auth = request.app.state.auth
    return auth


def current(request: HTTPConnection) -> Principal | None:
    """Who sent the request: the bearer of its `Authorization` header, else its session.

    A link's token in `?token=` is added as a grant. Raises InvalidToken for a bearer token and
    LinkRefused for a link that does not hold, ScopeRequired for a token that does not reach as far
    as this request; a session cookie that does not hold is nobody.
    """
    if not hasattr(request.state, _STATE):
        setattr(request.state, _STATE, _identify(request, auth_of(request)))
    principal: Principal | None = getattr(request.state, _STATE)
    return principal


def _identify(request: HTTPConnection, auth: Auth) -> Principal | None:
    bearer = _bearer_credential(request)
    if bearer is None:
        principal = auth.sessions.read(request)
    elif bearer.startswith(PREFIX):
        try:
            principal = _with_link(None, auth.links.read(bearer))
        except LinkRefused as refused:
            raise InvalidToken(refused.detail) from None
    else:
        principal = auth.tokens.read(bearer)
        # A socket is written to as well as read.
        check_scopes(principal.scopes, request.scope.get("method", "POST"), request.url.path)
    if request.scope["query_string"] and (token := request.query_params.get("token")) is not None:
        principal = _with_link(principal, auth.links.read(token))
    return principal


def _bearer_credential(request: HTTPConnection) -> str | None:
    # Straight from ASGI: `Headers` decodes every header each time, and this is asked on each
    # complaint that is filed.
    header = next((v for k, v in request.scope["headers"] if k == b"authorization"), b"")
    scheme, _, credential = header.decode("latin-1").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else None


def _with_link(principal: Principal | None, link: Link) -> Principal:
    holder = principal or Principal("guest", link.holder or link.subject)
    return holder.granted(link.purpose, link.subject)


# FastAPI runs plain functions in a thread; a coroutine that never waits costs nothing.
async def _viewer(
    request: Request,
    _: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Principal | None:
    return current(request)


Viewer = Annotated[Principal | None, Depends(_viewer)]
"""Whoever sent the request, or None: `async def page(viewer: Viewer)`."""


def require(*roles: Role) -> Callable[..., Awaitable[Principal]]:
    """The dependency that lets in who is signed in with one of `roles` (with none: any account).

    Raises SignInRequired (a page sends the browser to sign in, an API answers 401) or
    RoleRequired (403).
    """

    async def principal(viewer: Viewer) -> Principal:
        if viewer is None or not viewer.signed_in:
            raise SignInRequired(_("Sign in to go on."))
        if roles and not viewer.may(*roles):
            raise RoleRequired(
                _("This needs the role %(role)s. You are signed in as %(name)s.")
                % {"role": joined([role_name(each) for each in roles], " / "), "name": viewer.id}
            )
        return viewer

    return principal


def csrf_token(request: HTTPConnection) -> str:
    """The token for a form's `csrf_token` field or a script's `X-CSRF-Token` header."""
    return auth_of(request).csrf.token(request)


async def verify_csrf(request: Request) -> None:
    """Refuses what another site could have made this browser send.

    Bearer requests are exempt (a browser adds no `Authorization` header by itself), and so are
    API calls without a session cookie, which have no authority to abuse. Raises CsrfRefused.
    """
    if request.method in _SAFE_METHODS or _bearer_credential(request) is not None:
        return
    if _is_api(request) and COOKIE not in request.cookies:
        return
    await auth_of(request).csrf.check(request)


async def _answer_unauthenticated(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unauthenticated)
    sign_in = f"/sign-in?next={quote(page_of(request), safe='/')}"
    if _is_page(request) and isinstance(error, SignInRequired):
        return RedirectResponse(sign_in, 303, headers={"Cache-Control": "no-store"})
    challenge = 'Bearer realm="redress"'
    if isinstance(error, InvalidToken):
        challenge += ', error="invalid_token"'
    headers = {"WWW-Authenticate": challenge, "Cache-Control": "no-store"}
    if "hx-request" in request.headers:
        headers["HX-Redirect"] = sign_in
    return JSONResponse(
        problem(error, instance=request.url.path),
        error.status,
        headers=headers,
        media_type="application/problem+json",
    )


def page_of(request: Request) -> str:
    """The page to come back to: this one, or for a form the page that the form was on.

    Its path and query, never another site's.
    """
    if request.method in _SAFE_METHODS and "hx-request" not in request.headers:
        query = request.url.query
        return same_origin_path(request.url.path + (f"?{query}" if query else ""))
    origin = urlsplit(auth_of(request).public_url)
    shown = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer", ""))
    if (shown.scheme, shown.netloc) != (origin.scheme, origin.netloc):
        return "/"
    return same_origin_path(shown.path + (f"?{shown.query}" if shown.query else ""))


def _is_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not _is_api(request)


def _is_api(request: Request) -> bool:
    path: str = request.scope["path"]
    return path.startswith("/api/")
