"""Bearer tokens with scopes: they reach the calls that a rule names, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx2 as httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import SecretStr

from deploy.bearer_token import token_of, whose
from services.chat import app as chat
from services.chat.settings import Settings as ChatSettings
from services.intake import app as intake
from services.intake.settings import Settings as IntakeSettings
from services.moderation import app as moderation
from services.moderation.settings import Settings as ModerationSettings
from services.notifier import app as notifier
from services.notifier.settings import Settings as NotifierSettings
from services.runtime.auth import Auth, Principal, Viewer, install, require
from services.runtime.auth.scopes import SCOPES, known_scopes, scope_of
from services.runtime.problems import Refused, problem

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "a secret that is long enough for tests"
AUTH = Auth(secret_key=SECRET, public_url="http://redress.test", clock=lambda: NOW)
PUBLIC = {
    "GET /api/v1/taxonomy",
    "POST /api/v1/product-links/resolve",
    "POST /api/v1/languages",
    "POST /api/v1/guest-links",
    "GET /api/v1/help/search",
    "GET /api/v1/chats/hours",
    "GET /api/v1/chats/promises",
}
"""What nobody has to be known for."""


def token(*scopes: str) -> str:
    return token_of(whose("moderator", ""), AUTH, scopes=known_scopes(scopes))


def application() -> FastAPI:
    app = FastAPI()
    install(app, AUTH)

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        document = problem(error, instance=request.url.path)
        return JSONResponse(document, error.status, headers=error.headers)

    @app.get("/api/v1/moderation/cases")
    @app.post("/api/v1/moderation/cases/{case_id}/decide")
    @app.get("/moderation")
    async def work(who: Annotated[Principal, Depends(require("moderator"))]) -> str:
        return who.actor

    @app.get("/api/v1/taxonomy")
    async def anybody() -> str:
        return "all"

    @app.get("/")
    async def start(viewer: Viewer) -> str:
        return viewer.actor if viewer else "nobody"

    return app


async def asked(method: str, path: str, bearer: str) -> httpx.Response:
    transport = httpx.ASGITransport(application())
    async with httpx.AsyncClient(transport=transport, base_url="http://redress.test") as http:
        return await http.request(method, path, headers={"Authorization": f"Bearer {bearer}"})


@pytest.mark.anyio
async def test_a_token_with_scopes_reaches_what_they_open() -> None:
    reading = token("cases:read", "mails:read")
    assert (await asked("GET", "/api/v1/moderation/cases", reading)).status_code == 200
    assert (await asked("GET", "/api/v1/taxonomy", reading)).status_code == 200


@pytest.mark.anyio
async def test_a_missing_scope_is_a_problem_that_names_it() -> None:
    answer = await asked("POST", "/api/v1/moderation/cases/1/decide", token("cases:read"))
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:redress:problem:scope-required"
    assert answer.json()["scope"] == "cases:decide"
    assert "cases:decide" in answer.json()["detail"]
    assert 'error="insufficient_scope", scope="cases:decide"' in answer.headers["www-authenticate"]


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/moderation", "/"])
async def test_a_token_with_scopes_opens_no_page(path: str) -> None:
    answer = await asked("GET", path, token(*SCOPES))
    assert answer.status_code == 403
    assert "scope" not in answer.json()


@pytest.mark.anyio
async def test_a_token_without_scopes_may_do_what_its_role_may() -> None:
    whole = token_of(whose("moderator", ""), AUTH)
    assert (await asked("POST", "/api/v1/moderation/cases/1/decide", whole)).status_code == 200
    assert (await asked("GET", "/", whole)).json() == "moderator:mia"


@pytest.mark.anyio
async def test_scopes_give_nobody_another_role() -> None:
    ivan = token_of(whose("", "ivan"), AUTH, scopes=frozenset({"cases:read"}))
    answer = await asked("GET", "/api/v1/moderation/cases", ivan)
    assert answer.json()["type"] == "urn:redress:problem:role-required"


def test_an_unknown_scope_is_told_with_those_that_there_are() -> None:
    with pytest.raises(LookupError, match=r"no scope cases:eat; the scopes are complaints:file"):
        known_scopes(["cases:eat"])


def documents(folder: Path) -> Iterator[dict[str, Any]]:
    """What each service says of its API; nothing of it is started."""
    for app, kind in (
        (intake, IntakeSettings),
        (moderation, ModerationSettings),
        (notifier, NotifierSettings),
        (chat, ChatSettings),
    ):
        url = f"sqlite+aiosqlite:///{folder / 'none.sqlite'}"
        settings = kind(secret_key=SecretStr(SECRET), database_url=url)
        yield app.build(settings).openapi()


def test_every_call_of_every_service_names_its_scope(tmp_path: Path) -> None:
    unnamed, used = set(), set()
    for document in documents(tmp_path):
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                call = f"{method.upper()} {path}"
                scope = scope_of(method.upper(), path)
                if scope is None:
                    unnamed.add(call)
                    continue
                used.add(scope)
                assert {"HTTPBearer": [scope]} in operation["security"], call
                assert f"Scope: `{scope}`" in operation["description"], call
    assert unnamed == PUBLIC
    assert used == set(SCOPES)
