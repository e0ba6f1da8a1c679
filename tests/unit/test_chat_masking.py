"""Card and telephone numbers are hidden; other numbers, which help is asked about, stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chat.masking import mask


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("4242424242424242", "•••• 4242"),
        ("my card 4242 4242 4242 4242!", "my card •••• 4242!"),
        ("карта 5555-5555-5555-4444, срок 12/27", "карта •••• 4444, срок 12/27"),
        ("٤٢٤٢ ٤٢٤٢ ٤٢٤٢ ٤٢٤٢", "•••• 4242"),
        ("+7 912 345-67-89", "•••89"),
        ("8 (912) 345-67-89", "•••89"),
        ("call 0049 30 1234567 please", "call •••67 please"),
        ("+966 50 123 4567", "•••67"),
    ],
)
def test_what_could_be_misused_is_hidden(text: str, shown: str) -> None:
    assert mask(text) == (shown, 1)


@pytest.mark.parametrize(
    "text",
    [
        "order 8012345678901234",
        "https://aliexpress.com/item/32700000001.html",
        "tracking LP00123456789012",
        "C-7K3F9-QXD2M",
        "1000 roubles on 12.11.2016 at 18:00",
        "0000000000000000",
        "it costs 8 912 roubles",
    ],
)
def test_numbers_of_orders_products_parcels_and_sums_stay(text: str) -> None:
    assert mask(text) == (text, 0)


@given(st.text())
def test_what_is_masked_once_is_not_masked_again(text: str) -> None:
    once = mask(text)
    assert mask(once.text) == (once.text, 0) or once.numbers == 0
