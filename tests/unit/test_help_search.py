"""Search in the articles: by people's own words, in whatever form, in three languages."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.articles import LANGUAGES
from services.intake.search import search

QUESTIONS: dict[str, dict[str, str]] = tomllib.loads(
    (Path(__file__).parents[1] / "data" / "help-questions.toml").read_text("utf-8")
)


def found(question: str, language: str) -> list[str]:
    return [hit.article.slug for hit in search().find(question, language)]


@pytest.mark.parametrize(
    ("language", "question", "slug"),
    [
        (language, question, slug)
        for language, questions in QUESTIONS.items()
        for question, slug in questions.items()
    ],
)
def test_a_question_finds_the_article_that_answers_it(
    language: str, question: str, slug: str
) -> None:
    assert slug in found(question, language)[:3]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nine_of_ten_questions_find_it_first(language: str) -> None:
    asked = QUESTIONS[language]
    first = sum(found(question, language)[:1] == [slug] for question, slug in asked.items())
    assert first >= 0.9 * len(asked) > 20


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", ["appeal", "appeals", "appealed", "APPEALING"]),
        ("ru", ["обжалование", "обжалования", "обжалованием", "ОБЖАЛОВАНИЮ"]),
        ("ru", ["учётная запись", "учетной записи"]),
        ("ar", ["طعن", "الطعن", "والطعن", "طُعون"]),
        ("ar", ["مقلّدة", "مقلدة", "المقلدة"]),
    ],
)
def test_all_forms_of_a_word_find_the_same(language: str, forms: list[str]) -> None:
    first = {tuple(found(form, language)[:1]) for form in forms}
    assert len(first) == 1
    assert first != {()}


def test_a_question_in_another_language_than_the_page_is_answered_in_its_own() -> None:
    (hit, *_) = search().find("как вернуть деньги", "en")
    assert hit.href == "/help/refunds?lang=ru"
    assert search().find("SKU", "ru")[0].article.language == "ru"


def test_a_hit_leads_to_the_section_that_answers_and_shows_why() -> None:
    (hit, *_) = search().find("withdraw", "en")
    assert hit.href == "/help/file-a-complaint?lang=en#changed-your-mind"
    assert ("withdraw", True) in hit.excerpt
    assert "".join(text for text, _ in hit.excerpt).startswith("While the complaint is open")


def test_better_answers_come_first() -> None:
    scores = [hit.score for hit in search().find("fake tracking number", "en")]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0


@pytest.mark.parametrize("question", ["", "   ", "how do I", "и как же", "هل", "zzzz", '"*()^:-'])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_to_look_for_finds_nothing(question: str, language: str) -> None:
    assert search().find(question, language) == []


@given(st.text(max_size=400), st.sampled_from(LANGUAGES))
def test_whatever_is_typed_is_taken(question: str, language: str) -> None:
    hits = search().find(question, language)
    assert len({hit.article.slug for hit in hits}) == len(hits) <= 5
