"""Who may send what: credentials, roles and form tokens, as requests meet them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx2 as httpx
import pytest
from fastapi import Depends, FastAPI, Form, Request
from fastapi.responses import JSONResponse, Response

from services.runtime.auth import (
    Auth,
    Principal,
    Viewer,
    csrf_token,
    install,
    require,
    verify_csrf,
)
from services.runtime.problems import Refused, problem

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ORIGIN = "http://redress.test"
PAGE = {"Accept": "text/html,*/*;q=0.8"}
MIA = Principal("staff", "mia", roles=frozenset({"moderator"}))
SVEN = Principal("staff", "sven", roles=frozenset({"senior_moderator"}))
IVAN = Principal("member", "ivan", roles=frozenset({"customer"}))

pytestmark = pytest.mark.anyio


def auth_for(origin: str) -> Auth:
    secret = "a secret that is long enough for tests"
    return Auth(secret_key=secret, public_url=origin, clock=lambda: NOW)


AUTH = auth_for(ORIGIN)


def application(auth: Auth) -> FastAPI:
    app = FastAPI()
    install(app, auth)

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return JSONResponse(problem(error, instance=request.url.path), error.status)

    @app.get("/")
    async def anybody(viewer: Viewer) -> Any:
        return viewer and {"actor": viewer.actor, "grants": sorted(viewer.grants)}

    @app.get("/api/v1/work")
    @app.get("/work")
    @app.post("/work")
    async def work(who: Annotated[Principal, Depends(require("moderator"))]) -> str:
        return who.actor

    @app.get("/own")
    async def own(who: Annotated[Principal, Depends(require())]) -> str:
        return who.actor

    @app.get("/form")
    async def form(request: Request) -> str:
        return csrf_token(request)

    @app.post("/form", dependencies=[Depends(verify_csrf)])
    @app.post("/api/v1/form", dependencies=[Depends(verify_csrf)])
    async def sent(text: Annotated[str, Form()]) -> str:
        return text

    return app


def client(auth: Auth = AUTH, **cookies: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application(auth), raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url=auth.public_url, cookies=cookies)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def session(who: Principal) -> str:
    response = Response()
    AUTH.sessions.open(response, who)
    return response.headers["set-cookie"].partition(";")[0].partition("=")[2]


async def test_a_bearer_token_goes_before_the_session() -> None:
    async with client(redress_session=session(IVAN)) as browser:
        assert (await browser.get("/")).json()["actor"] == "member:ivan"
        answer = await browser.get("/", headers=bearer(AUTH.tokens.issue(MIA)))
        assert answer.json()["actor"] == "moderator:mia"


async def test_without_credentials_nobody_is_there() -> None:
    async with client(redress_session="changed") as browser:
        assert (await browser.get("/")).json() is None
        assert (await browser.get("/", headers={"Authorization": "Basic aTpw"})).json() is None


@pytest.mark.parametrize("credential", ["", "nonsense", "a.b.c", "link_x.y", "é"])
async def test_a_wrong_bearer_token_is_told_as_such(credential: str) -> None:
    headers = {b"Authorization": f"Bearer {credential}".encode()}
    async with client(redress_session=session(MIA)) as browser:
        answer = await browser.get("/api/v1/work", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer realm="redress", error="invalid_token"'
    assert answer.json()["type"] == "urn:redress:problem:invalid-token"


async def test_an_api_asks_who_is_there_and_a_page_sends_to_sign_in() -> None:
    async with client() as browser:
        api = await browser.get("/api/v1/work", headers=PAGE)
        assert (api.status_code, api.headers["www-authenticate"]) == (401, 'Bearer realm="redress"')
        program = await browser.get("/work")
        assert program.status_code == 401
        page = await browser.get("/work?case=1&tab=a%20b", headers=PAGE)
        assert page.status_code == 303
        assert page.headers["location"] == "/sign-in?next=/work%3Fcase%3D1%26tab%3Da%2520b"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        (f"{ORIGIN}/work?case=1", "/work%3Fcase%3D1"),
        ("https://evil.example/work", "/"),
        (f"{ORIGIN}.evil.example/work", "/"),
        ("", "/"),
    ],
)
async def test_after_signing_in_the_form_is_shown_again(referer: str, back: str) -> None:
    async with client() as browser:
        answer = await browser.post("/work", headers={**PAGE, "Referer": referer})
        assert answer.headers["location"] == f"/sign-in?next={back}"


async def test_a_script_is_told_where_to_take_the_browser() -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"{ORIGIN}/work?case=1"}
    async with client() as browser:
        answer = await browser.get("/work", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["hx-redirect"] == "/sign-in?next=/work%3Fcase%3D1"


async def test_the_wrong_role_is_forbidden_and_said_so() -> None:
    async with client() as browser:
        answer = await browser.get("/work", headers={**PAGE, **bearer(AUTH.tokens.issue(IVAN))})
        assert answer.status_code == 403
        assert (
            answer.json()["detail"] == "This needs the role moderator. You are signed in as ivan."
        )
        senior = await browser.get("/work", headers=bearer(AUTH.tokens.issue(SVEN)))
        assert senior.json() == "senior_moderator:sven"


@pytest.mark.parametrize("carried", ["query", "header"])
async def test_a_link_opens_what_it_names_and_is_no_account(carried: str) -> None:
    token = AUTH.links.sign("complaint", "c1", holder="4f2a")
    sent: dict[str, Any] = (
        {"params": {"token": token}} if carried == "query" else {"headers": bearer(token)}
    )
    async with client() as browser:
        answer = await browser.get("/", **sent)
        assert answer.json() == {"actor": "guest:4f2a", "grants": ["complaint:c1"]}
        assert (await browser.get("/own", **sent)).status_code == 401


async def test_who_is_signed_in_stays_so_with_a_link() -> None:
    token = AUTH.links.sign("complaint", "c1", holder="4f2a")
    async with client(redress_session=session(IVAN)) as browser:
        answer = await browser.get("/", params={"token": token})
        assert answer.json() == {"actor": "member:ivan", "grants": ["complaint:c1"]}


@pytest.mark.parametrize("token", ["", "nonsense", AUTH.links.sign("complaint", "c1") + "x"])
async def test_a_wrong_link_is_told_as_such(token: str) -> None:
    async with client() as browser:
        answer = await browser.get("/", params={"token": token})
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:redress:problem:link-refused"


async def test_a_form_is_taken_from_the_browser_that_was_shown_it() -> None:
    async with client() as browser:
        shown = await browser.get("/form")
        assert "httponly" in shown.headers["set-cookie"].lower()
        form = {"text": "hello", "csrf_token": shown.json()}
        assert (await browser.post("/form", data=form)).json() == "hello"
        multipart = await browser.post("/form", data=form, files={"file": b"x"})
        assert multipart.json() == "hello"
        again = await browser.get("/form")
        assert "set-cookie" not in again.headers, "the seed stays, so that older pages still work"
        assert again.json() != shown.json(), "each page has a token of its own"
        script = await browser.post(
            "/form", data={"text": "hi"}, headers={"X-CSRF-Token": again.json()}
        )
        assert script.json() == "hi"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "",
        lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"),
        lambda token: "x" + token,
        lambda token: token.partition(".")[2],
        lambda token: token + "é",
    ],
)
@pytest.mark.parametrize("path", ["/form", "/api/v1/form"])
async def test_a_form_with_another_token_is_refused(path: str, spoil: Callable[[str], str]) -> None:
    async with client(redress_session=session(IVAN)) as browser:
        token = (await browser.get("/form")).json()
        answer = await browser.post(path, data={"text": "hello", "csrf_token": spoil(token)})
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:redress:problem:csrf-refused"


async def test_a_form_shown_to_one_browser_is_refused_from_another() -> None:
    async with client() as mine, client() as theirs:
        await theirs.get("/form")
        form = {"text": "hello", "csrf_token": (await mine.get("/form")).json()}
        assert (await theirs.post("/form", data=form)).status_code == 403


async def test_a_form_sent_by_another_site_is_refused_whatever_it_carries() -> None:
    async with client() as browser:
        form = {"text": "hello", "csrf_token": (await browser.get("/form")).json()}
        answer = await browser.post("/form", data=form, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403


async def test_programs_need_no_form_token() -> None:
    async with client() as program:
        assert (await program.post("/api/v1/form", data={"text": "a"})).json() == "a"
        with_token = bearer(AUTH.tokens.issue(MIA))
        answer = await program.post("/form", data={"text": "b"}, headers=with_token)
        assert answer.json() == "b"


async def test_on_https_the_cookies_are_secure() -> None:
    auth = auth_for("https://redress.test")
    async with client(auth) as browser:
        cookie = (await browser.get("/form")).headers["set-cookie"]
        assert cookie.startswith("__Host-redress_csrf=")
        assert "Secure" in cookie
    response = Response()
    auth.sessions.open(response, MIA)
    assert "Secure" in response.headers["set-cookie"]
