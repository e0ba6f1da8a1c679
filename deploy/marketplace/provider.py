"""The OpenID provider's rules: authorization code with PKCE, and the tokens that follow.

OpenID Connect Core 1.0; RFC 6749 (authorization code); RFC 7636 (PKCE, S256 only, always asked
for). Codes live in memory, for one minute and one use.
"""

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from deploy.marketplace import people
from deploy.marketplace.people import Person
from services.runtime.clock import Clock

CODE_LIFETIME: Final = timedelta(minutes=1)
TOKEN_LIFETIME: Final = timedelta(minutes=10)
_ALGORITHM: Final = "RS256"
_CHALLENGE_LENGTH: Final = 43  # the base64url of 32 bytes, RFC 7636, 4.2
_SCOPES: Final = ("openid", "profile", "email", "roles")


class OAuthError(Exception):
    """A refusal in the words of RFC 6749, 4.1.2.1 and 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class UnknownClient(Exception):
    """The client or its address is not registered: the browser must not be sent there."""


class Client(NamedTuple):
    id: str
    redirect_uris: frozenset[str]
    after_sign_out: frozenset[str]


class Authorization(NamedTuple):
    """An authorization request that was checked (RFC 6749, 4.1.1)."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str


class _Code(NamedTuple):
    authorization: Authorization
    person: Person
    expires: datetime


@dataclass
class Provider:
    """An OpenID provider at `issuer`, for one registered client."""

    issuer: str
    client: Client
    key: RSAKey
    clock: Clock
    _codes: dict[str, _Code] = field(default_factory=dict)

    def discovery(self) -> dict[str, Any]:
        """The provider's metadata (OpenID Connect Discovery 1.0, 3)."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end-session",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [_ALGORITHM],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": list(_SCOPES),
            "claims_supported": ["sub", "name", "email", "locale", "roles"],
        }

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def authorization(self, query: Mapping[str, str]) -> Authorization:
        """Checks an authorization request.

        Raises UnknownClient (tell the person) or OAuthError (tell the client, by redirect).
        """
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != self.client.id:
            raise UnknownClient("No such client is registered here.")
        if redirect_uri not in self.client.redirect_uris:
            raise UnknownClient("The client did not register this address to return to.")
        if query.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "Only response_type=code is supported.")
        if "openid" not in query.get("scope", "").split():
            raise OAuthError("invalid_scope", "The scope must contain openid.")
        challenge = query.get("code_challenge", "")
        if query.get("code_challenge_method") != "S256" or len(challenge) != _CHALLENGE_LENGTH:
            raise OAuthError("invalid_request", "A code_challenge with method S256 is needed.")
        if query.get("prompt") == "none":
            raise OAuthError("login_required", "Somebody has to choose who to be.")
        return Authorization(
            self.client.id, redirect_uri, query.get("state", ""), query.get("nonce", ""), challenge
        )

    def grant(self, authorization: Authorization, person: Person) -> str:
        """A code for the client: `person` agreed to sign in."""
        now = self.clock()
        self._codes = {code: kept for code, kept in self._codes.items() if now < kept.expires}
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(authorization, person, now + CODE_LIFETIME)
        return code

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The tokens for a code (RFC 6749, 4.1.3). A code works once. Raises OAuthError."""
        if form.get("grant_type") != "authorization_code":
            raise OAuthError("unsupported_grant_type", "Only authorization_code is supported.")
        if form.get("client_id") != self.client.id:
            raise OAuthError("invalid_client", "No such client is registered here.")
        kept = self._codes.pop(form.get("code", ""), None)
        if kept is None or self.clock() >= kept.expires:
            raise OAuthError("invalid_grant", "The code is unknown, used or expired.")
        if form.get("redirect_uri") != kept.authorization.redirect_uri:
            raise OAuthError("invalid_grant", "The redirect_uri is not the one of the request.")
        challenge: str = create_s256_code_challenge(form.get("code_verifier", ""))
        if not hmac.compare_digest(challenge, kept.authorization.code_challenge):
            raise OAuthError("invalid_grant", "The code_verifier does not fit the challenge.")
        identity = claims(kept.person)
        if kept.authorization.nonce:
            identity["nonce"] = kept.authorization.nonce
        return {
            "access_token": self._token(f"{self.issuer}/userinfo", {"sub": kept.person.id}),
            "id_token": self._token(self.client.id, identity),
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIFETIME.total_seconds()),
            "scope": " ".join(_SCOPES),
        }

    def userinfo(self, access_token: str) -> dict[str, Any]:
        """The claims of whom an access token is about. Raises OAuthError."""
        try:
            token = jwt.decode(access_token, self.key, algorithms=[_ALGORITHM])
        except (JoseError, ValueError) as error:
            raise OAuthError("invalid_token", "This is no token of this provider.") from error
        person = people.find(str(token.claims.get("sub")))
        live = self.clock().timestamp() < token.claims.get("exp", 0)
        if not live or person is None or token.claims.get("aud") != f"{self.issuer}/userinfo":
            raise OAuthError("invalid_token", "The token has expired, or is for something else.")
        return claims(person)

    def _token(self, audience: str, content: dict[str, Any]) -> str:
        now = int(self.clock().timestamp())
        times = {"iat": now, "auth_time": now, "exp": now + int(TOKEN_LIFETIME.total_seconds())}
        header = {"alg": _ALGORITHM, "kid": self.key.kid}
        return jwt.encode(
            header, {"iss": self.issuer, "aud": audience, **times, **content}, self.key
        )


def claims(person: Person) -> dict[str, Any]:
    return {
        "sub": person.id,
        "name": person.name,
        "email": person.email,
        "locale": person.language,
        "roles": list(person.roles),
    }


def kept_key(path: Path) -> RSAKey:
    """The signing key in the file `path`; the first call makes it, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(RSAKey.generate_key(2048).as_pem(private=True))
        fresh.rename(path)
    key = RSAKey.import_key(path.read_bytes(), parameters={"use": "sig", "alg": _ALGORITHM})
    key.ensure_kid()
    return key
