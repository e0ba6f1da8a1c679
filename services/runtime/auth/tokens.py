"""Signed statements of who somebody is: bearer tokens for the API, and the session's cookie."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import jwt

from services.runtime.auth.principal import Principal, known_roles, language_or_english
from services.runtime.auth.refusals import InvalidToken
from services.runtime.clock import Clock
from services.runtime.sentences import gettext as _

LIFETIME: Final = timedelta(hours=12)
REMEMBERED: Final = 1024
"""Tokens whose signatures need no second look."""
_ALGORITHM: Final = "HS256"
_REQUIRED: Final = ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "kind"]


class Tokens:
    """Issues and reads JSON Web Tokens (RFC 7519) of one audience, signed with its own key."""

    def __init__(self, key: bytes, *, issuer: str, audience: str, clock: Clock) -> None:
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        # A client sends the same token with each of its requests. What is kept is what the
        # signature says for good; the times are compared each time.
        self._verified = lru_cache(maxsize=REMEMBERED)(self._verify)

    def issue(self, principal: Principal, *, lifetime: timedelta = LIFETIME) -> str:
        """A token for `principal`, valid from now for `lifetime`. Links it holds stay behind."""
        now = int(self._clock().timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": principal.id,
            "iat": now,
            "nbf": now,
            "exp": now + int(lifetime.total_seconds()),
            "jti": uuid.uuid4().hex,
            "kind": principal.kind,
            "name": principal.name,
            "email": principal.email,
            "locale": principal.language,
            "roles": sorted(principal.roles),
        }
        if principal.scopes is not None:
            claims["scope"] = " ".join(sorted(principal.scopes))  # as RFC 9068 writes it
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def read(self, token: str) -> Principal:
        """The principal of a token. Raises InvalidToken, saying what is wrong with it."""
        claims = self._verified(token)
        now = self._clock().timestamp()
        if now >= claims["exp"]:
            raise InvalidToken(_("This token has expired. Get a new one."))
        if now < claims["nbf"]:
            raise InvalidToken(_("This token is not valid yet."))
        principal = Principal(
            kind=claims["kind"],
            id=claims["sub"],
            name=claims.get("name", ""),
            email=claims.get("email", ""),
            language=language_or_english(claims.get("locale")),
            roles=known_roles(claims.get("roles", ())),
            scopes=frozenset(claims["scope"].split()) if "scope" in claims else None,
        )
        # A guest has a token only after proving the address by the link that was mailed to it.
        return principal.granted("guest", principal.id) if principal.kind == "guest" else principal

    def _verify(self, token: str) -> Mapping[str, Any]:
        # The times are compared in `read`, with the clock that this process was given.
        try:
            decoded = jwt.decode_complete(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                options={
                    "require": _REQUIRED,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidSignatureError:
            raise InvalidToken(_("This token was not signed by this service.")) from None
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError):
            raise InvalidToken(_("This token was made for something else.")) from None
        except jwt.InvalidTokenError:
            raise InvalidToken(_("This is not a token of this service.")) from None
        # Base64 lets several spellings of the last character stand for the same bytes.
        spelled = jwt.utils.base64url_encode(decoded["signature"]).decode()
        if not token.endswith(f".{spelled}"):
            raise InvalidToken(_("This token was not signed by this service."))
        return MappingProxyType(decoded["payload"])
