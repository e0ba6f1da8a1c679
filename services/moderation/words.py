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
    "counter_notice_reminded": "The member complained about was reminded; due by {due_at}.",
    "extension_asked": "The member complained about asked for more time: {reason}",
    "extension_granted": "More time was given, until {due_at}.",
    "extension_refused": "More time was refused: {explanation}",
    "accused_evidence_received": "The member complained about sent more evidence.",
    "information_requested": "A complainant was asked, to answer by {due_at}: {question}",
    "information_received": "The complainant answered.",
    "information_lapsed": "The deadline for the complainant's answer passed.",
    "evidence_added": "A complainant added evidence.",
    "complaint_left": "A complaint was withdrawn.",
    "withdrawn": "Every complaint was withdrawn; the case ended.",
    "retyped": "The case was moved from {from_type} to {to_type}: {explanation}",
    "linked": "Another case was linked.",
    "escalated": "The escalation was changed: {reason}",
    "out_of_court": "Out-of-court settlement: {reference}",
    "held": "The case was put on hold: {reason}",
    "resumed": "The clocks run again.",
    "note_added": "A note was added.",
    "interim_measure_imposed": "An interim measure was imposed.",
    "interim_measure_kept": "The interim measure was looked at again and stays: {explanation}",
    "interim_measure_lifted": "The interim measure was lifted: {explanation}",
    "decision_proposed": "A decision was proposed: {outcome}.",
    "decision_returned": "The proposal was returned: {explanation}",
    "decided": "The complaint was {outcome}.",
    "appeal_opened": "An appeal was lodged.",
    "appeal_rejected": "An appeal could not be taken up: {explanation}",
    "appeal_decided": "The appeal was decided: {explanation}",
    "reopened": "The case was reopened: {ground}",
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
