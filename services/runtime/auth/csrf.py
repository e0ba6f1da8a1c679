"""Protection of forms against other sites: a signed token, submitted twice.

A random seed lies in a cookie; a page's form carries `<nonce>.<HMAC(seed, nonce)>`. Another site
can make the browser send the cookie, but cannot read it, nor sign. The nonce makes the token
different on every page, so that compressing pages gives nothing away. On HTTPS the cookie has the
`__Host-` prefix, which a sibling domain cannot set.
"""

import hmac
import secrets
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.runtime.auth.refusals import CsrfRefused
from services.runtime.sentences import gettext as _

FIELD: Final = "csrf_token"
HEADER: Final = "X-CSRF-Token"
_STATE: Final = "redress_csrf_seed"
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_DETAIL: Final = _(
    "Nothing was changed. Your browser did not send back the cookie that belongs to this form, "
    "or the page is very old. Allow cookies, reload the page and send it again."
)


class Csrf:
    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._key = key
        self._secure = secure
        self._cookie = "__Host-redress_csrf" if secure else "redress_csrf"

    def token(self, request: HTTPConnection) -> str:
        """A token for a form on the page being made; gives the browser a seed if it has none."""
        seed = request.cookies.get(self._cookie) or getattr(request.state, _STATE, None)
        if not seed:
            seed = secrets.token_urlsafe(16)
            setattr(request.state, _STATE, seed)
        nonce = secrets.token_urlsafe(8)
        return f"{nonce}.{self._mac(seed, nonce)}"

    async def check(self, request: Request) -> None:
        """Raises CsrfRefused unless the request carries a token of this browser."""
        if request.headers.get("sec-fetch-site") == "cross-site":
            raise CsrfRefused(_("Nothing was changed: this form was sent by another site."))
        seed = request.cookies.get(self._cookie)
        nonce, _dot, mac = (await _submitted(request)).partition(".")
        if not seed or not _same(self._mac(seed, nonce), mac):
            raise CsrfRefused(_DETAIL)

    def cookie(self, seed: str) -> str:
        """The `Set-Cookie` value that gives a browser its seed."""
        attributes = "Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if self._secure else "")
        return f"{self._cookie}={seed}; {attributes}"

    def _mac(self, seed: str, nonce: str) -> str:
        return hmac.new(self._key, f"{seed}.{nonce}".encode(), "sha256").hexdigest()


class CsrfCookie:
    """ASGI middleware that sends the seed along with the page whose form needs it."""

    def __init__(self, app: ASGIApp, csrf: Csrf) -> None:
        self._app = app
        self._csrf = csrf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def with_seed(message: Message) -> None:
            if message["type"] == "http.response.start" and (seed := state.get(_STATE)):
                MutableHeaders(scope=message).append("set-cookie", self._csrf.cookie(seed))
            await send(message)

        await self._app(scope, receive, with_seed)


async def _submitted(request: Request) -> str:
    if token := request.headers.get(HEADER):
        return token
    if request.headers.get("content-type", "").lower().startswith(_FORMS):
        field = (await request.form()).get(FIELD)
        return field if isinstance(field, str) else ""
    return ""


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode(errors="replace"))
