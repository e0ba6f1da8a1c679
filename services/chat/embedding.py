"""The window on other sites: its loader, who may frame it, and whom those sites vouch for."""

import json
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import jwt
from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from services.chat.settings import Settings
from services.runtime.auth import InvalidToken, Principal
from services.runtime.auth.principal import language_or_english
from services.runtime.clock import Clock
from services.runtime.sentences import gettext as _
from services.runtime.web import Pages
from services.runtime.web.pages import PAGE_HEADERS, POLICY, Frame

LOADER: Final = Path(__file__).parent / "web" / "embed.js"
AUDIENCE: Final = "redress:chat"
WORDS: Final = (_("Online help"), _("Close"))


class Embedding:
    """`origins` are those whose pages may show the window; its own origin always may."""

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        self._origins = settings.embed_origins.split()
        secret = settings.embed_secret
        self._secret = secret.get_secret_value() if secret else ""
        self._clock = clock

    def frame(self, request: Request) -> Frame | None:
        """Only the window made for frames, and what is refused in it, may be framed."""
        if request.query_params.get("embed") not in ("1", "true"):
            return None
        ancestors = " ".join(["frame-ancestors 'self'", *self._origins])
        policy = PAGE_HEADERS[POLICY].replace("frame-ancestors 'none'", ancestors)
        start = {"embed": "1", "ways": "1", "lang": request.query_params.get("lang", "")}
        return Frame({POLICY: policy}, f"/chat?{urlencode(start)}")

    def loader(self, pages: Pages) -> Response:
        """The script, with its few words in every language."""
        told = {
            language: [catalogue.gettext(str(each)) for each in WORDS]
            for language, catalogue in pages.translations.items()
        }
        script = LOADER.read_text("utf-8").replace("WORDS", json.dumps(told, ensure_ascii=False))
        response = Response(script, media_type="text/javascript; charset=utf-8")
        MutableHeaders(raw=response.raw_headers).update(
            {
                "cache-control": "public, max-age=3600",
                "cross-origin-resource-policy": "cross-origin",
                "x-content-type-options": "nosniff",
            }
        )
        return response

    def member(self, identity: str) -> Principal:
        """The member that an embedding site vouches for: a JSON Web Token, signed (HS256) with the
        secret that it shares with this service, for the audience `redress:chat`.

        Raises InvalidToken.
        """
        if not self._secret:
            raise InvalidToken(_("No other site can vouch for its members here."))
        try:
            claims = jwt.decode(
                identity,
                self._secret,
                algorithms=["HS256"],
                audience=AUDIENCE,
                options={"require": ["sub", "exp"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            raise InvalidToken(_("The site around this chat did not sign who you are.")) from None
        if self._clock().timestamp() >= claims["exp"]:
            raise InvalidToken(_("This page is old. Load it again to go on."))
        return Principal(
            "member",
            str(claims["sub"]),
            str(claims.get("name") or claims["sub"]),
            str(claims.get("email") or ""),
            language_or_english(claims.get("locale")),
            frozenset({"customer"}),
        )
