"""The Help Center's articles: Markdown files, read and rendered once.

An article is `help/<language>/<slug>.md`: TOML between two lines of `+++` (see `Front`), then
Markdown without HTML. It links to its siblings as files do (`evidence.md#photos`), so that links
work in an editor too. Every language has the same articles with the same headings, in the same
order: the English headings give the others their anchors, and a link to a section means that
section in every language.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict

from services.runtime.locales import direction

LANGUAGES: Final = ("en", "ru", "ar")
"""The first is the one that the others are translated from."""
FOLDER: Final = Path(__file__).parent / "help"

_FENCE: Final = "+++\n"
_SIBLING: Final = re.compile(r"([a-z0-9-]+)\.md(#.*)?")


class Group(StrEnum):
    """Where an article stands in the Help Center, in this order."""

    FILING = "filing"
    TYPES = "types"
    AFTER = "after"
    ACCUSED = "accused"


class Front(BaseModel):
    """What an article's file says about it. `order` counts within its group; `version` goes up
    with every change of meaning; `keywords` are words that people search with and the text lacks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: str
    summary: str
    group: Group
    order: int
    version: int
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading (level 2 or 3) and the plain text up to the next one. What stands before the
    first heading has neither `id` nor `heading`."""

    id: str
    level: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Article:
    """One article in one language. `html` is the text below its title and summary."""

    slug: str
    language: str
    front: Front
    html: Markup
    sections: tuple[Section, ...]

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return direction(self.language)

    @property
    def href(self) -> str:
        return _href(self.slug, self.language)


class BrokenArticle(ValueError):
    """An article's file cannot be used; says which, and why."""


class Library:
    """All articles in all languages."""

    def __init__(self, articles: Mapping[str, Mapping[str, Article]]) -> None:
        self._articles = articles

    @classmethod
    def load(cls, folder: Path) -> "Library":
        """Raises BrokenArticle when a file is malformed or a translation does not match."""
        original, *others = LANGUAGES
        articles = {original: dict(_read(folder, original))}
        for language in others:
            articles[language] = dict(_read(folder, language, articles[original]))
        return cls(articles)

    def find(self, slug: str, language: str) -> Article | None:
        return self._articles[language].get(slug)

    def all(self, language: str) -> list[Article]:
        """In the order of their groups, and in their order within each."""
        groups = list(Group)
        return sorted(
            self._articles[language].values(),
            key=lambda article: (groups.index(article.front.group), article.front.order),
        )


@cache
def library() -> Library:
    """The articles that come with this software."""
    return Library.load(FOLDER)


def _read(
    folder: Path, language: str, originals: Mapping[str, Article] | None = None
) -> Iterator[tuple[str, Article]]:
    """The articles of a language by their slugs. A translation has its original's anchors."""
    files = {file.stem: file for file in sorted((folder / language).glob("*.md"))}
    if originals is not None and (unmatched := files.keys() ^ originals.keys()):
        raise BrokenArticle(f"{language}: not in every language: {', '.join(sorted(unmatched))}")
    for slug, file in files.items():
        anchors = [part.id for part in originals[slug].sections if part.id] if originals else None
        try:
            yield slug, parse(file.read_text("utf-8"), slug, language, anchors)
        except ValueError as error:
            raise BrokenArticle(f"{language}/{file.name}: {error}") from error


def parse(source: str, slug: str, language: str, anchors: Sequence[str] | None = None) -> Article:
    """The article that `source` is. Its headings get `anchors`, or such as are made from them.

    Raises ValueError when the front matter is wrong or the anchors are not one for each heading.
    """
    empty, toml, body = (*source.split(_FENCE, 2), "", "")[:3]
    if empty or not body:
        raise ValueError("must begin with TOML between two lines of +++")
    front = Front.model_validate(tomllib.loads(toml))
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(body)
    headings = _headings(tokens)
    ids = [_anchor(text) for _, text in headings] if anchors is None else anchors
    if len(ids) != len(headings):
        raise ValueError(f"has {len(headings)} headings, and the original {len(ids)}")
    for (token, _), anchor in zip(headings, ids, strict=True):
        token.attrSet("id", anchor)
    _lead_links(tokens, language)
    return Article(
        slug=slug,
        language=language,
        front=front,
        # The files are the project's own, and HTML in them is escaped.
        html=Markup(markdown.renderer.render(tokens, markdown.options, {})),
        sections=tuple(_sections(tokens)),
    )


def _headings(tokens: Sequence[Token]) -> list[tuple[Token, str]]:
    return [
        (token, _plain(tokens[at + 1]))
        for at, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", heading.casefold()).strip("-")


def _lead_links(tokens: Sequence[Token], language: str) -> None:
    """Links to sibling files become links to their pages, in the same language."""
    for token in tokens:
        for inline in token.children or ():
            target = _SIBLING.fullmatch(str(inline.attrGet("href") or ""))
            if target:
                inline.attrSet("href", _href(target[1], language) + (target[2] or ""))


def _href(slug: str, language: str) -> str:
    return f"/help/{slug}?lang={language}"


def _sections(tokens: Sequence[Token]) -> Iterator[Section]:
    anchor, level, heading = "", 2, ""
    text: list[str] = []
    for token in tokens:
        if token.type == "heading_open":
            yield Section(anchor, level, heading, " ".join(text))
            anchor, level, heading = str(token.attrGet("id")), int(token.tag[1:]), ""
            text = []
        elif token.type == "inline" and anchor and not heading:
            heading = _plain(token)
        elif token.type == "inline":
            text.append(_plain(token))
    yield Section(anchor, level, heading, " ".join(text))


def _plain(inline: Token) -> str:
    parts = (" " if part.type == "softbreak" else part.content for part in inline.children or ())
    return "".join(parts)
