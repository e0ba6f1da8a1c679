"""A browser without scripts, for the pages of a service that runs in this process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Any

import httpx2 as httpx

from services.runtime.auth import Principal
from tests.intake_house import LINK, House


class _Page(HTMLParser):
    """The one form of a page with its fields, and the page's text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.choices: dict[str, list[str]] = {}
        self.buttons: list[str] = []
        self.action = ""
        self.text = ""
        self._inside = False
        self._area = ""
        self._chosen = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form":
            self._inside = told.get("action") not in ("/sign-out",)
            if self._inside and told.get("method") == "post":
                self.action = told.get("action") or ""
        if not self._inside:
            return
        name, value = told.get("name") or "", told.get("value") or ""
        if tag == "textarea":
            self._area = name
            self.fields.append((name, ""))
        elif tag == "button":
            self.buttons.append(value)
        elif tag == "select":
            self._chosen = name
        elif tag == "option" and "selected" in told:
            self.fields.append((self._chosen, value))
        elif tag == "input" and told.get("type") in ("radio", "checkbox"):
            self.choices.setdefault(name, []).append(value)
            if "checked" in told:
                self.fields.append((name, value))
        elif tag == "input" and told.get("type") != "file":
            self.fields.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._area:
            name, text = self.fields[-1]
            self.fields[-1] = (name, text + data)


@dataclass
class Browser:
    """Fills in the form of the page it is on, as a browser does, and presses a button."""

    http: httpx.AsyncClient
    page: _Page = field(default_factory=lambda: _Page(""))
    answer: httpx.Response = field(default_factory=lambda: httpx.Response(204))

    @classmethod
    def of(cls, house: House, who: Principal | None = None) -> "_Opened":
        return _Opened(house, who)

    async def open(self, path: str, *, status: int = 200) -> _Page:
        return self._shown(await self.http.get(path), status)

    async def press(
        self,
        button: str = "next",
        *,
        status: int = 200,
        files: list[tuple[str, bytes]] | None = None,
        typed: Mapping[str, str] = MappingProxyType({}),
        **others: str,
    ) -> _Page:
        data: dict[str, list[str]] = {}
        for name, value in self.page.fields:
            data.setdefault(name, []).append(value.removeprefix("\n"))
        entered = {**typed, **others, "go": button}
        data |= {name: [value] for name, value in entered.items()}
        sent: dict[str, Any] = {"data": data}
        if files is not None:
            sent["files"] = [("files", file) for file in files]
        return self._shown(await self.http.post(self.page.action, **sent), status)

    def value(self, name: str) -> list[str]:
        return [value for each, value in self.page.fields if each == name]

    def _shown(self, answer: httpx.Response, status: int) -> _Page:
        assert answer.status_code == status, answer.text[:2_000]
        self.answer = answer
        self.page = _Page(answer.text)
        return self.page

    async def to_details(self) -> None:
        await self.open("/complaints/new")
        await self.press(choice="complaint")
        await self.press(product_link=LINK)
        await self.press(type="SM")
        await self.press(reason="SM3")


class _Opened:
    def __init__(self, house: House, who: Principal | None) -> None:
        transport = httpx.ASGITransport(house.app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(
            transport=transport,
            base_url="http://intake",
            headers={"Accept": "text/html"} | house.headers(who),
            follow_redirects=True,
        )

    async def __aenter__(self) -> Browser:
        return Browser(await self._client.__aenter__())

    async def __aexit__(self, *error: Any) -> None:
        await self._client.__aexit__(*error)
