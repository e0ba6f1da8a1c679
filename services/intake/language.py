"""Which language a text is in, as far as its script tells. A first guess, shown to its writer."""

import re
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


_COMMON: Final = {
    "en": "the and is of to it not this was for with on are but have in",
    "de": "der die das und ist nicht ein eine mit auf für ich wurde aber den von zu in",
    "es": "el la los las y es no una por que con para en pero del se de",
    "fr": "le la les et est pas une des pour que dans avec je sur mais du de",
    "id": "yang dan tidak di ini untuk dengan dari barang saya",
    "it": "il la gli e è non una per che con di ma del sono questo",
    "nl": "de het een en is niet van voor met op dat maar zijn ik in",
    "pl": "nie jest w na z się to do że i jak ale",
    "pt": "o a os e não uma por que com para em mas do da é um de",
    "tr": "bir ve bu değil için ile ama çok da de ürün",
    "vi": "là và của không có này cho được với trên",
}
"""The most common words of languages written in Latin letters: the first, where two have the same
number of them, is the likelier."""
_WORDS: Final = {tag: frozenset(words.split()) for tag, words in _COMMON.items()}
_ENOUGH: Final = 3


def language_of(text: str, default: str = "en") -> str:
    """A BCP 47 tag. The script that most letters belong to decides, then its telling letters; in
    Latin letters the most common words.

    Where these do not tell, `default` stands, unless it is a language of another script.
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
        return _in_latin_letters(text) or ("en" if default in _BY_SCRIPT.values() else default)
    telling = {tag: sum(text.count(letter) for letter in _TELLING[tag]) for tag in _TELLING}
    families = {"ru": ("be", "kk", "uk"), "ar": ("ur", "fa")}
    return next((tag for tag in families.get(language, ()) if telling[tag]), language)


def _in_latin_letters(text: str) -> str | None:
    """The language whose common words stand in the text most often, when that is often enough."""
    # Whole words only: the letters in "8e3a" are nobody's.
    words = re.findall(r"\b[^\W\d_]+\b", text[:2_000].casefold())
    hits = {tag: sum(word in common for word in words) for tag, common in _WORDS.items()}
    best = max(hits, key=lambda tag: hits[tag])
    return best if hits[best] >= _ENOUGH else None
