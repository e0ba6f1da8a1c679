"""What every service's HTTP side has: request ids, body limits, refusals as problem details."""

import re
from collections.abc import Awaitable, Callable
from functools import cache
from time import perf_counter
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.ids import new_id
from services.runtime.locales import LANGUAGES
from services.runtime.precedence import Precedence
from services.runtime.problems import (
    Refused,
    TooLarge,
    http_problem,
    invalid,
    problem,
)
from services.runtime.sentences import gettext as _
from services.runtime.sentences import localised
from services.runtime.web import render_problem_page, translations_of, wants_html
from services.runtime.web.text import languages_accepted, negotiate

log = structlog.get_logger(__name__)

LARGEST_BODY = 52 << 20
"""Bytes: one video of 50 MB and its form."""

REQUESTS = Counter("redress_http_requests", "HTTP requests", ["method", "status"])
SECONDS = Histogram("redress_http_seconds", "Seconds until the answer began", ["method"])


# Finding a series by its labels takes a lock and a search; there are few, so they are kept.
_requests = cache(REQUESTS.labels)
_seconds = cache(SECONDS.labels)


class Requests:
    """ASGI middleware: a correlation id for each request, its measures, a limit to its body, and
    precedence over reactions until its answer begins.

    Written against ASGI itself because it stands in the way of every complaint that is filed.
    """

    def __init__(self, app: ASGIApp, precedence: Precedence) -> None:
        self._app = app
        self._precedence = precedence

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        waiting = True
        self._precedence.asked()
        correlation = new_id()
        scope.setdefault("state", {})["correlation"] = correlation
        structlog.contextvars.bind_contextvars(correlation=correlation)
        started = perf_counter()
        method = scope["method"]
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LARGEST_BODY:
                raise TooLarge(
                    _("A request may have at most %(n)s MB.") % {"n": LARGEST_BODY >> 20}
                )
            return message

        async def measured(message: Message) -> None:
            nonlocal waiting
            if message["type"] == "http.response.start":
                waiting = False
                self._precedence.answered()
                _seconds(method).observe(perf_counter() - started)
                _requests(method, message["status"]).inc()
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-correlation-id", correlation.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, limited, measured)
        finally:
            if waiting:
                self._precedence.answered()
            structlog.contextvars.unbind_contextvars("correlation")


class Application(FastAPI):
    """FastAPI, with routes that are answered before its layers of middleware and routing.

    Those layers cost more than filing or deciding a complaint does; the routes that must be fast
    go around them. They are declared in a router all the same, which documents them.
    """

    def __init__(self, *, precedence: Precedence, **options: Any) -> None:
        super().__init__(**options)
        self._precedence = precedence
        self._direct: list[tuple[str, re.Pattern[str], ASGIApp]] = []

    def direct(
        self, method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]
    ) -> None:
        """Answers `method` on `path`, in which `{name}` stands for any one part, with `endpoint`,
        which refuses as any other does."""

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive, send)
            try:
                response = await endpoint(request)
            except Exception as error:
                handler = next(
                    self.exception_handlers[kind]
                    for kind in type(error).__mro__
                    if kind in self.exception_handlers
                )
                answered = handler(request, error)
                response = answered if isinstance(answered, Response) else await answered
            await response(scope, receive, send)

        pattern, _format, _convertors = compile_path(path)
        self._direct.append((method, pattern, Requests(respond, self._precedence)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for method, pattern, route in self._direct:
                if method == scope["method"] and (found := pattern.match(scope["path"])):
                    scope["app"] = self
                    scope["path_params"] = found.groupdict()
                    await route(scope, receive, send)
                    return
        await super().__call__(scope, receive, send)


def install(app: FastAPI, precedence: Precedence) -> None:
    """Adds the middleware and the handlers that tell every refusal."""
    app.add_middleware(Requests, precedence=precedence)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _crashed)


def answer(request: Request, document: dict[str, Any], headers: dict[str, str]) -> Response:
    """The refusal as a page for people, as a problem document for machines.

    The document is in English unless `Accept-Language` asks for another language; its members that
    programs read, such as `type`, are the same in all.
    """
    if wants_html(request):
        page = render_problem_page(
            request,
            status=document["status"],
            title=document["title"],
            detail=document["detail"],
            correlation=request.scope["state"]["correlation"],
        )
        if page is not None:
            page.headers.update(headers)
            return page
    accepted = languages_accepted(request.headers.get("accept-language", ""))
    language = negotiate(accepted, tuple(LANGUAGES))
    return JSONResponse(
        localised(document, translations_of(request.app)[language], language),
        status_code=document["status"],
        media_type="application/problem+json",
        headers={"content-language": language, "vary": "accept-language", **headers},
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return answer(request, problem(error, instance=request.url.path), error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    refusal = invalid(list(error.errors()))
    return answer(request, problem(refusal, instance=request.url.path), {})


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentences = {
        404: _("There is nothing at this address."),
        405: _("%(method)s is not possible here.") % {"method": request.method},
    }
    detail = sentences.get(error.status_code, str(error.detail))
    document = http_problem(error.status_code, detail, instance=request.url.path)
    return answer(request, document, dict(error.headers or {}))


async def _crashed(request: Request, error: Exception) -> Response:
    correlation = request.scope["state"]["correlation"]
    log.exception("request.crashed", path=request.url.path, exc_info=error)
    document = http_problem(
        500,
        _(
            "Something went wrong on our side. Nothing you sent is lost; please try again. "
            "If you write to us, name %(number)s."
        )
        % {"number": correlation},
        instance=request.url.path,
    )
    return answer(request, document | {"correlation": correlation}, {})
