"""A browser without scripts that signs in, for the pages of moderation in this process."""

import re
from html import unescape
from typing import Any

import httpx2 as httpx
from starlette.responses import Response

from services.runtime.auth import Principal
from tests.moderation_house import House


class Visitor:
    """A browser without scripts: it keeps cookies, reads pages and sends their forms."""

    def __init__(self, house: House, who: Principal | None) -> None:
        self.house = house
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(house.app, raise_app_exceptions=False),
            base_url="http://moderation",
            headers={"accept": "text/html"},
        )
        self.http.cookies.set("redress_language", "en")
        if who is not None:
            signed_in = Response()
            house.app.state.auth.sessions.open(signed_in, who)
            name, _, value = signed_in.headers["set-cookie"].partition(";")[0].partition("=")
            self.http.cookies.set(name, value)
        # Who reads Russian or Arabic may choose English; the tests do.
        self.http.cookies.set("redress_language", "en")

    async def page(self, path: str, *, status: int = 200) -> str:
        if "?" not in path and path.startswith(("/moderation/cases/", "/center/c")):
            path += f"?after={self.house.written}"
        answer = await self.http.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    async def send(self, page: str, command: str, **fields: Any) -> httpx.Response:
        """Sends the form of `command` that stands on `page`, filled in with `fields`."""
        form = re.search(rf'<form[^>]*action="([^"]*/{command})".*?</form>', page, re.DOTALL)
        assert form, f"no form for {command}"
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
        answer = await self.http.post(unescape(form[1]), data=hidden | fields)
        place = answer.headers.get("location", "")
        if sequence := re.search(r"after=(\d+)", place):
            self.house.written = max(self.house.written, int(sequence[1]))
        return answer


def text_of(page: str) -> str:
    """What is read on a page."""
    body = re.sub(r"<(script|style).*?</\1>|<wbr>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))
