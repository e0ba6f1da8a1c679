"""Search in the articles: by the words people use, in whatever form they use them.

Passages are ranked by BM25 over Snowball stems. SQLite's FTS5 does the ranking: it is installed
already, weighs title, keywords, heading and text apart, and costs an in-memory table; `bm25s`
would bring numpy for a few hundred passages, and knows no fields.
"""

import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

import snowballstemmer

from services.intake.articles import Article, Library, Section, library
from services.intake.language import language_of

LONGEST_QUESTION: Final = 200
"""Characters; what stands behind them is not searched for."""

_STEMMERS: Final = {"en": "english", "ru": "russian", "ar": "arabic"}
_RANKED: Final = """
    select rowid, -bm25(passages, 8.0, 4.0, 3.0, 1.0), -bm25(passages, 0.0, 0.0, 3.0, 1.0)
    from passages where passages match ? order by rowid
"""
"""Weighed by title, keywords, heading and text; and without what all passages of an article share.
"""
_TELLING: Final = 0.4
"""A passage is shown when it scores this share of the best one."""
_EXCERPT: Final = 200
_WORD: Final = re.compile(r"(?:[^\W_]|[\u064b-\u065f\u0670])+")
"""Letters and digits, and Arabic vowel signs, which are written inside words."""
_SENTENCE: Final = re.compile(r"(?<=[.!?؟…])\s+")
_STOP_WORDS: Final = {
    "en": """a about am an and any are as at be been but by can could did do does for from get
        had has have he her him his how i if in into is it its just me my no not of on or our out
        please she should so some than that the their them then there they this to up us was we
        were what when where which who whom why will with would you your""",
    "ru": """а бы был была были было быть в вам вас во вот все вы где да для до его ее если есть
        еще же за зачем здесь и из или им их к как какая какие какой ко когда кто ли меня мне много
        можно мой моя мы на надо нам нас не него нее нет ни но ну нужно о об обо он она они оно
        от очень по почему при про с со так там то тоже только ты у уже чего чей что чтобы это этот
        эта эти я""",
    "ar": """أن أنا أنت أو أي أين إذا إلى إن الذي التي الى ان انا او اي اين اذا بعد بها به بين تلك
        ثم حتى ذلك عن عند على علي عليه عليها في فيه فيها قد كان كانت كل كم كيف لا لأن لقد لكن لم
        لماذا لن له لها لي ليس ما ماذا مع من منذ منه منها متى نحن نعم هذا هذه هل هم هنا هناك هو هي
        و يا يمكن يمكنني لدي عندي""",
}


class Hit(NamedTuple):
    """An article, the section of it that answers best, and how well (higher is better).

    `excerpt` is a sentence or two of that section in pieces; those marked True were asked for.
    """

    article: Article
    section: Section
    excerpt: tuple[tuple[str, bool], ...]
    score: float

    @property
    def href(self) -> str:
        anchor = f"#{self.section.id}" if self.section.id else ""
        return f"{self.article.href}{anchor}"


class Search:
    """The articles of all languages, ready to be asked."""

    def __init__(self, library: Library) -> None:
        self._indexes = {
            language: _Index(language, library.all(language)) for language in _STEMMERS
        }

    def find(self, question: str, language: str, *, limit: int = 5) -> list[Hit]:
        """The articles that answer, the best first.

        `language` is the reader's; a question that nothing answers there is asked again in the
        language that it seems to be written in.
        """
        found = self._indexes[language].find(question, limit)
        written = language_of(question)
        if found or written == language or written not in self._indexes:
            return found
        return self._indexes[written].find(question, limit)

    def share(self, question: str, hit: Hit) -> float:
        """How much of what was asked for stands in the article at all: 0 to 1."""
        return self._indexes[hit.article.language].share(question, hit.article.slug)


@cache
def search() -> Search:
    """Search in the articles that come with this software."""
    return Search(library())


class _Index:
    """The passages of one language: each section of each article, under the article's title."""

    def __init__(self, language: str, articles: Iterable[Article]) -> None:
        self._stem = _stemmer(language)
        self._stop_words = frozenset(map(self._stem, _STOP_WORDS[language].split()))
        self._passages = [(article, part) for article in articles for part in article.sections]
        self._words: dict[str, set[str]] = {}
        for article, part in self._passages:
            text = (*article.front.keywords, article.front.title, part.heading, part.text)
            self._words.setdefault(article.slug, set()).update(
                self._stems(" ".join((*text, article.front.summary))).split()
            )
        # Asked from the one thread of the event loop, which need not be the one that built it.
        self._table = sqlite3.connect(":memory:", check_same_thread=False)
        # `ascii` parts words at spaces only, as far as stems go: they are words already.
        self._table.execute(
            "create virtual table passages"
            " using fts5 (title, keywords, heading, body, tokenize = 'ascii')"
        )
        self._table.executemany(
            "insert into passages (rowid, title, keywords, heading, body) values (?, ?, ?, ?, ?)",
            [
                (
                    number,
                    self._stems(article.front.title),
                    self._stems(" ".join(article.front.keywords)),
                    self._stems(part.heading),
                    self._stems(part.text if part.id else f"{article.front.summary} {part.text}"),
                )
                for number, (article, part) in enumerate(self._passages)
            ],
        )

    def share(self, question: str, slug: str) -> float:
        asked = self._telling(question)
        return len(asked & self._words[slug]) / len(asked) if asked else 0.0

    def _telling(self, question: str) -> set[str]:
        words = _WORD.findall(question[:LONGEST_QUESTION])
        return {stem for word in words if (stem := self._stem(word))} - self._stop_words

    def find(self, question: str, limit: int) -> list[Hit]:
        stems = self._telling(question)
        if not stems:
            return []
        best: dict[str, tuple[float, float, int]] = {}
        rows = self._table.execute(_RANKED, (" OR ".join(f'"{stem}"' for stem in sorted(stems)),))
        for number, score, own in rows:
            slug = self._passages[number][0].slug
            top, best_own, shown = best.get(slug, (score, -1.0, number))
            if own > best_own:
                best_own, shown = own, number
            best[slug] = max(top, score), best_own, shown
        ranked = sorted(best.values(), key=lambda each: -each[0])[:limit]
        return [
            self._hit(number, score, stems)
            for score, _, number in ranked
            if score >= _TELLING * ranked[0][0]
        ]

    def _hit(self, number: int, score: float, stems: set[str]) -> Hit:
        article, part = self._passages[number]
        return Hit(article, part, self._excerpt(article, part, stems), score)

    def _stems(self, text: str) -> str:
        return " ".join(map(self._stem, _WORD.findall(text)))

    def _excerpt(
        self, article: Article, part: Section, stems: set[str]
    ) -> tuple[tuple[str, bool], ...]:
        """What follows from the sentence with the most of what was asked for, or the summary."""
        sentences = _SENTENCE.split(part.text)
        matches = [len(stems.intersection(self._stems(each).split())) for each in sentences]
        most = max(matches)
        shown = _shortened(sentences[matches.index(most) :]) if most else article.front.summary
        pieces: list[tuple[str, bool]] = []
        end = 0
        for word in _WORD.finditer(shown):
            if self._stem(word[0]) in stems:
                pieces += [(shown[end : word.start()], False), (word[0], True)]
                end = word.end()
        return (*pieces, (shown[end:], False))


def _shortened(sentences: Sequence[str]) -> str:
    """As many of the sentences as have room; at least a part of the first."""
    text = sentences[0]
    for each in sentences[1:]:
        if len(text) + len(each) >= _EXCERPT:
            break
        text = f"{text} {each}"
    if len(text) <= _EXCERPT:
        return text
    return text[:_EXCERPT].rpartition(" ")[0] + "…"


def _stemmer(language: str) -> Callable[[str], str]:
    """Brings the forms of a word to one, in whatever way it is typed."""
    stemmer = snowballstemmer.stemmer(_STEMMERS[language])

    @lru_cache(20_000)
    def stem(word: str) -> str:
        letters = unicodedata.normalize("NFKC", word).casefold().replace("ё", "е")
        plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
        return str(stemmer.stemWord(plain))

    return stem
