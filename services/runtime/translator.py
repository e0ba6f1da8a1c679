"""Machine translation of what people wrote, by a server that speaks LibreTranslate's protocol
(`POST /translate`, https://docs.libretranslate.com). It is a help for readers, never a need: where
it is away, slow or wrong there is no translation, and the original stands as always."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, Protocol

import httpx2 as httpx
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

_log = structlog.get_logger(__name__)

PATIENCE_SECONDS: Final = 2.0
"""How long a page waits for its translations, all of them together."""
_PAUSE_SECONDS: Final = 30.0
_KEPT: Final = 1000
_AT_ONCE: Final = 4
_UNKNOWN: Final = "auto"


class Original(NamedTuple):
    """Somebody's own words. `language` is a BCP 47 tag, None where it is not known."""

    text: str
    language: str | None = None

    @property
    def primary(self) -> str:
        return (self.language or _UNKNOWN).partition("-")[0].lower()


class Translation(NamedTuple):
    """What a machine made of an original. `source` is the language it took that for."""

    text: str
    source: str


Translations = Mapping[str, Translation]
"""By the original's text."""


class Translator(Protocol):
    async def translate(self, originals: Iterable[Original], target: str) -> Translations:
        """Those of the originals that are in another language than `target`, as far as they could
        be translated in time. Never raises."""

    async def aclose(self) -> None: ...


class NoTranslator:
    """None is plugged in."""

    async def translate(self, originals: Iterable[Original], target: str) -> Translations:
        return {}

    async def aclose(self) -> None:
        pass


class _Detected(BaseModel):
    model_config = ConfigDict(extra="ignore")
    language: str


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")
    translatedText: str  # noqa: N815
    detectedLanguage: _Detected | None = None  # noqa: N815


class LibreTranslate:
    """`url` is the server's, `key` its API key, if it wants one.

    After a failure nothing is asked for 30 s, so that pages do not wait for a server that is away.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        patience: float = PATIENCE_SECONDS,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = f"{url.rstrip('/')}/translate"
        self._key = key
        self._patience = patience
        self._seconds = seconds
        self._http = httpx.AsyncClient(timeout=patience)
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._kept: dict[tuple[Original, str], Translation] = {}
        self._pause_until = float("-inf")

    async def translate(self, originals: Iterable[Original], target: str) -> Translations:
        foreign = [o for o in dict.fromkeys(originals) if o.text.strip() and o.primary != target]
        if asked := [o for o in foreign if (o, target) not in self._kept]:
            await self._ask(asked, target)
        found = {o.text: self._kept[o, target] for o in foreign if (o, target) in self._kept}
        return {text: each for text, each in found.items() if each.source != target}

    async def _ask(self, originals: list[Original], target: str) -> None:
        if self._seconds() < self._pause_until:
            return
        tasks = [asyncio.create_task(self._one(each, target)) for each in originals]
        _done, late = await asyncio.wait(tasks, timeout=self._patience)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
            self._rest("too slow")

    async def _one(self, original: Original, target: str) -> None:
        body = {"q": original.text, "source": original.primary, "target": target, "format": "text"}
        if self._key:
            body["api_key"] = self._key
        try:
            async with self._at_once:
                response = await self._http.post(self._url, json=body)
        except httpx.HTTPError as error:
            self._rest(repr(error))
            return
        if response.status_code >= 500 or response.status_code == 429:
            self._rest(f"status {response.status_code}")
            return
        if response.is_error:
            # This text or pair of languages alone; the server says which in its `error`.
            _log.info("not translated", status=response.status_code, source=original.primary)
            return
        try:
            answer = _Answer.model_validate_json(response.content)
        except ValidationError:
            self._rest("an answer that is not understood")
            return
        known = original.primary != _UNKNOWN
        detected = answer.detectedLanguage.language if answer.detectedLanguage else ""
        while len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        source = original.primary if known else detected
        self._kept[original, target] = Translation(answer.translatedText, source)

    def _rest(self, why: str) -> None:
        _log.warning("translator away", reason=why)
        self._pause_until = self._seconds() + _PAUSE_SECONDS

    async def aclose(self) -> None:
        await self._http.aclose()


def translator_of(url: str | None, key: str | None = None) -> Translator:
    """The translator at `url`, or none."""
    return LibreTranslate(url, key=key) if url else NoTranslator()
