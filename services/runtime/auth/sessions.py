"""The browser's session: a signed cookie, shared by all services on the one origin."""

from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from services.runtime.auth.principal import Principal
from services.runtime.auth.refusals import InvalidToken
from services.runtime.auth.tokens import LIFETIME, Tokens

COOKIE: Final = "redress_session"


class Sessions:
    def __init__(self, tokens: Tokens, *, secure: bool) -> None:
        self._tokens = tokens
        self._secure = secure

    def open(self, response: Response, principal: Principal) -> None:
        """Signs `principal` in on the browser that gets this response, for 12 hours."""
        response.set_cookie(
            COOKIE,
            self._tokens.issue(principal),
            max_age=int(LIFETIME.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def close(self, response: Response) -> None:
        """Signs out the browser that gets this response."""
        response.delete_cookie(COOKIE, path="/", secure=self._secure, httponly=True, samesite="lax")

    def read(self, request: HTTPConnection) -> Principal | None:
        """Who is signed in; an expired or foreign cookie is nobody, not an error."""
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            return None
        try:
            return self._tokens.read(cookie)
        except InvalidToken:
            return None
