"""How well the virtual agent finds the right article: a labelled set of questions, held against the
search that she asks."""

import tomllib
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from services.chat.eva.dialogue import Hit, answers
from services.intake.search import Search, search

DATA = Path(__file__).parents[1] / "data"


class Found(NamedTuple):
    """Shares of all questions of a language: the right article came first, among the three that are
    shown, and anything was confident enough to be shown. `seconds` for each question."""

    questions: int
    hit_1: float
    hit_3: float
    answered: float
    seconds: list[float]


def labelled() -> dict[str, dict[str, str]]:
    """By language: questions, and the article that answers each."""
    return tomllib.loads((DATA / "chat-questions.toml").read_text("utf-8"))


def off_topic() -> dict[str, list[str]]:
    """By language: questions that no article answers."""
    return tomllib.loads((DATA / "off-topic-questions.toml").read_text("utf-8"))


def kept_aside(questions: dict[str, str]) -> dict[str, str]:
    """Those that nobody looked at who wrote the articles' keywords."""
    return dict(list(questions.items())[1::2])


def measure(language: str, questions: dict[str, str], library: Search | None = None) -> Found:
    articles = library or search()
    first = among = answered = 0
    seconds = []
    for question, wanted in questions.items():
        began = perf_counter()
        found = articles.find(question, language, limit=3)
        seconds.append(perf_counter() - began)
        slugs = [hit.article.slug for hit in found]
        first += slugs[:1] == [wanted]
        among += wanted in slugs
        shown = [Hit("", "", 1, hit.score, articles.share(question, hit)) for hit in found]
        answered += bool(answers(shown))
    count = len(questions)
    return Found(count, first / count, among / count, answered / count, seconds)
