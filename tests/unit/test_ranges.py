"""Parts of files, as players ask for them."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.ranges import NoSuchPart, cut, part_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-", range(10)),
        ("bytes=2-4", range(2, 5)),
        ("bytes=8-99", range(8, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-99", range(10)),
        ("bytes=0-1,4-5", None),
        ("bytes=4-2", None),
        ("bytes=-", None),
        ("lines=1-2", None),
        ("bytes=٣-", None),
    ],
)
def test_one_part_is_read_and_anything_else_is_the_whole_file(
    header: str | None, part: range | None
) -> None:
    assert part_of(header, 10) == part


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_what_does_not_exist_is_refused_with_the_size(header: str) -> None:
    with pytest.raises(NoSuchPart) as refused:
        part_of(header, 10)
    assert refused.value.headers == {"Content-Range": "bytes */10"}


@given(st.lists(st.binary(max_size=5)), st.integers(0, 30), st.integers(0, 30))
async def test_a_part_is_the_same_bytes_however_the_file_is_stored(
    chunks: list[bytes], start: int, stop: int
) -> None:
    async def stored() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    found = b"".join([piece async for piece in cut(stored(), range(start, stop))])
    assert found == b"".join(chunks)[start:stop]
