"""Words as they are searched for: in whatever form they stand in a text, in whatever script.

Both databases are given stems and asked for stems, so a search finds the same in either.
"""

import re
from functools import lru_cache
from typing import Final

import snowballstemmer

LONGEST: Final = 64
"""Characters of a word; what is longer is no word that anybody types."""

_WORD: Final = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_NUMBER: Final = re.compile(r"[ck]-[0-9a-z]{5}-[0-9a-z]{5}")
_VOWEL_SIGNS: Final = re.compile("[\u064b-\u065f\u0670\u0640]")
_STEMMERS: Final = {
    language: snowballstemmer.stemmer(language) for language in ("english", "russian", "arabic")
}


def stems(text: str) -> list[str]:
    """The stems of a text's words, in order, each once. Numbers of cases and complaints are kept
    whole; each word is stemmed by its script, since people mix languages."""
    found: dict[str, None] = {}
    for word in dict.fromkeys(_WORD.findall(_VOWEL_SIGNS.sub("", text).casefold())):
        if "-" not in word:
            parts = [word]
        elif _NUMBER.fullmatch(word):
            found[word.replace("-", "")] = None
            continue
        else:
            parts = word.split("-")
        for part in parts:
            if len(part) <= LONGEST:
                found[_stem(part)] = None
    return list(found)


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    first = word[0]
    if "a" <= first <= "z":
        language = "english"
    elif "\u0400" <= first <= "\u04ff":
        language = "russian"
        word = word.replace("ё", "е")
    elif "\u0600" <= first <= "\u06ff":
        language = "arabic"
    else:
        return word
    stem: str = _STEMMERS[language].stemWord(word)
    return stem
