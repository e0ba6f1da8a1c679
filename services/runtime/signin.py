"""Signing in with the marketplace's account: OpenID Connect, authorization code with PKCE.

What must be remembered while the browser is away at the provider (state, nonce, code verifier,
where to return) lies in a short-lived signed cookie of that one sign-in: several tabs can sign in
at once, and the service keeps nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final, NoReturn
from urllib.parse import urlencode

import httpx2 as httpx
import jwt
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import StarletteOAuth2App
from fastapi import APIRouter, Query
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.runtime.auth import Auth, Principal, from_identity, same_origin_path
from services.runtime.problems import Refused, Unavailable
from services.runtime.sentences import gettext as _
from services.runtime.settings import Settings

CALLBACK: Final = "/sign-in/callback"
_PATIENCE: Final = timedelta(minutes=10)
_TIMEOUT: Final = httpx.Timeout(5.0)
_SCOPE: Final = "openid profile email roles"
_REBASED: Final = ("token_endpoint", "jwks_uri", "userinfo_endpoint")
_log = structlog.get_logger(__name__)


class SignInFailed(Refused):
    """The browser came back from the provider with something that cannot be accepted."""

    status = 400
    title = _("Signing in did not work")


class ProviderUnavailable(Unavailable):
    title = _("The marketplace's sign-in cannot be reached at the moment")


@dataclass(frozen=True)
class Provider:
    """An OpenID provider, and this software as its client.

    `internal_issuer` is where the services reach it, when that differs from the address that
    browsers use. Without `client_secret` the client is a public one, secured by PKCE alone.
    """

    issuer: str
    client_id: str = "redress"
    client_secret: str | None = None
    internal_issuer: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Provider":
        """The marketplace's provider, on the one public origin."""
        return cls(
            issuer=f"{settings.public_url.rstrip('/')}/marketplace/oidc",
            internal_issuer=f"{settings.marketplace_url}/marketplace/oidc",
        )


class ProviderClient:
    """The three things that signing in and out asks of the provider."""

    def __init__(self, provider: Provider, redirect_uri: str) -> None:
        self._provider = provider
        self._redirect_uri = redirect_uri
        self._internal = (provider.internal_issuer or provider.issuer).rstrip("/")
        self._oauth = StarletteOAuth2App(
            framework=None,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            server_metadata_url=f"{self._internal}/.well-known/openid-configuration",
            client_kwargs={
                "scope": _SCOPE,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": (
                    "client_secret_basic" if provider.client_secret else "none"
                ),
                "timeout": _TIMEOUT,
            },
        )

    async def start(self) -> Mapping[str, str]:
        """A new sign-in: the `url` to send the browser to, and `state`, `nonce`, `code_verifier`.

        Raises ProviderUnavailable.
        """
        await self._metadata()
        started: Mapping[str, str] = await self._oauth.create_authorization_url(self._redirect_uri)
        return started

    async def finish(self, code: str, *, nonce: str, code_verifier: str) -> Principal:
        """Who the provider says has signed in. Raises SignInFailed or ProviderUnavailable."""
        await self._metadata()
        try:
            token = await self._oauth.fetch_access_token(
                redirect_uri=self._redirect_uri, code=code, code_verifier=code_verifier
            )
            claims = await self._oauth.parse_id_token(token, nonce=nonce)
        except httpx.HTTPError as error:
            _unavailable(error)
        except (AuthlibBaseError, JoseError, ValueError) as error:
            _log.warning("sign-in refused", reason=str(error))
            raise SignInFailed(
                _("The marketplace's answer could not be accepted. Please sign in again.")
            ) from error
        if claims is None:
            raise SignInFailed(_("The marketplace did not say who you are. Please sign in again."))
        return from_identity(claims)

    async def end(self, return_to: str) -> str:
        """The address that also ends the provider's session, or `return_to` if there is none."""
        try:
            metadata = await self._metadata()
        except ProviderUnavailable:
            return return_to
        endpoint = metadata.get("end_session_endpoint")
        if not endpoint:
            return return_to
        query = {"client_id": self._provider.client_id, "post_logout_redirect_uri": return_to}
        return f"{endpoint}?{urlencode(query)}"

    async def _metadata(self) -> dict[str, Any]:
        try:
            metadata: dict[str, Any] = await self._oauth.load_server_metadata()
        except (httpx.HTTPError, ValueError) as error:
            _unavailable(error)
        issuer = self._provider.issuer
        if metadata.get("issuer") != issuer:
            raise ProviderUnavailable(
                _("The provider calls itself %(itself)s, and %(issuer)s is expected.")
                % {"itself": metadata.get("issuer"), "issuer": issuer}
            )
        for name in _REBASED:
            if str(metadata.get(name, "")).startswith(f"{issuer}/"):
                metadata[name] = self._internal + metadata[name].removeprefix(issuer)
        return metadata


def signin_router(auth: Auth, provider: Provider) -> APIRouter:
    """The pages that sign a browser in and out."""
    router = APIRouter(include_in_schema=False)
    client = ProviderClient(provider, auth.public_url + CALLBACK)

    @router.get("/sign-in")
    async def sign_in(to: Annotated[str, Query(alias="next")] = "/") -> Response:
        started = await client.start()
        response = RedirectResponse(started["url"], 303)
        pending = {
            "exp": int((auth.clock() + _PATIENCE).timestamp()),
            "next": same_origin_path(to),
            **{name: started[name] for name in ("state", "nonce", "code_verifier")},
        }
        response.set_cookie(
            _cookie(started["state"]),
            jwt.encode(pending, auth.sign_in_key, algorithm="HS256"),
            max_age=int(_PATIENCE.total_seconds()),
            path="/sign-in",
            secure=auth.secure,
            httponly=True,
            samesite="lax",
        )
        return _unstored(response)

    @router.get(CALLBACK)
    async def callback(
        request: Request, state: str = "", code: str = "", error: str = ""
    ) -> Response:
        pending = _pending(request, auth, state)
        if error or not code:
            raise SignInFailed(_("The marketplace did not sign you in. You can try again."))
        principal = await client.finish(
            code, nonce=pending["nonce"], code_verifier=pending["code_verifier"]
        )
        response = RedirectResponse(same_origin_path(pending["next"]), 303)
        auth.sessions.open(response, principal)
        response.delete_cookie(_cookie(state), path="/sign-in")
        _log.info("signed in", actor=principal.actor)
        return _unstored(response)

    @router.api_route("/sign-out", methods=["GET", "POST"])
    async def sign_out(request: Request) -> Response:
        # Ending a session harms nobody but is a nuisance, so other sites may not do it.
        if request.headers.get("sec-fetch-site") == "cross-site":
            return RedirectResponse("/", 303)
        response = RedirectResponse(await client.end(f"{auth.public_url}/"), 303)
        auth.sessions.close(response)
        return _unstored(response)

    return router


def _pending(request: Request, auth: Auth, state: str) -> dict[str, Any]:
    cookie = request.cookies.get(_cookie(state), "")
    try:
        pending: dict[str, Any] = jwt.decode(
            cookie, auth.sign_in_key, algorithms=["HS256"], options={"verify_exp": False}
        )
    except jwt.InvalidTokenError:
        pending = {}
    if not state or pending.get("state") != state or auth.clock().timestamp() >= pending["exp"]:
        raise SignInFailed(
            _(
                "This sign-in was not started in this browser, or more than ten minutes ago. "
                "Please sign in again."
            )
        )
    return pending


def _cookie(state: str) -> str:
    # The state comes from the address bar: only characters that a cookie's name may have.
    return "redress_sign_in_" + "".join(c for c in state[:8] if c.isascii() and c.isalnum())


def _unstored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _unavailable(error: Exception) -> NoReturn:
    _log.warning("identity provider away", reason=repr(error))
    raise ProviderUnavailable(
        _(
            "The marketplace does not answer, so nobody can sign in right now. "
            "You can file a complaint as a guest, or try again in a minute."
        )
    ) from error
