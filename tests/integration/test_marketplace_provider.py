"""The demo OpenID provider's own rules: what it refuses, and to whom it says so."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from deploy.marketplace.app import build
from deploy.marketplace.provider import kept_key
from deploy.marketplace.settings import Settings
from tests.serving import Server

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VERIFIER = "v" * 43
CALLBACK = "http://shop.example/sign-in/callback"
REQUEST = {
    "client_id": "redress",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid roles",
    "state": "st",
    "code_challenge": create_s256_code_challenge(VERIFIER),
    "code_challenge_method": "S256",
}


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("marketplace")


@pytest.fixture(scope="module")
def ticking() -> Clock:
    return Clock()


@pytest.fixture
def clock(ticking: Clock) -> Clock:
    ticking.now = START
    return ticking


@pytest.fixture(scope="module")
def served(data: Path, ticking: Clock) -> Iterator[httpx.Client]:
    settings = Settings(public_url="http://shop.example", data=data)
    server = Server()
    with (
        server.serving(build(settings, clock=ticking)),
        httpx.Client(base_url=f"{server.url}/marketplace/oidc/") as client,
    ):
        yield client


@pytest.fixture
def provider(served: httpx.Client, clock: Clock) -> httpx.Client:
    return served


def answered(response: httpx.Response) -> dict[str, str]:
    """What the provider sends back with the browser to the client."""
    assert response.status_code == 303
    target = urlsplit(response.headers["location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == CALLBACK
    return {name: values[0] for name, values in parse_qs(target.query).items()}


def code_for(provider: httpx.Client, person: str = "mia") -> str:
    return answered(provider.post("authorize", params=REQUEST, data={"person": person}))["code"]


def exchange(provider: httpx.Client, code: str, **other: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": "redress",
        "redirect_uri": CALLBACK,
        "code": code,
        "code_verifier": VERIFIER,
    }
    return provider.post("token", data=form | other)


def test_a_code_is_exchanged_for_tokens_that_open_the_claims(provider: httpx.Client) -> None:
    tokens = exchange(provider, code_for(provider)).json()
    asked = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert provider.get("userinfo", headers=asked).json() == {
        "sub": "mia",
        "name": "Mia Novak",
        "email": "mia@example.org",
        "locale": "en",
        "roles": ["moderator"],
    }


def test_an_access_token_ends_and_an_id_token_is_none(provider: httpx.Client, clock: Clock) -> None:
    tokens = exchange(provider, code_for(provider)).json()
    for token in ("nonsense", tokens["id_token"]):
        refused = provider.get("userinfo", headers={"Authorization": f"Bearer {token}"})
        assert refused.status_code == 401
        assert "invalid_token" in refused.headers["www-authenticate"]
    clock.now += timedelta(minutes=10)
    asked = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert provider.get("userinfo", headers=asked).status_code == 401


def test_a_code_works_once(provider: httpx.Client) -> None:
    code = code_for(provider)
    assert exchange(provider, code).status_code == 200
    assert exchange(provider, code).json()["error"] == "invalid_grant"


def test_a_code_ends_after_a_minute(provider: httpx.Client, clock: Clock) -> None:
    code = code_for(provider)
    clock.now += timedelta(minutes=1)
    assert exchange(provider, code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://evil.example/"}, "invalid_grant"),
        ({"client_id": "somebody"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": "guessed"}, "invalid_grant"),
    ],
)
def test_an_exchange_that_does_not_fit_its_request_is_refused(
    provider: httpx.Client, changed: dict[str, str], error: str
) -> None:
    refused = exchange(provider, **({"code": code_for(provider)} | changed))
    assert refused.status_code in {400, 401}
    assert refused.json()["error"] == error


@pytest.mark.parametrize(
    "changed", [{"client_id": "somebody"}, {"redirect_uri": "http://evil.example/"}]
)
def test_a_browser_is_not_sent_to_an_address_that_is_not_registered(
    provider: httpx.Client, changed: dict[str, str]
) -> None:
    for answer in (
        provider.get("authorize", params=REQUEST | changed),
        provider.post("authorize", params=REQUEST | changed, data={"person": "mia"}),
    ):
        assert answer.status_code == 400
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_a_request_that_cannot_be_met_is_told_to_the_client(
    provider: httpx.Client, changed: dict[str, str], error: str
) -> None:
    answer = answered(provider.get("authorize", params=REQUEST | changed))
    assert (answer["error"], answer["state"]) == (error, "st")


def test_choosing_nobody_is_told_to_the_client(provider: httpx.Client) -> None:
    answer = answered(provider.post("authorize", params=REQUEST, data={"person": "nobody"}))
    assert answer["error"] == "access_denied"


def test_signing_out_leads_back_to_registered_addresses_only(provider: httpx.Client) -> None:
    back = {"post_logout_redirect_uri": "http://shop.example/", "state": "x"}
    assert provider.get("end-session", params=back).headers["location"] == (
        "http://shop.example/?state=x"
    )
    evil = provider.get("end-session", params={"post_logout_redirect_uri": "http://evil.example/"})
    assert evil.status_code == 200


def test_the_signing_key_is_kept_and_is_nobody_elses_to_read(data: Path) -> None:
    path = data / "key.pem"
    assert kept_key(path).kid == kept_key(path).kid
    assert path.stat().st_mode & 0o077 == 0
