"""How a case stands, as plain English sentences for each reader.

The pages translate from codes; the API's `status` and `text` are these.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

OUTCOMES = {
    "upheld": "upheld",
    "partly_upheld": "partly upheld",
    "dismissed": "dismissed",
}

_COMPLAINT = {
    "submitted": "We have your complaint. A moderator looks at it by {due}.",
    "admitted": "Your complaint was admitted. A decision is due by {due}.",
    "under_review": "A moderator is working on your complaint. A decision is due by {due}.",
    "awaiting_counter_notice": "The member you complained about was asked to answer by {due}.",
    "counter_notice_received": (
        "The member you complained about has answered. A decision is due by {due}."
    ),
    "counter_notice_lapsed": (
        "The member you complained about did not answer in time. A decision is due by {due}."
    ),
    "inadmissible": "Your complaint could not be admitted. You can appeal until {due}.",
    "decided": "Your complaint was {outcome}. You can appeal until {due}.",
    "closed": "The matter is closed.",
}

_ACCUSED = {
    "awaiting_counter_notice": "We ask you to answer by {due}.",
    "counter_notice_received": "We have your answer. A decision is due by {due}.",
    "counter_notice_lapsed": "The time to answer is over. A decision is due by {due}.",
    "decided": "The complaint was {outcome}. You can appeal until {due}.",
    "closed": "The matter is closed.",
}

_TIMELINE = {
    "submitted": "The complaint was filed.",
    "opened": "The case was opened.",
    "joined": "Complaint {number} joined the case.",
    "admitted": "The complaint was admitted.",
    "inadmissible": "The complaint was declared inadmissible: {explanation}",
    "claimed": "{by} took the case until {until}.",
    "released": "{by} gave the case back.",
    "counter_notice_requested": "The member complained about was asked to answer by {due_at}.",
    "counter_notice_received": "The member complained about answered.",
    "counter_notice_late": "An answer arrived after the deadline. It was kept.",
    "counter_notice_lapsed": "The deadline for an answer passed.",
    "decided": "The complaint was {outcome}.",
    "closed": "The time to appeal is over; the case was closed.",
}

_TIMELINE_OF_COMPLAINANT = {"joined": "Your complaint was passed to the moderators."}

_TIMELINE_OF_ACCUSED = {
    "counter_notice_requested": "You were asked to answer by {due_at}.",
    "counter_notice_received": "We received your answer.",
    "counter_notice_late": "Your answer arrived after the deadline. It was kept.",
}


def moment(at: datetime) -> str:
    """E.g. `3 December 2026, 09:00 UTC`."""
    return f"{at:%d %B %Y, %H:%M} UTC".lstrip("0")


def status_of_complaint(state: str, *, due_at: datetime | None, outcome: str | None) -> str:
    """`due_at` None: no moderator knows of it yet."""
    if due_at is None:
        return "We have your complaint and are passing it to a moderator."
    return _COMPLAINT[state].format(due=moment(due_at), outcome=OUTCOMES.get(outcome or "", ""))


def status_for_accused(state: str, *, due_at: datetime, outcome: str | None) -> str:
    return _ACCUSED[state].format(due=moment(due_at), outcome=OUTCOMES.get(outcome or "", ""))


def happened(kind: str, *, by: str | None, data: Mapping[str, Any]) -> str:
    """A timeline's entry, as moderators read it."""
    return _told(_TIMELINE[kind], by, data)


def happened_to_complainant(kind: str, data: Mapping[str, Any]) -> str:
    return _told(_TIMELINE_OF_COMPLAINANT.get(kind, _TIMELINE[kind]), None, data)


def happened_to_accused(kind: str, data: Mapping[str, Any]) -> str:
    return _told(_TIMELINE_OF_ACCUSED.get(kind, _TIMELINE[kind]), None, data)


def _told(template: str, by: str | None, data: Mapping[str, Any]) -> str:
    readable = {name: _readable(name, value) for name, value in data.items()}
    return template.format(**{"by": by, **readable})


def _readable(name: str, value: Any) -> Any:
    if name in ("until", "due_at") and isinstance(value, str):
        return moment(datetime.fromisoformat(value))
    return OUTCOMES.get(value, value) if name == "outcome" else value
