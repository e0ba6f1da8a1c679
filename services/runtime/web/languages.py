"""Which language a page is in, and how its reader chooses another.

`?lang=` chooses, and a cookie keeps the choice. Nothing chosen: the account's language, else the
browser's.
"""

from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from services.runtime.auth import Principal, auth_of, page_of
from services.runtime.locales import LANGUAGES
from services.runtime.web.text import languages_accepted, negotiate

PARAMETER: Final = "lang"
COOKIE: Final = "redress_language"
_A_YEAR: Final = 365 * 24 * 3600


class Choice(NamedTuple):
    """A language that the page can be read in: its code, own name, and where it is."""

    code: str
    name: str
    href: str


def languages_wanted(request: HTTPConnection, person: Principal | None) -> list[str]:
    """The languages of whoever sent `request`, the most wanted first."""
    asked = request.query_params.get(PARAMETER, "").lower()
    wanted = [asked, request.cookies.get(COOKIE, "")]
    if person is not None:
        wanted.append(person.language)
    accepted = languages_accepted(request.headers.get("accept-language", ""))
    return [*filter(None, wanted), *accepted]


def choices(request: Request) -> list[Choice]:
    """The page that the reader is on, in each language.

    What a form was answered with has no address: there it is the page that the form was on.
    """
    path, _, query = page_of(request).partition("?")
    others = [(k, v) for k, v in parse_qsl(query, keep_blank_values=True) if k != PARAMETER]
    return [
        Choice(code, name, f"{path}?{urlencode([*others, (PARAMETER, code)])}")
        for code, name in LANGUAGES.items()
    ]


def keep_choice(request: Request, response: Response) -> None:
    """Lets the language asked for by `?lang=` stick."""
    asked = request.query_params.get(PARAMETER)
    chosen = negotiate([asked.lower()], ("", *LANGUAGES)) if asked else ""
    if chosen and request.cookies.get(COOKIE) != chosen:
        response.set_cookie(
            COOKIE,
            chosen,
            max_age=_A_YEAR,
            secure=auth_of(request).secure,
            httponly=True,
            samesite="lax",
        )
