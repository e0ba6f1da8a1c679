"""A complaint that was begun, kept in a signed cookie: it outlives the page, the tab and the
network, and needs no account and no script."""

from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from services.intake.web.draft import Draft, Step
from services.runtime.auth import Principal

COOKIE: Final = "redress_draft"
LIFETIME: Final = timedelta(days=7)
LARGEST: Final = 3_800
"""Characters of the cookie: browsers keep 4096 bytes with its name and attributes."""


@dataclass(frozen=True, slots=True)
class Begun:
    draft: Draft
    step: Step


class Keeping:
    """Keeps what was entered, for whoever entered it. A description too long for a cookie is left
    out of it: the page's script keeps that in the browser, and gives it back on the page of the
    description, to which it is come back then."""

    def __init__(self, key: bytes, *, path: str, secure: bool) -> None:
        self._signer = URLSafeTimedSerializer(key, salt="draft")
        self._path = path
        self._secure = secure

    def keep(self, response: Response, begun: Begun, who: Principal | None) -> None:
        short = replace(begun.draft, description="")
        without = Step.DETAILS if begun.step is Step.SUMMARY else begun.step
        for draft, step in ((begun.draft, begun.step), (short, without)):
            entered = {name: value for name, value in asdict(draft).items() if value}
            cookie = self._signed([_holder(who), step, entered])
            if len(cookie) <= LARGEST:
                response.set_cookie(
                    COOKIE,
                    cookie,
                    max_age=int(LIFETIME.total_seconds()),
                    path=self._path,
                    secure=self._secure,
                    httponly=True,
                    samesite="lax",
                )
                return
        self.forget(response)

    def begun(self, request: Request, who: Principal | None) -> Begun | None:
        """What this browser began, if whoever is there now began it (or nobody in particular)."""
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        try:
            kept: Any = self._signer.loads(cookie, max_age=int(LIFETIME.total_seconds()))
            holder, step, entered = kept
            entered["evidence"] = tuple(entered.get("evidence", ()))
            begun = Begun(Draft(**entered), Step(step))
        except (BadData, TypeError, ValueError):  # signed by another release, or not by us
            return None
        return begun if holder in ("", _holder(who)) else None

    def forget(self, response: Response) -> None:
        response.delete_cookie(
            COOKIE, path=self._path, secure=self._secure, httponly=True, samesite="lax"
        )

    def _signed(self, content: list[Any]) -> str:
        return str(self._signer.dumps(content))


def _holder(who: Principal | None) -> str:
    return who.actor if who is not None and who.signed_in else ""
