"""What people write, taken apart for those who read it: swear words veiled, addresses told apart.

The log keeps what was written. Which words and hosts are which is data (`data/words.json`).
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

DATA: Final = Path(__file__).parent / "data" / "words.json"
_URL: Final = re.compile(r"https?://[^\s<>\"'«»“”]+[^\s<>\"'«»“”.,;:!?)\]]", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+")


class Piece(NamedTuple):
    """`link` leads to a known host, `unknown` to another one: it is shown and not made a link."""

    kind: Literal["text", "link", "unknown", "veiled"]
    text: str


class Content:
    """`profane` are whole words; `known_hosts` stand for their subdomains too."""

    def __init__(self, profane: Iterable[str], known_hosts: Iterable[str]) -> None:
        self._profane = frozenset(each.casefold() for each in profane)
        self._hosts = tuple(known_hosts)

    @classmethod
    def load(cls, path: Path = DATA, *, own: str = "") -> "Content":
        """`own` is the deployment's own address, which is always known."""
        data: dict[str, Any] = json.loads(path.read_text())
        words = [word for each in data["profane"].values() for word in each]
        host = urlsplit(own).hostname
        return cls(words, [*data["known_hosts"], *([host] if host else [])])

    def pieces(self, text: str) -> list[Piece]:
        """The text in order, nothing of it lost; of a veiled word all but its first letter is."""
        found: list[Piece] = []
        end = 0
        for match in _URL.finditer(text):
            found += self._veiled(text[end : match.start()])
            found.append(Piece("link" if self.is_known(match[0]) else "unknown", match[0]))
            end = match.end()
        return found + self._veiled(text[end:])

    def is_known(self, url: str) -> bool:
        try:
            host = (urlsplit(url).hostname or "").casefold()
        except ValueError:
            return False
        return any(host == each or host.endswith("." + each) for each in self._hosts)

    def is_profane(self, text: str) -> bool:
        return any(word[0].casefold() in self._profane for word in _WORD.finditer(text))

    def _veiled(self, text: str) -> list[Piece]:
        found: list[Piece] = []
        end = 0
        for match in _WORD.finditer(text):
            if match[0].casefold() not in self._profane:
                continue
            found.append(Piece("text", text[end : match.start()]))
            found.append(Piece("veiled", match[0][0] + "•" * (len(match[0]) - 1)))
            end = match.end()
        found.append(Piece("text", text[end:]))
        return [each for each in found if each.text]
