"""Where the virtual agent looks: intake's help articles, and moderation's account of the customer's
own complaints, both over HTTP as any other program would ask."""

from datetime import timedelta
from typing import Any, Final, NamedTuple

import aiohttp

from contracts.chat import Visitor
from services.chat.eva.dialogue import Hit
from services.runtime.auth import Auth, Principal

_TIMEOUT: Final = aiohttp.ClientTimeout(total=3.0, connect=1.0)
_LATEST: Final = 3
_RIGHTS_LIVE: Final = timedelta(minutes=1)


class SourceAway(Exception):
    """A source did not answer, or not as it should."""


class OwnComplaint(NamedTuple):
    number: str
    state: str
    href: str


class Sources:
    """Raises SourceAway where a far side does not answer in three seconds."""

    def __init__(self, *, intake: str, moderation: str, auth: Auth) -> None:
        self._intake = intake.rstrip("/")
        self._moderation = moderation.rstrip("/")
        self._auth = auth
        self._session: aiohttp.ClientSession | None = None

    async def articles(self, question: str, language: str) -> list[Hit]:
        """Help articles that may answer, the best first."""
        found = await self._get(
            f"{self._intake}/api/v1/help/search", {"q": question[:200], "lang": language}
        )
        return [
            Hit(
                title=each["title"],
                href=each["href"],
                version=each["version"],
                score=each["score"],
                share=each["share"],
                excerpt=each["excerpt"],
                slug=each["slug"],
            )
            for each in found["hits"]
        ]

    async def complaints(self, customer: Visitor) -> list[OwnComplaint]:
        """The latest complaints of a member, or of a guest who proved the address, asked for with
        their own rights."""
        match customer.kind:
            case "anonymous":
                return []
            case "guest":
                until = self._auth.clock() + _RIGHTS_LIVE
                token = self._auth.links.sign("guest", customer.id, expires=until)
            case "member":
                who = Principal(
                    "member",
                    customer.id,
                    customer.name,
                    customer.email,
                    customer.language,
                    frozenset({"customer"}),
                )
                token = self._auth.tokens.issue(who, lifetime=_RIGHTS_LIVE)
        found = await self._get(
            f"{self._moderation}/api/v1/center/complaints",
            {"limit": str(_LATEST)},
            {"Authorization": f"Bearer {token}", "Accept-Language": customer.language},
        )
        return [
            OwnComplaint(
                each["number"], each["status"], f"/center/complaints/{each['id']}",
            )
            for each in found["items"]
        ]  # fmt: skip

    async def _get(
        self, url: str, query: dict[str, str], headers: dict[str, str] | None = None
    ) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        try:
            async with self._session.get(url, params=query, headers=headers) as answer:
                if answer.status != 200:
                    raise SourceAway(f"{url} answered {answer.status}")
                return await answer.json()
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            raise SourceAway(f"{url}: {error!r}") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
