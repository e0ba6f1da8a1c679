"""What the virtual agent makes of what people write."""

import pytest

from services.chat.eva.dialogue import (
    Hit,
    Intent,
    answers,
    hand_over_because,
    intent,
    summary,
    words,
)
from services.chat.eva.rephrasing import keeps_to
from services.chat.state import Chat
from tests.load.retrieval import kept_aside, labelled, measure, off_topic

GOOD = Hit("Register", "/help/register", 1, score=9.0, share=1.0)
BAD = Hit("Register", "/help/register", 1, score=2.0, share=0.3)


@pytest.mark.parametrize("language", ["en", "ru", "ar"])
def test_she_finds_the_right_article_among_three_for_most_questions(language: str) -> None:
    questions = labelled()[language]
    assert len(questions) >= 60
    found = measure(language, kept_aside(questions))
    assert found.hit_1 >= 0.75
    assert found.hit_3 >= 0.85
    assert measure(language, questions).answered >= 0.8


@pytest.mark.parametrize("language", ["en", "ru", "ar"])
def test_she_does_not_claim_to_know_what_no_article_is_about(language: str) -> None:
    questions = off_topic()[language]
    assert measure(language, dict.fromkeys(questions, "")).answered <= 0.15


@pytest.mark.parametrize("language", ["en", "ru", "ar"])
def test_a_question_is_hardly_ever_taken_for_something_else(language: str) -> None:
    taken = [each for each in labelled()[language] if intent(each, language) != Intent.QUESTION]
    assert len(taken) <= 2, taken


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("Operator!", "en", Intent.OPERATOR),
        ("can I talk to a person", "en", Intent.OPERATOR),
        ("ОПЕРАТОР", "ar", Intent.OPERATOR),
        ("хочу поговорить с человеком", "ru", Intent.OPERATOR),
        ("أريد التحدث مع شخص", "en", Intent.OPERATOR),
        ("I want to complain", "en", Intent.COMPLAIN),
        ("хочу пожаловаться на вас", "ru", Intent.COMPLAIN),
        ("that did not help", "en", Intent.NEGATIVE),
        ("Не помогло", "ru", Intent.NEGATIVE),
        ("что с моей жалобой?", "ru", Intent.STATUS),
        ("حالة شكواي", "ar", Intent.STATUS),
        ("Спасибо!", "ru", Intent.THANKS),
        ("hello", "en", Intent.HELLO),
        ("hello, how do I get my money back?", "en", Intent.QUESTION),
        ("the operating manual is missing", "en", Intent.QUESTION),
    ],
)
def test_what_is_wanted_is_told_by_words_that_are_data(
    text: str, language: str, wanted: Intent
) -> None:
    assert intent(text, language) is wanted


def test_she_hands_over_when_asked_after_two_low_scores_six_turns_or_a_negative_reply() -> None:
    fresh = Chat(id="c")
    assert hand_over_because(fresh, Intent.OPERATOR, found=True) == "asked"
    assert hand_over_because(fresh, Intent.COMPLAIN, found=True) == "complaint"
    assert hand_over_because(fresh, Intent.NEGATIVE, found=True) == "negative"
    assert hand_over_because(fresh, Intent.QUESTION, found=False) is None
    once = Chat(id="c", low_scores=1, bot_turns=1)
    assert hand_over_because(once, Intent.QUESTION, found=False) == "low_scores"
    assert hand_over_because(once, Intent.QUESTION, found=True) is None
    long = Chat(id="c", bot_turns=6)
    assert hand_over_because(long, Intent.QUESTION, found=True) == "turns"


def test_without_a_good_source_there_is_no_answer_and_never_more_than_three() -> None:
    assert answers([]) == []
    assert answers([BAD]) == []
    assert answers([GOOD, BAD, GOOD, GOOD]) == [GOOD, BAD, GOOD]


def test_the_summary_has_the_last_words_whole() -> None:
    assert summary(["one", "two"]) == "one\ntwo"
    assert summary(["x" * 400, "y" * 300]) == "y" * 300
    assert summary([]) == ""


def test_every_language_says_everything() -> None:
    first, *others = words().values()
    for each in others:
        assert each.sentences.keys() == first.sentences.keys()
        assert each.patterns.keys() == first.patterns.keys()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Moderators decide within 7 days.", True),
        ("Moderators decide within 8 days.", False),
        ("See https://example.org.", False),
        ("NONE", False),
        ("", False),
    ],
)
def test_a_rephrased_answer_tells_no_number_or_address_of_its_own(said: str, kept: bool) -> None:
    assert keeps_to(said, "After filing: moderators decide within 7 days.") is kept
