"""Signing in through the marketplace's real provider, walked as a browser walks it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from deploy.marketplace.app import build
from deploy.marketplace.settings import Settings
from services.runtime.auth import Auth, Principal, install, require
from services.runtime.clock import utcnow
from services.runtime.problems import Refused, problem
from services.runtime.signin import Provider, signin_router
from tests.serving import Server

SECRET = "a secret that is long enough for tests"
PAGE = {"Accept": "text/html,application/xhtml+xml"}


class Clock:
    ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utcnow() + self.ahead


class Gateway(httpx.BaseTransport):
    """The one origin: paths of the marketplace go to it, all others to the service."""

    def __init__(self, service: str, marketplace: str) -> None:
        self._targets = service, marketplace
        self._http = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target = urlsplit(self._targets[request.url.path.startswith("/marketplace")])
        forwarded = httpx.Request(
            request.method,
            request.url.copy_with(host=target.hostname, port=target.port),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return self._http.handle_request(forwarded)


class House(NamedTuple):
    origin: str
    clock: Clock
    gateway: Gateway

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.origin, transport=self.gateway, headers=PAGE)


def service(origin: str, marketplace_url: str, clock: Clock) -> FastAPI:
    auth = Auth(secret_key=SECRET, public_url=origin, clock=clock)
    app = FastAPI()
    install(app, auth)
    issuer = "/marketplace/oidc"
    provider = Provider(f"{origin}{issuer}", internal_issuer=f"{marketplace_url}{issuer}")
    app.include_router(signin_router(auth, provider))

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return JSONResponse(problem(error, instance=request.url.path), error.status)

    @app.get("/me")
    async def me(who: Annotated[Principal, Depends(require())]) -> Response:
        return HTMLResponse(f"{who.actor} {who.language} {who.email}")

    return app


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("marketplace")


@pytest.fixture(scope="module")
def opened(data: Path) -> Iterator[House]:
    server, marketplace, clock = Server(), Server(), Clock()
    origin = "http://redress.test"
    app = service(origin, marketplace.url, clock)
    far_side = build(Settings(public_url=origin, data=data))
    with marketplace.serving(far_side), server.serving(app):
        yield House(origin, clock, Gateway(server.url, marketplace.url))


@pytest.fixture
def house(opened: House) -> House:
    opened.clock.ahead = timedelta(0)
    return opened


def choose(browser: httpx.Client, person: str, page: httpx.Response) -> httpx.Response:
    """The answer to a press on the person's button of the provider's page."""
    assert page.url.path == "/marketplace/oidc/authorize"
    assert f'value="{person}"' in page.text
    return browser.post(page.url, data={"person": person}, follow_redirects=False)


def sign_in(browser: httpx.Client, person: str, path: str = "/me") -> httpx.Response:
    page = browser.get(path, follow_redirects=True)
    callback = choose(browser, person, page).headers["location"]
    return browser.get(callback, follow_redirects=True)


@pytest.mark.parametrize(
    ("person", "shown"),
    [
        ("ivan", "member:ivan ru ivan@example.org"),
        ("layla", "member:layla ar layla@example.org"),
        ("sunrise-store", "member:sunrise-store en sunrise-store@example.org"),
        ("shenzhen-gadgets", "member:shenzhen-gadgets en shenzhen-gadgets@example.org"),
        ("mia", "moderator:mia en mia@example.org"),
        ("sven", "senior_moderator:sven en sven@example.org"),
        ("olga", "appeals_officer:olga en olga@example.org"),
        ("pavel", "operator:pavel ru pavel@example.org"),
        ("susan", "supervisor:susan en susan@example.org"),
    ],
)
def test_whoever_opens_a_page_is_asked_to_sign_in_and_brought_back(
    house: House, person: str, shown: str
) -> None:
    with house.browser() as browser:
        page = sign_in(browser, person, "/me?tab=2")
        assert page.text == shown
        assert page.url == f"{house.origin}/me?tab=2"


def test_the_session_is_a_cookie_that_scripts_and_other_sites_do_not_get(house: House) -> None:
    with house.browser() as browser:
        page = browser.get("/sign-in", follow_redirects=True)
        back = browser.get(choose(browser, "mia", page).headers["location"])
        cookie = next(
            each
            for each in back.headers.get_list("set-cookie")
            if each.startswith("redress_session=")
        )
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert attributes == {"httponly", "path=/", "samesite=lax", "max-age=43200"}
        assert back.headers["cache-control"] == "no-store"


def test_a_session_ends_after_twelve_hours(house: House) -> None:
    with house.browser() as browser:
        sign_in(browser, "mia")
        house.clock.ahead = timedelta(hours=11, minutes=59)
        assert browser.get("/me").status_code == 200
        house.clock.ahead = timedelta(hours=12)
        assert browser.get("/me").headers["location"] == "/sign-in?next=/me"


def test_signing_out_ends_the_session_and_leads_to_the_start_page(house: House) -> None:
    with house.browser() as browser:
        sign_in(browser, "mia")
        out = browser.get("/sign-out")
        assert urlsplit(out.headers["location"]).path == "/marketplace/oidc/end-session"
        assert browser.get(out.headers["location"]).headers["location"] == f"{house.origin}/"
        assert browser.get("/me").status_code == 303


def test_another_site_cannot_sign_anybody_out(house: House) -> None:
    with house.browser() as browser:
        sign_in(browser, "mia")
        browser.get("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
        assert browser.get("/me").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example/", "https://evil.example", "/\\evil.example"]
)
def test_nobody_is_sent_to_another_site_after_signing_in(house: House, elsewhere: str) -> None:
    with house.browser() as browser:
        page = browser.get("/sign-in", params={"next": elsewhere}, follow_redirects=True)
        back = browser.get(choose(browser, "mia", page).headers["location"])
        assert back.headers["location"] == "/"


def test_two_tabs_can_sign_in_at_once(house: House) -> None:
    with house.browser() as browser:
        first = browser.get("/me?tab=1", follow_redirects=True)
        second = browser.get("/me?tab=2", follow_redirects=True)
        for tab, page in (("1", first), ("2", second)):
            callback = choose(browser, "mia", page).headers["location"]
            assert browser.get(callback).headers["location"] == f"/me?tab={tab}"


def test_a_sign_in_started_in_another_browser_is_refused(house: House) -> None:
    with house.browser() as mine, house.browser() as theirs:
        page = mine.get("/sign-in", follow_redirects=True)
        callback = choose(mine, "mia", page).headers["location"]
        theirs.get("/sign-in", follow_redirects=True)
        refused = theirs.get(callback)
        assert refused.status_code == 400
        assert refused.json()["type"] == "urn:redress:problem:sign-in-failed"
        assert theirs.get("/me").status_code == 303


def test_a_callback_cannot_be_used_twice(house: House) -> None:
    with house.browser() as browser:
        page = browser.get("/sign-in", follow_redirects=True)
        cookies = httpx.Cookies(browser.cookies)
        callback = choose(browser, "mia", page).headers["location"]
        assert browser.get(callback).status_code == 303
        assert browser.get(callback).status_code == 400
        browser.cookies = cookies
        assert browser.get(callback).status_code == 400


def test_a_sign_in_waits_ten_minutes_and_no_longer(house: House) -> None:
    with house.browser() as browser:
        page = browser.get("/sign-in", follow_redirects=True)
        callback = choose(browser, "mia", page).headers["location"]
        house.clock.ahead = timedelta(minutes=10)
        refused = browser.get(callback)
        assert refused.status_code == 400
        assert "ten minutes" in refused.json()["detail"]


@pytest.mark.parametrize("query", ["", "?state=x", "?code=x", "?state=../;&code=x", "?error=oops"])
def test_a_callback_out_of_the_blue_is_refused_plainly(house: House, query: str) -> None:
    with house.browser() as browser:
        assert browser.get(f"/sign-in/callback{query}").status_code == 400


def test_a_code_that_the_provider_does_not_know_is_refused_plainly(house: House) -> None:
    with house.browser() as browser:
        page = browser.get("/sign-in", follow_redirects=True)
        state = page.url.params["state"]
        refused = browser.get("/sign-in/callback", params={"state": state, "code": "guessed"})
        assert refused.status_code == 400
        assert "sign in again" in refused.json()["detail"]


def test_choosing_nobody_is_told_plainly(house: House) -> None:
    with house.browser() as browser:
        page = browser.get("/sign-in", follow_redirects=True)
        back = browser.post(page.url, data={"person": "nobody"})
        refused = browser.get(back.headers["location"])
        assert refused.status_code == 400
        assert "did not sign you in" in refused.json()["detail"]


def test_a_provider_that_is_away_is_a_503_and_signing_in_works_when_it_is_back(
    data: Path, tmp_path: Path
) -> None:
    server, port, clock, origin = Server(), Server().port, Clock(), "http://redress.test"
    marketplace_url = f"http://127.0.0.1:{port}"
    app = service(origin, marketplace_url, clock)
    gateway = Gateway(server.url, marketplace_url)
    with (
        server.serving(app),
        httpx.Client(base_url=origin, transport=gateway, headers=PAGE) as browser,
    ):
        away = browser.get("/sign-in")
        assert away.status_code == 503
        assert away.json()["type"] == "urn:redress:problem:provider-unavailable"

        with Server(port).serving(build(Settings(public_url=origin, data=data))):
            assert sign_in(browser, "mia").status_code == 200
            page = browser.get("/sign-in", follow_redirects=True)
            callback = choose(browser, "mia", page).headers["location"]
        assert browser.get(callback).status_code == 503
        assert browser.get("/me").status_code == 200, "who is signed in needs no provider"
        assert browser.get("/sign-out").status_code == 303

        # Another folder, so another signing key: the new key is fetched when it is first met.
        with Server(port).serving(build(Settings(public_url=origin, data=tmp_path))):
            assert sign_in(browser, "ivan").text.startswith("member:ivan")
