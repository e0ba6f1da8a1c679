"""The machines outside: the marketplace's webhook endpoint, the Transparency Database or a folder.

Redirects are never followed: they would carry a secret to somebody else, and the database answers
302 where it means "yes".
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import anyio

from contracts.outgoing import FieldError
from services.moderation.outgoing.records import Record
from services.moderation.outgoing.webhooks import signature

TIMEOUT = aiohttp.ClientTimeout(total=20)
MOST_AT_ONCE = 100
"""Statements in one request to the database."""

_AWAY = (aiohttp.ClientError, TimeoutError, OSError)
_STATEMENT = re.compile(r"statement_(\d+)")


class Away(Exception):
    """No answer, or one that asks to be tried again: nothing is known of what was sent."""


class NotTaken(Exception):
    """Answered, and not taken. `errors` maps the place in the request to what is wrong there."""

    def __init__(
        self, reason: str, errors: dict[int, tuple[FieldError, ...]] | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.errors = errors or {}


class Register(Protocol):
    """Where statements of reasons go."""

    async def has(self, puid: str) -> bool:
        """Whether the statement is there already. Raises Away."""

    async def submit(self, records: Sequence[Record]) -> str:
        """Takes up to `MOST_AT_ONCE` statements, all or none; what it answered. Raises Away,
        NotTaken."""

    async def aclose(self) -> None: ...


class Endpoint:
    """The marketplace's webhook endpoint; `secret` as Standard Webhooks writes it: `whsec_…`."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def send(self, webhook_id: str, body: str, *, sent_at: datetime) -> str:
        """Raises Away or NotTaken where it is not answered with 2xx."""
        self._session = self._session or aiohttp.ClientSession(timeout=TIMEOUT)
        signed = signature(self._secret, webhook_id=webhook_id, sent_at=sent_at, body=body)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": signed,
        }
        try:
            async with self._session.post(
                self._url, data=body.encode(), headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
        except _AWAY as error:
            raise Away(type(error).__name__) from error
        if not 200 <= status < 300:
            raise NotTaken(f"answered {status}")
        return str(status)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


class Database:
    """The Transparency Database's API, `<url>/api/v1/…`, with a bearer token."""

    def __init__(self, url: str, token: str) -> None:
        self._api = f"{url.rstrip('/')}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._session: aiohttp.ClientSession | None = None

    async def has(self, puid: str) -> bool:
        status, _ = await self._ask("GET", f"statement/existing-puid/{puid}")
        if status not in (302, 404):
            raise Away(f"answered {status} when asked for a statement")
        return status == 302

    async def submit(self, records: Sequence[Record]) -> str:
        status, answer = await self._ask("POST", "statements", {"statements": list(records)})
        if status == 201:
            return "201"
        if status == 422:
            raise NotTaken("answered 422", errors_of(answer))
        if status in (401, 403):
            raise Away(f"answered {status}: look at the token")
        raise Away(f"answered {status}")

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _ask(self, method: str, path: str, document: Any = None) -> tuple[int, Any]:
        self._session = self._session or aiohttp.ClientSession(timeout=TIMEOUT)
        try:
            async with self._session.request(
                method,
                f"{self._api}/{path}",
                json=document,
                headers=self._headers,
                allow_redirects=False,
            ) as answer:
                text = await answer.text()
                return answer.status, _json(text)
        except _AWAY as error:
            raise Away(type(error).__name__) from error


class Folder:
    """A folder into which batches are written, one file each, for whoever sends them on."""

    def __init__(self, path: Path) -> None:
        self._path = anyio.Path(path)

    async def has(self, puid: str) -> bool:
        async for file in self._path.glob("*.json"):
            if f'"{puid}"' in await file.read_text():
                return True
        return False

    async def submit(self, records: Sequence[Record]) -> str:
        await self._path.mkdir(parents=True, exist_ok=True)
        name = f"statements-{records[0]['puid']}.json"
        unfinished = self._path / f".{name}"
        await unfinished.write_text(
            json.dumps({"statements": list(records)}, ensure_ascii=False, indent=1)
        )
        await unfinished.rename(self._path / name)
        return name

    async def aclose(self) -> None:
        """There is nothing to close."""


def errors_of(answer: Any) -> dict[int, tuple[FieldError, ...]]:
    """The errors of a refused batch by place: `{"errors": {"statement_3": {"puid": ["…"]}}}`."""
    found: dict[int, tuple[FieldError, ...]] = {}
    errors = answer.get("errors") if isinstance(answer, dict) else None
    for name, fields in (errors or {}).items():
        place = _STATEMENT.fullmatch(name)
        if place is None or not isinstance(fields, dict):
            continue
        found[int(place[1])] = tuple(
            FieldError(field=field, message=str(message))
            for field, messages in fields.items()
            for message in (messages if isinstance(messages, list) else [messages])
        )
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
