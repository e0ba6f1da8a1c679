"""An optional language model behind an endpoint that speaks OpenAI's chat protocol.

It may only put into smoother words what was retrieved. What it makes is used when it keeps to that
as far as can be checked: not empty, not long, no address and no number that its sources lack.
Otherwise, and when it is slow or away, the plain answer stands.
"""

import re
from collections.abc import Sequence
from typing import Final, Protocol

import aiohttp
import structlog

from services.chat.eva.dialogue import Hit

log = structlog.get_logger(__name__)

_TIMEOUT: Final = aiohttp.ClientTimeout(total=6.0, connect=1.0)
LONGEST: Final = 600
"""Characters of an answer."""
_TELLING: Final = re.compile(r"https?://\S+|www\.\S+|\d[\d.,:]*")
_RULES: Final = (
    "You put passages of a help centre into a short answer to the customer's question. Use only "
    "what the passages say; add nothing. Answer in the language with the tag {language}, in at "
    "most three sentences, without links. If the passages do not answer, say NONE."
)


class Rephrasing(Protocol):
    async def answer(self, question: str, language: str, hits: Sequence[Hit]) -> str | None:
        """A sentence or three made of the passages, or None: then the plain answer stands."""


class Endpoint:
    """`url` is the base of the API, e.g. `http://127.0.0.1:11434/v1`."""

    def __init__(self, url: str, *, model: str, key: str | None) -> None:
        self._url = url.rstrip("/")
        self._model = model
        self._key = key
        self._session: aiohttp.ClientSession | None = None

    async def answer(self, question: str, language: str, hits: Sequence[Hit]) -> str | None:
        if not hits:
            return None
        passages = "\n\n".join(f"{hit.title}: {hit.excerpt}" for hit in hits)
        body = {
            "model": self._model,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": _RULES.format(language=language)},
                {"role": "user", "content": f"Passages:\n{passages}\n\nQuestion: {question}"},
            ],
        }
        if self._session is None:
            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers)
        try:
            async with self._session.post(f"{self._url}/chat/completions", json=body) as answer:
                answer.raise_for_status()
                said = (await answer.json())["choices"][0]["message"]["content"]
        except (aiohttp.ClientError, TimeoutError, LookupError, TypeError, ValueError) as error:
            log.info("rephrasing.away", why=repr(error))
            return None
        return said.strip() if isinstance(said, str) and keeps_to(said, passages) else None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def keeps_to(said: str, passages: str) -> bool:
    """Whether an answer is one, and tells no address or number that its sources lack."""
    text = said.strip()
    if not text or len(text) > LONGEST or text.upper().startswith("NONE"):
        return False
    known = {each.strip(".,:") for each in _TELLING.findall(passages)}
    return all(each.strip(".,:") in known for each in _TELLING.findall(text))
