"""The help articles: the same in every language, true to the taxonomy and the policy."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from contracts.taxonomy import ComplaintType, taxonomy
from services.intake.articles import (
    LANGUAGES,
    Article,
    BrokenArticle,
    Group,
    Library,
    library,
    parse,
)
from services.moderation import policy

POLICY = json.loads((Path(policy.__file__).parent / "data" / "policy.json").read_text())
FRONT = """+++
title = "Title"
summary = "Summary"
group = "filing"
order = 1
version = 2
+++
"""


def articles(slug: str) -> list[Article]:
    """An article in all languages."""
    found = [library().find(slug, language) for language in LANGUAGES]
    assert None not in found, slug
    return [article for article in found if article is not None]


def all_articles() -> list[Article]:
    return [article for language in LANGUAGES for article in library().all(language)]


def slugs() -> list[str]:
    return [article.slug for article in library().all("en")]


def text(article: Article) -> str:
    return " ".join([article.front.summary, *(part.text for part in article.sections)])


@pytest.mark.parametrize("slug", slugs())
def test_an_article_says_the_same_in_every_language(slug: str) -> None:
    original, *translations = articles(slug)
    for translation in translations:
        front = translation.front
        assert (front.version, front.group, front.order) == (
            original.front.version,
            original.front.group,
            original.front.order,
        )
        assert [(part.id, part.level) for part in translation.sections] == [
            (part.id, part.level) for part in original.sections
        ]
        for mark in ("<li>", "<tr>", "<blockquote>", "<p>"):
            assert translation.html.count(mark) == original.html.count(mark), mark


@pytest.mark.parametrize("article", all_articles(), ids=lambda article: article.href)
def test_every_link_leads_somewhere(article: Article) -> None:
    for href in re.findall(r'href="([^"]+)"', article.html):
        if href.startswith("https://"):
            assert href.startswith("https://eur-lex.europa.eu/eli/reg/")
            continue
        path, _, anchor = href.partition("#")
        target: Article | None = article
        if path:
            slug, _, language = path.removeprefix("/help/").partition("?lang=")
            assert language == article.language
            target = library().find(slug, language)
        assert target is not None, href
        assert not anchor or anchor in {part.id for part in target.sections}, href


@pytest.mark.parametrize("article", all_articles(), ids=lambda article: article.href)
def test_anchors_are_unique_and_nothing_needs_an_inline_style(article: Article) -> None:
    anchors = Counter(re.findall(r'id="([^"]*)"', article.html))
    assert all(anchor and times == 1 for anchor, times in anchors.items())
    assert "style=" not in article.html
    assert "<h1" not in article.html


@pytest.mark.parametrize("kind", taxonomy().types, ids=lambda kind: kind.slug)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_article_of_a_type_explains_each_reason_by_the_name_in_the_form(
    kind: ComplaintType, language: str
) -> None:
    """R22, R25."""
    article = library().find(kind.slug, language)
    assert article is not None
    assert article.front.group is Group.TYPES
    assert article.front.title == getattr(kind, language)
    named = re.findall(r"<li><strong>(.+?)\.</strong>", article.html)
    assert named == [getattr(reason, language) for reason in kind.reasons]


def test_the_types_stand_in_the_order_of_the_form() -> None:
    listed = [a.slug for a in library().all("en") if a.front.group is Group.TYPES]
    assert listed == [kind.slug for kind in taxonomy().types]


@pytest.mark.parametrize("place", range(len(LANGUAGES)), ids=LANGUAGES)
@pytest.mark.parametrize(
    ("slug", "told"),
    [
        ("after-filing", POLICY["triage"]["by_type"]["CF"]["hours"]),
        ("after-filing", POLICY["triage"]["otherwise"]["hours"]),
        ("after-filing", POLICY["counter_notice"]["by_type"]["PR"]["working_days"]),
        ("after-filing", POLICY["counter_notice"]["otherwise"]["days"]),
        ("complained-about", POLICY["counter_notice"]["otherwise"]["days"]),
        ("complained-about", POLICY["counter_notice_account_at_stake"]["days"]),
        ("after-filing", POLICY["decision"]["working_days"]),
        ("after-filing", POLICY["appeal"]["days"]),
        ("decisions-and-appeals", POLICY["appeal"]["days"]),
        ("complained-about", POLICY["appeal"]["days"]),
    ],
)
def test_periods_are_those_of_the_policy(place: int, slug: str, told: int) -> None:
    assert re.search(rf"\b{told}\b", text(articles(slug)[place]))


def test_the_eight_rules_of_dispute_or_complaint_are_told() -> None:
    """R15, R16, R18."""
    for article in articles("dispute-or-complaint"):
        rules = article.html.partition("<ol>")[2].partition("</ol>")[0]
        assert rules.count("<li>") == 8


def test_a_newcomer_can_read_how_to_register() -> None:
    """R2."""
    assert [article.front.group for article in articles("register")] == [Group.FILING] * 3


def test_html_in_an_article_is_shown_and_not_run() -> None:
    article = parse(f"{FRONT}Look: <script>alert(1)</script>\n", "a", "en")
    assert "&lt;script&gt;" in article.html
    assert "<script>" not in article.html


def test_headings_of_a_translation_have_the_anchors_of_the_original() -> None:
    original = parse(f"{FRONT}## Your *privacy*!\nText\n", "a", "en")
    anchors = [part.id for part in original.sections if part.id]
    assert anchors == ["your-privacy"]
    translation = parse(f"{FRONT}## Ваши данные\nТекст [о них](b.md#x)\n", "a", "ru", anchors)
    assert '<h2 id="your-privacy">Ваши данные</h2>' in translation.html
    assert '<a href="/help/b?lang=ru#x">' in translation.html


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("No front matter\n", "must begin with TOML"),
        (FRONT.replace("version = 2", "version = two") + "Text\n", "Invalid value"),
        (FRONT.replace("version = 2\n", "") + "Text\n", "version"),
        (FRONT.replace('"filing"', '"elsewhere"') + "Text\n", "group"),
        (FRONT + "## One heading\n\n## Too many\n", "has 2 headings, and the original 1"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    tmp_path: Path, file: str, reason: str
) -> None:
    for language in LANGUAGES:
        (tmp_path / language).mkdir()
        (tmp_path / language / "a.md").write_text(f"{FRONT}## Heading\n\nText\n")
    (tmp_path / "ru" / "a.md").write_text(file)
    with pytest.raises(BrokenArticle, match=rf"(?s)ru/a\.md: .*{reason}"):
        Library.load(tmp_path)


def test_an_article_that_is_missing_in_a_language_is_named(tmp_path: Path) -> None:
    for language in LANGUAGES:
        (tmp_path / language).mkdir()
    (tmp_path / "en" / "a.md").write_text(f"{FRONT}Text\n")
    with pytest.raises(BrokenArticle, match="ru: not in every language: a"):
        Library.load(tmp_path)
