"""Which language a text is in, as far as its script tells. A first guess, shown to its writer."""

import unicodedata
from collections import Counter
from typing import Final

_BY_SCRIPT: Final = {
    "ARABIC": "ar",
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "CJK": "zh",
    "CYRILLIC": "ru",
    "DEVANAGARI": "hi",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "LATIN": "en",
    "THAI": "th",
}
_TELLING: Final = {
    "be": "ўЎ",
    "fa": "پچژگک",
    "kk": "әғқңұһӘҒҚҢҰҺ",
    "uk": "іїєґІЇЄҐ",
    "ur": "ٹڈڑےں",
}
"""Letters that a language has and the one named after its script has not, in order of weight."""


def language_of(text: str, default: str = "en") -> str:
    """A BCP 47 tag. The script that most letters belong to decides, then its telling letters.

    For Latin letters `default` stands, unless it is a language of another script.
    """
    counted = Counter(
        language
        for character in text[:2_000]
        if character.isalpha()
        and (language := _BY_SCRIPT.get(unicodedata.name(character, "").split(" ", 1)[0]))
    )
    if not counted:
        return default
    if counted["ja"]:
        return "ja"  # Chinese characters with a single kana among them are Japanese
    language = counted.most_common(1)[0][0]
    if language == "en":
        return "en" if default in _BY_SCRIPT.values() else default
    telling = {tag: sum(text.count(letter) for letter in _TELLING[tag]) for tag in _TELLING}
    families = {"ru": ("be", "kk", "uk"), "ar": ("ur", "fa")}
    return next((tag for tag in families.get(language, ()) if telling[tag]), language)
