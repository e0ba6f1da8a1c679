"""What happened in a case, as plain English sentences: the `text` of the moderators' API.

Pages say it from the codes, in the reader's language; what the parties are told is `party_words`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

OUTCOMES = {
    "upheld": "upheld",
    "partly_upheld": "partly upheld",
    "dismissed": "dismissed",
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
    "told_late": "A party was told on a later day; they may appeal until {appeal_until}.",
    "appeal_opened": "An appeal was lodged.",
    "appeal_rejected": "An appeal could not be taken up: {explanation}",
    "appeal_decided": "The appeal was decided: {explanation}",
    "reopened": "The case was reopened: {ground}",
    "closed": "The time to appeal is over; the case was closed.",
}


def moment(at: datetime) -> str:
    """E.g. `3 December 2026, 09:00 UTC`."""
    return f"{at:%d %B %Y, %H:%M} UTC".lstrip("0")


def happened(kind: str, *, by: str | None, data: Mapping[str, Any]) -> str:
    """A timeline's entry, as moderators read it."""
    return _told(_TIMELINE[kind], by, data)


def _told(template: str, by: str | None, data: Mapping[str, Any]) -> str:
    readable = {name: _readable(name, value) for name, value in data.items()}
    return template.format(**{"by": by, **readable})


def _readable(name: str, value: Any) -> Any:
    if name in ("until", "due_at") and isinstance(value, str):
        return moment(datetime.fromisoformat(value))
    return OUTCOMES.get(value, value) if name == "outcome" else value
