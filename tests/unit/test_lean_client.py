"""The lean client reads headers as nats-py's own does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from services.runtime.bus import LeanClient, status_of

names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,30}", fullmatch=True)
values = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60).filter(
    # Python's text and bytes differ in what they count as space; no header of ours ends in any.
    lambda value: value.strip() == value
)


@given(st.dictionaries(names, values))
def test_headers_are_read_as_they_were_written(headers: dict[str, str]) -> None:
    raw = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n"
    assert LeanClient._parse_header_lines(raw) == Client._parse_header_lines(raw) == headers


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"Name:value\r\n",
        b"Name:\tvalue \r\nNo colon\r\n",
        b"Name: a: b\r\n",
        b"Name: \xff\r\n",
        b"Nats-Sequence: 17\r\nNats-Msg-Id: a/b\r\n\r\n",
    ],
)
def test_what_is_odd_is_read_as_nats_py_reads_it(raw: bytes) -> None:
    assert LeanClient._parse_header_lines(raw) == Client._parse_header_lines(raw)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "raw",
    [
        b"NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 7\r\nNats-Last-Stream: 9\r\n\r\n",
        b"NATS/1.0 404 No Messages\r\n\r\n",
        b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 3\r\n\r\n",
        b"NATS/1.0 409 Consumer Deleted\r\n\r\n",
    ],
)
async def test_a_status_is_read_as_nats_py_reads_it(raw: bytes) -> None:
    theirs = await Client()._process_headers(raw)
    ours = status_of(raw)
    assert ours is not None
    assert {"Status": ours[0], **ours[1]} == theirs


def test_a_message_of_a_stream_has_no_status() -> None:
    assert status_of(b"NATS/1.0\r\nNats-Msg-Id: a/0\r\n\r\n") is None
