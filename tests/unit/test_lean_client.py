"""The lean client reads headers as nats-py's own does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from services.runtime.bus import LeanClient

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
