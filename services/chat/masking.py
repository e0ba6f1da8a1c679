"""Card and telephone numbers, hidden before anything is stored: neither operators nor the log see
them."""

import re
from typing import Final, NamedTuple

_CARD: Final = re.compile(r"(?<![\w+])\d(?:[ -]?\d){12,18}(?!\w)")
_PHONE: Final = re.compile(
    r"(?<![\w/#.-])(?:\+|00)[1-9]\d{0,2}(?:[ ().-]{0,2}\d){7,12}(?!\w)|"
    r"(?<![\w/#.-])8[ (-]{1,2}\d{3}\)?(?:[ -]?\d){7}(?!\w)"
)


class Masked(NamedTuple):
    text: str
    numbers: int


def mask(text: str) -> Masked:
    """The text with all but the last digits of such numbers hidden, and how many there were.

    A card number is one with a right check digit (Luhn), so order and product numbers mostly stay.
    Digits of any script count.
    """
    count = 0

    def card(found: re.Match[str]) -> str:
        nonlocal count
        digits = [int(each) for each in found[0] if each.isdigit()]
        if not _luhn(digits):
            return found[0]
        count += 1
        return "•••• " + "".join(map(str, digits[-4:]))

    def phone(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return "•••" + "".join(str(int(each)) for each in found[0] if each.isdigit())[-2:]

    return Masked(_PHONE.sub(phone, _CARD.sub(card, text)), count)


def _luhn(digits: list[int]) -> bool:
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [
        digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4)
        for place, digit in enumerate(reversed(digits))
    ]
    return sum(doubled) % 10 == 0
