"""What a projector keeps in mind of the rows it wrote."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime import rows
from services.runtime.rows import OneBehind, RecentRows

keys = st.integers(0, 40).map(lambda key: (key,))
batches = st.lists(st.dictionaries(keys, st.integers(), max_size=9))


@given(batches)
def test_the_last_rows_are_found_as_last_kept_and_none_is_ever_stale(
    kept: list[dict[tuple[int], int]],
) -> None:
    recent = RecentRows()
    newest: dict[tuple[int], int] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "ROWS_KEPT", 10)
        for batch in kept:
            recent.keep({key: {"value": value} for key, value in batch.items()})
            for key, value in batch.items():
                newest.pop(key, None)
                newest[key] = value
    found = {key: row["value"] for key in newest if (row := recent.get(key)) is not None}
    assert found.items() <= newest.items()
    last_ten = list(newest)[-10:]
    assert found.keys() >= set(last_ten)
    assert len(found) < 10 * 2 + 9
    recent.clear()
    assert all(recent.get(key) is None for key in newest)


@pytest.mark.anyio
async def test_work_is_done_in_order_and_an_error_reaches_the_giver() -> None:
    done: list[int] = []

    async def work(number: int) -> None:
        await asyncio.sleep(0)
        if number == 3:
            raise ValueError(number)
        done.append(number)

    async with OneBehind() as behind:
        for number in (1, 2, 3):
            await behind.start(work(number))
            assert behind.busy
        with pytest.raises(ValueError, match="3"):
            await behind.start(work(4))
        await behind.finished()
    assert done == [1, 2]


@pytest.mark.anyio
async def test_leaving_cancels_what_still_runs() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    async with OneBehind() as behind:
        await behind.start(forever())
    assert not behind.busy
