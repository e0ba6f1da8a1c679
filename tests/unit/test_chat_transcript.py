"""A chat as text (R11)."""

from typing import Any

from services.chat.transcript import as_text


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "at": "2026-11-23T09:03:10+00:00", **more}


TALK = [
    event(
        "answer",
        role="bot",
        text="Here is what I found.",
        sources=[{"title": "How to register", "href": "/help/register"}],
    ),
    event("connected", operator="Pavel", greeting="Hello!"),
    event("message", role="customer", name="", text="My parcel is empty.", attachments=[]),
    event("message", role="operator", name="Pavel", text="", redacted=True),
    event("complaint", number="C-1"),
    event("ended"),
]


def test_it_says_who_spoke_and_where_to_read_on() -> None:
    assert as_text("0" * 32, TALK, site="https://support.example").splitlines()[2:] == [
        "[2026-11-23 09:03] Eva, virtual agent: Here is what I found.",
        "    How to register: https://support.example/help/register",
        "[2026-11-23 09:03] Pavel has joined.",
        "[2026-11-23 09:03] Pavel: Hello!",
        "[2026-11-23 09:03] Customer: My parcel is empty.",
        "[2026-11-23 09:03] Pavel: This message was removed.",
        "[2026-11-23 09:03] Complaint C-1 was filed from this chat.",
        "[2026-11-23 09:03] The chat has ended.",
    ]


def test_its_own_sentences_are_in_the_readers_language() -> None:
    told = as_text("0" * 32, TALK, say=lambda sentence: f"<{sentence}>")
    assert "<Eva, virtual agent>: Here is what I found." in told
    assert "<Pavel has joined.>" in told
    assert "<The chat has ended.>" in told
