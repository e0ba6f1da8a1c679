"""Codes of the Complaint Center in the reader's words. The templates' functions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.moderation import party_words
from services.moderation.party_models import (
    AccusedCaseSummary,
    Action,
    ComplaintSummary,
    Threshold,
    TrackShown,
)
from services.moderation.read_models import TimelineEntry
from services.moderation.web import labels
from services.moderation.web.labels import Event, Label
from services.runtime.sentences import gettext as _
from services.runtime.sentences import joined, ngettext

_TONES = {
    "submitted": "info",
    "admitted": "info",
    "counter_notice_requested": "wait",
    "counter_notice_reminded": "wait",
    "counter_notice_lapsed": "bad",
    "information_requested": "wait",
    "information_lapsed": "bad",
    "extension_asked": "wait",
    "interim_measure_imposed": "bad",
    "interim_measure_lifted": "good",
    "held": "wait",
    "decided": "good",
    "appeal_opened": "wait",
    "appeal_decided": "good",
    "reopened": "wait",
}


def party_state(code: str) -> Label:
    """The state of a complaint or a case, as a party sees it."""
    match code:
        case "information_requested":
            return Label(_("Your answer is needed"), "wait")
        case "under_appeal":
            return labels.state(code)._replace(tone="wait")
        case _:
            return labels.state(code)


def complaint_status(item: ComplaintSummary) -> str:
    """The state in a sentence, as `status` says it in English."""
    if item.kept_until is not None:
        return party_words.kept(item.kept_until)
    due = item.awaiting.due_at if item.awaiting else None
    return party_words.status_of_complaint(item.state, due_at=due, outcome=item.outcome)


def case_status(item: AccusedCaseSummary) -> str:
    due = item.awaiting.due_at if item.awaiting else None
    return party_words.status_for_accused(item.state, due_at=due, outcome=item.outcome)


def events_for_complainant(timeline: Iterable[TimelineEntry]) -> list[Event]:
    """The latest first."""
    return _events(timeline, party_words.happened_to_complainant)


def events_for_accused(timeline: Iterable[TimelineEntry]) -> list[Event]:
    return _events(timeline, party_words.happened_to_accused)


def _events(timeline: Iterable[TimelineEntry], said: Any) -> list[Event]:
    return [
        Event(
            entry.at,
            said(entry.kind, entry.data),
            _TONES.get(entry.kind, "neutral"),
            str(entry.data.get("explanation") or "") if entry.kind != "inadmissible" else "",
            told_at=entry.told_at,
        )
        for entry in timeline
    ][::-1]


def action_label(action: Action) -> str:
    return {
        "add_evidence": _("Add evidence"),
        "answer_question": _("Answer the question"),
        "withdraw": _("Take the complaint back"),
        "appeal": _("Appeal"),
        "answer": _("Answer now"),
        "ask_for_time": _("Ask for more time"),
        "send_evidence": _("Send more evidence"),
    }[action.name]


def action_icon(action: Action) -> str:
    return {"add_evidence": "upload", "send_evidence": "upload", "ask_for_time": "clock"}.get(
        action.name, "scale"
    )


def measure_label(kind: str, days: int | None = None) -> str:
    """A measure; with `days`, for how long."""
    name = labels.restriction(kind)
    if days is None:
        return name
    for_days = ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    return _("%(measure)s: %(days)s") % {"measure": name, "days": for_days}


def measure_state(code: str) -> Label:
    return {
        "announced": Label(_("Announced"), "wait"),
        "active": Label(_("In force"), "bad"),
        "expired": Label(_("Over"), "neutral"),
        "reversed": Label(_("Taken back"), "good"),
    }[code]


def track_name(code: str) -> str:
    """The tracks count apart, and people never see their codes."""
    return {
        "IPS": _("Counterfeits: strikes"),
        "IPP": _("Intellectual property and prohibited goods"),
        "TRX": _("Dealing with buyers"),
        "INF": _("How listings are described"),
        "ABUSE": _("Complaints without any ground"),
    }[code]


def gravity(code: str) -> str:
    return {
        "general": _("general"),
        "serious": _("serious"),
        "extreme": _("extreme"),
    }[code]


def step_label(rule: str) -> str:
    """Why a finding counts what it counts: one rule that was applied."""
    return {
        "base": _("for the reason and its gravity"),
        "repeat": _("because the same counted before"),
        "escalated": _("by how many there were within a year"),
        "cap": _("because so much at most counts at a time"),
        "joined": _("one strike together with another complaint of the same days"),
    }[rule]


def next_threshold(track: TrackShown) -> str:
    """What comes next in a track, in a sentence; empty where nothing does."""
    if track.next is None:
        return ""
    return _("At %(points)s: %(measure)s") % _threshold(track.next)


def threshold_label(threshold: Threshold) -> str:
    return _("At %(points)s: %(measure)s") % _threshold(threshold)


def _threshold(threshold: Threshold) -> dict[str, str]:
    measures = [measure_label(each.kind, each.days) for each in threshold.measures]
    return {"points": threshold.points, "measure": joined(measures, " + ")}


_REDRESS = {
    "You can appeal, free of charge, until {appeal_until}. Somebody who took no part in this "
    "decision will look at it again.": _(
        "You can appeal, free of charge, until %(until)s. Somebody who took no part in this "
        "decision will look at it again."
    ),
    "You can turn to a certified out-of-court dispute settlement body (Digital Services Act, "
    "Art. 21).": _(
        "You can turn to a certified out-of-court dispute settlement body (Digital Services Act, "
        "Art. 21)."
    ),
    "You can go to court at any time.": _("You can go to court at any time."),
    "This measure ends with the decision at the latest, and is looked at again within seven "
    "days.": _(
        "This measure ends with the decision at the latest, and is looked at again within seven "
        "days."
    ),
    "You can answer on the case's page, and say there why the measure should be lifted.": _(
        "You can answer on the case's page, and say there why the measure should be lifted."
    ),
}
"""What can be done against a decision, as the policy that we ship words it."""


def redress_told(text: str, appeal_until: datetime | None) -> str:
    """A sentence of a decision's redress in the reader's language, where it is the policy's own;
    else as it was written."""
    for template, sentence in _REDRESS.items():
        start, dated, end = template.partition("{appeal_until}")
        if text == template or (dated and text.startswith(start) and text.endswith(end)):
            return sentence % {"until": appeal_until.date() if appeal_until else ""}
    return text


def appeal_title(by: str) -> str:
    return {
        "you": _("Your appeal"),
        "other_side": _("The other side appealed"),
        "another_complainant": _("Somebody else who reported the same appealed"),
    }[by]


def appeal_result(code: str | None) -> Label:
    return {
        None: Label(_("Being decided"), "wait"),
        "affirmed": Label(_("The decision stays"), "neutral"),
        "varied": Label(_("The decision was changed"), "good"),
        "overturned": Label(_("The decision was overturned"), "good"),
        "not_taken_up": Label(_("Not taken up"), "neutral"),
    }[code]


FUNCTIONS = {
    function.__name__: function
    for function in (
        action_icon,
        action_label,
        appeal_result,
        appeal_title,
        case_status,
        complaint_status,
        events_for_accused,
        events_for_complainant,
        gravity,
        measure_label,
        measure_state,
        next_threshold,
        party_state,
        redress_told,
        step_label,
        threshold_label,
        track_name,
    )
}
