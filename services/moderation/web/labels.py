"""Codes in the reader's words: states, outcomes, events, types. The templates' functions."""

from collections.abc import Iterable
from typing import NamedTuple

from contracts.taxonomy import taxonomy
from services.moderation.policy import Period
from services.moderation.read_models import TimelineEntry
from services.runtime.sentences import gettext as _
from services.runtime.sentences import language_name, named, ngettext
from services.runtime.web import told


class Label(NamedTuple):
    """Words and the tone that they are shown in (see `ui.badge`)."""

    text: str
    tone: str


class Event(NamedTuple):
    """An entry of a timeline, as `ui.timeline` shows it."""

    at: object
    title: str
    tone: str
    text: str = ""
    by: str = ""
    told_at: object = None


def length(period: Period) -> str:
    """ "7 days": how long a period of the policy is."""
    if n := period.working_days:
        return ngettext("%(n)s working day", "%(n)s working days", n) % {"n": n}
    if n := period.days:
        return ngettext("%(n)s day", "%(n)s days", n) % {"n": n}
    if n := period.hours:
        return ngettext("%(n)s hour", "%(n)s hours", n) % {"n": n}
    n = period.minutes
    return ngettext("%(n)s minute", "%(n)s minutes", n) % {"n": n}


def day_options(days: Iterable[int]) -> list[tuple[str, str]]:
    """Numbers of days to choose from."""
    return [(str(n), length(Period(days=n))) for n in days]


def closes_after(days: int) -> str:
    """What comes of leaving out why an account closes at once."""
    return ngettext(
        "Empty: it closes %(n)s day after the member is told.",
        "Empty: it closes %(n)s days after the member is told.",
        days,
    ) % {"n": days}


def state(code: str) -> Label:
    """The state of a case or complaint."""
    return {
        "submitted": Label(_("Filed"), "info"),
        "open": Label(_("New"), "info"),
        "admitted": Label(_("Admitted"), "info"),
        "under_review": Label(_("Under review"), "info"),
        "information_requested": Label(_("Awaiting information"), "wait"),
        "awaiting_counter_notice": Label(_("Awaiting answer"), "wait"),
        "counter_notice_received": Label(_("Answered"), "info"),
        "counter_notice_lapsed": Label(_("Not answered"), "warn"),
        "inadmissible": Label(_("Not admitted"), "neutral"),
        "decision_proposed": Label(_("Decision proposed"), "info"),
        "decided": Label(_("Decided"), "good"),
        "under_appeal": Label(_("Under appeal"), "warn"),
        "withdrawn": Label(_("Withdrawn"), "neutral"),
        "closed": Label(_("Closed"), "neutral"),
    }[code]


def outcome(code: str) -> Label:
    return {
        "upheld": Label(_("Upheld"), "good"),
        "partly_upheld": Label(_("Partly upheld"), "good"),
        "dismissed": Label(_("Dismissed"), "neutral"),
        "inadmissible": Label(_("Not admitted"), "neutral"),
    }[code]


def restriction(code: str) -> str:
    """A measure of any kind."""
    return {
        "warning": _("Warning"),
        "search_demotion": _("Shown lower in search results"),
        "listing_hidden": _("Listing hidden"),
        "listing_removed": _("Listing removed"),
        "listing_frozen": _("Listing frozen"),
        "listing_restriction": _("No new listings for a time"),
        "payout_hold": _("Payouts held back"),
        "account_frozen": _("Account frozen"),
        "account_closed": _("Account closed for good"),
        "complaining_suspended": _("Complaints are not looked at for a time"),
    }[code]


def territories(codes: Iterable[str]) -> str:
    """Where a decision applies; countries by their ISO 3166 codes."""
    names = {"worldwide": _("Worldwide"), "EEA": _("European Economic Area")}
    return ", ".join(told(names.get(code, code)) for code in codes)


def due_kind(code: str) -> str:
    """What a case's next deadline is for."""
    return {
        "triage": _("First look"),
        "answer": _("Answer"),
        "information": _("Information"),
        "decision": _("Decision"),
        "review": _("Second opinion"),
        "appeal": _("Appeal until"),
        "appeal_decision": _("Answer to the appeal"),
        "none": _("Closed on"),
    }[code]


def severity(level: int) -> Label:
    return {
        1: Label(_("Minor"), "neutral"),
        2: Label(_("Moderate"), "neutral"),
        3: Label(_("Serious"), "warn"),
        4: Label(_("Extreme"), "bad"),
    }[level]


def done(command: str) -> str:
    """What a moderator's command came to."""
    return {
        "": "",
        "admit": _("The case is admitted."),
        "declare-inadmissible": _("The case is closed as inadmissible. Every complainant is told."),
        "claim": _("The case is yours. The claim is renewed while this page is open."),
        "release": _("You gave the case back."),
        "request-information": _("The complainant was asked, and is told by e-mail."),
        "request-counter-notice": _("The accused was asked to answer, and is told by e-mail."),
        "decide": _("The decision stands. Both sides are told with its reasons."),
        "approve": _("The decision stands. Both sides are told with its reasons."),
        "return": _("The proposal went back to review."),
        "decide-appeal": _("The appeal is answered. Both sides are told."),
        "hold": _("The clocks stand still."),
        "resume": _("The clocks run again."),
        "retype": _("The case was moved."),
        "add-note": _("The note is kept."),
    }.get(command, _("Done."))


def type_name(code: str) -> str:
    """A complaint type of the taxonomy."""
    found = taxonomy().type_of(code)
    return named({"en": found.en, "ru": found.ru, "ar": found.ar}) if found else code


def reason_name(code: str) -> str:
    """A concrete reason of the taxonomy."""
    found = taxonomy().find(code)
    return named({"en": found[1].en, "ru": found[1].ru, "ar": found[1].ar}) if found else code


_WORDS = ("explanation", "allegation", "question", "reason", "ground", "reference", "text")


def events_for_staff(timeline: Iterable[TimelineEntry]) -> list[Event]:
    """The latest first; claims that one moderator only renewed are told once."""
    events: list[Event] = []
    claimed_by = None
    for entry in timeline:
        if entry.kind == "claimed" and entry.by == claimed_by:
            continue
        claimed_by = entry.by if entry.kind == "claimed" else None
        label = staff_title(entry)
        text = next((str(entry.data[name]) for name in _WORDS if entry.data.get(name)), "")
        events.append(Event(entry.at, label.text, label.tone, text, entry.by or ""))
    return events[::-1]


def staff_title(entry: TimelineEntry) -> Label:
    data = entry.data
    if entry.kind == "joined":
        return Label(_("Complaint %(number)s joined") % {"number": data["number"]}, "neutral")
    if entry.kind == "decided":
        decided = outcome(data["outcome"])
        return Label(_("Decided: %(outcome)s") % {"outcome": decided.text}, decided.tone)
    return {
        "opened": Label(_("Case opened"), "info"),
        "admitted": Label(_("Admitted"), "info"),
        "inadmissible": Label(_("Declared inadmissible"), "neutral"),
        "claimed": Label(_("Claimed"), "neutral"),
        "released": Label(_("Given back"), "neutral"),
        "counter_notice_requested": Label(_("Counter-notice requested"), "wait"),
        "counter_notice_received": Label(_("Counter-notice received"), "info"),
        "counter_notice_late": Label(_("Answer after the deadline, kept"), "neutral"),
        "counter_notice_lapsed": Label(_("No answer by the deadline"), "bad"),
        "counter_notice_reminded": Label(_("Reminded of the answer"), "neutral"),
        "extension_asked": Label(_("More time asked for"), "wait"),
        "extension_granted": Label(_("More time given"), "neutral"),
        "extension_refused": Label(_("More time refused"), "neutral"),
        "accused_evidence_received": Label(_("More evidence from the accused"), "info"),
        "information_requested": Label(_("Complainant asked"), "wait"),
        "information_received": Label(_("Complainant answered"), "info"),
        "information_lapsed": Label(_("No answer from the complainant"), "bad"),
        "evidence_added": Label(_("More evidence from a complainant"), "info"),
        "complaint_left": Label(_("Complaint withdrawn"), "neutral"),
        "withdrawn": Label(_("All complaints withdrawn"), "neutral"),
        "retyped": Label(_("Moved to another type"), "info"),
        "linked": Label(_("Linked to another case"), "neutral"),
        "escalated": Label(_("Escalation changed"), "wait"),
        "out_of_court": Label(_("Out-of-court settlement"), "wait"),
        "held": Label(_("On hold"), "wait"),
        "resumed": Label(_("The clocks run again"), "info"),
        "note_added": Label(_("Note"), "neutral"),
        "interim_measure_imposed": Label(_("Interim measure imposed"), "bad"),
        "interim_measure_kept": Label(_("Interim measure stays"), "neutral"),
        "interim_measure_lifted": Label(_("Interim measure lifted"), "good"),
        "decision_proposed": Label(_("Decision proposed"), "wait"),
        "decision_returned": Label(_("Proposal returned"), "wait"),
        "told_late": Label(_("Told on a later day"), "neutral"),
        "appeal_opened": Label(_("Appeal lodged"), "wait"),
        "appeal_rejected": Label(_("Appeal not taken up"), "neutral"),
        "appeal_decided": Label(_("Appeal decided"), "good"),
        "reopened": Label(_("Reopened"), "wait"),
        "closed": Label(_("Closed"), "neutral"),
    }.get(entry.kind, Label(entry.kind.replace("_", " ").capitalize(), "neutral"))


FUNCTIONS = {
    function.__name__: function
    for function in (
        closes_after,
        day_options,
        due_kind,
        events_for_staff,
        language_name,
        outcome,
        reason_name,
        restriction,
        severity,
        state,
        territories,
        type_name,
    )
}
