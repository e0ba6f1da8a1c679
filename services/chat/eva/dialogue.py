"""What the virtual agent makes of a message: pure, from rules and words that are data."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

from services.chat.state import Chat

DATA: Final = Path(__file__).parents[1] / "data" / "eva.json"
TURNS: Final = 6
LOW_SCORES: Final = 2
SHOWN: Final = 3
"""Articles: rather up to three than one guess."""
CONFIDENT: Final = 0.6
"""The share of the words that were asked for that an article must know to be an answer…"""
TELLING: Final = 5.0
"""…or this BM25 score, where it knows more than a third of them: one word of three is a chance."""
SOME: Final = 0.34
FURTHER: Final = 0.15
"""The confidence from which an article is shown below the one that answers."""
SUMMARY: Final = 500

Reason = Literal["asked", "low_scores", "turns", "negative", "complaint", "error"]


class Intent(StrEnum):
    OPERATOR = "operator"
    COMPLAIN = "complain"
    NEGATIVE = "negative"
    STATUS = "status"
    THANKS = "thanks_said"
    HELLO = "hello_said"
    QUESTION = "question"


class Hit(NamedTuple):
    """A help article that may answer; see `GET /api/v1/help/search`."""

    title: str
    href: str
    version: int
    score: float
    share: float
    excerpt: str = ""
    slug: str = ""

    @property
    def confidence(self) -> float:
        """0 to 1; from one half on it is an answer."""
        if self.share >= CONFIDENT or (self.share >= SOME and self.score >= TELLING):
            return 0.5 + self.share / 2
        return self.share / 2


@dataclass(frozen=True, slots=True)
class Words:
    """One language's sentences, and the words that tell intents."""

    sentences: Mapping[str, str]
    patterns: Mapping[Intent, "re.Pattern[str]"]

    def say(self, name: str, **values: str) -> str:
        return self.sentences[name].format(**values)


@cache
def words() -> Mapping[str, Words]:
    """By language; the first is for everybody else."""
    read: dict[str, dict[str, str | list[str]]] = json.loads(DATA.read_text("utf-8"))
    found = {}
    for language, entries in read.items():
        sentences = {name: text for name, text in entries.items() if isinstance(text, str)}
        patterns = {
            Intent(name): _pattern(phrases)
            for name, phrases in entries.items()
            if isinstance(phrases, list)
        }
        found[language] = Words(sentences, patterns)
    return found


def words_of(language: str) -> Words:
    known = words()
    return known.get(language.split("-", 1)[0]) or next(iter(known.values()))


def intent(text: str, language: str) -> Intent:
    """What is wanted. A person is called in any language, whatever language the chat is in."""
    said = plain(text)
    if any(each.patterns[Intent.OPERATOR].search(said) for each in words().values()):
        return Intent.OPERATOR
    patterns = words_of(language).patterns
    for each in (Intent.STATUS, Intent.COMPLAIN, Intent.NEGATIVE):
        if patterns[each].search(said):
            return each
    if len(said.split()) <= 4:  # a question that begins with a greeting is a question
        for each in (Intent.THANKS, Intent.HELLO):
            if patterns[each].search(said):
                return each
    return Intent.QUESTION


def answers(hits: Sequence[Hit]) -> list[Hit]:
    """Those that are good enough to be shown, the best first; none when none is an answer."""
    if not hits or hits[0].confidence < 0.5:
        return []
    return [hit for hit in hits[:SHOWN] if hit.confidence >= FURTHER]


def hand_over_because(chat: Chat, wanted: Intent, *, found: bool) -> Reason | None:
    """Why a person should take over now, after this message; None when Eva goes on."""
    match wanted:
        case Intent.OPERATOR:
            return "asked"
        case Intent.COMPLAIN:
            return "complaint"
        case Intent.NEGATIVE:
            return "negative"
        case Intent.QUESTION if not found and chat.low_scores + 1 >= LOW_SCORES:
            return "low_scores"
        case _:
            return "turns" if chat.bot_turns + 1 > TURNS else None


def summary(said: Sequence[str]) -> str:
    """The customer's own words, so that nothing has to be said twice: the last ones, whole."""
    kept: list[str] = []
    for text in reversed(said):
        if kept and sum(map(len, kept)) + len(text) > SUMMARY:
            break
        kept.append(text[:SUMMARY])
    return "\n".join(reversed(kept))


def plain(text: str) -> str:
    """As words are compared: lower case, without vowel signs and accents."""
    letters = unicodedata.normalize("NFKD", text).casefold().replace("ё", "е")
    return " ".join("".join(each for each in letters if not unicodedata.combining(each)).split())


def _pattern(phrases: Sequence[str]) -> "re.Pattern[str]":
    listed = "|".join(re.escape(plain(each)) for each in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)")
