"""How a case stands and what happened in it, in the words that each side reads.

The sentences are marked: pages say them in the reader's language, the API in English.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.runtime.sentences import gettext as _
from services.runtime.sentences import pgettext

Sentences = Mapping[str, str]

OUTCOMES: Sentences = {
    "upheld": pgettext("outcome", "upheld"),
    "partly_upheld": pgettext("outcome", "partly upheld"),
    "dismissed": pgettext("outcome", "dismissed"),
    "inadmissible": pgettext("outcome", "not admitted"),
}
RESULTS: Sentences = {
    "affirmed": _("the decision stays as it was"),
    "varied": _("the decision was changed"),
    "overturned": _("the decision was overturned"),
    "not_taken_up": _("it could not be taken up"),
}

_COMPLAINT: Sentences = {
    "submitted": _("We have your complaint. A moderator looks at it by %(due)s."),
    "admitted": _("Your complaint was admitted. A decision is due by %(due)s."),
    "under_review": _("A moderator is working on your complaint. A decision is due by %(due)s."),
    "information_requested": _("A moderator asks you for something. Please answer by %(due)s."),
    "awaiting_counter_notice": _("The member you complained about was asked to answer by %(due)s."),
    "counter_notice_received": _(
        "The member you complained about has answered. A decision is due by %(due)s."
    ),
    "counter_notice_lapsed": _(
        "The member you complained about did not answer in time. A decision is due by %(due)s."
    ),
    "under_appeal": _("The decision is looked at again; the answer is due by %(due)s."),
}
_COMPLAINT_WITHOUT_DATE: Sentences = {
    "submitted": _("We have your complaint and are passing it to a moderator."),
    "admitted": _("Your complaint was admitted."),
    "under_review": _("A moderator is working on your complaint."),
    "information_requested": _("A moderator asks you for something."),
    "awaiting_counter_notice": _("The member you complained about was asked to answer."),
    "counter_notice_received": _("The member you complained about has answered."),
    "counter_notice_lapsed": _("The member you complained about did not answer in time."),
    "under_appeal": _("The decision is looked at again."),
    "inadmissible": _("Your complaint could not be admitted."),
    "decided": _("Your complaint was %(outcome)s."),
    "withdrawn": _("You took your complaint back."),
    "closed": _("The matter is closed."),
}

_ACCUSED: Sentences = {
    "awaiting_counter_notice": _("We ask you to answer by %(due)s."),
    "counter_notice_received": _("We have your answer. A decision is due by %(due)s."),
    "counter_notice_lapsed": _("The time to answer is over. A decision is due by %(due)s."),
    "under_review": _("A moderator is looking at the matter. A decision is due by %(due)s."),
    "under_appeal": _("The decision is looked at again; the answer is due by %(due)s."),
}
_ACCUSED_WITHOUT_DATE: Sentences = {
    "awaiting_counter_notice": _("We ask you to answer."),
    "counter_notice_received": _("We have your answer."),
    "counter_notice_lapsed": _("The time to answer is over."),
    "under_review": _("A moderator is looking at the matter."),
    "under_appeal": _("The decision is looked at again."),
    "decided": _("The complaint was %(outcome)s."),
    "withdrawn": _("The complaint was withdrawn; nothing more is asked of you."),
    "closed": _("The matter is closed."),
}

_TO_BOTH: Sentences = {
    "decided": _("Decided: the complaint was %(outcome)s."),
    "retyped": _("The matter was moved to another type of complaint."),
    "held": _("The case was put on hold: the clocks stand still."),
    "resumed": _("The clocks run again."),
    "note_added": _("The moderators told both sides something."),
    "appeal_opened.you": _("You appealed."),
    "appeal_opened.other_side": _("The other side appealed."),
    "appeal_opened.another_complainant": _("Somebody else who reported the same appealed."),
    "appeal_rejected": _("Your appeal could not be taken up."),
    "appeal_decided": _("The appeal was decided: %(result)s."),
    "reopened": _("The case was opened again."),
    "closed": _("The time to appeal is over; the case was closed."),
}
_TO_COMPLAINANT: Sentences = {
    **_TO_BOTH,
    "submitted": _("You filed the complaint."),
    "joined": _("Your complaint was passed to the moderators."),
    "admitted": _("It was admitted and will be decided."),
    "inadmissible": _("It could not be admitted."),
    "counter_notice_requested": _("The other side was asked to answer by %(due_at)s."),
    "counter_notice_received": _("The other side answered."),
    "counter_notice_late": _("The other side answered after the deadline; that was kept."),
    "counter_notice_lapsed": _("The other side did not answer in time."),
    "extension_granted": _("The other side was given more time, until %(due_at)s."),
    "information_requested": _("You were asked something, to answer by %(due_at)s."),
    "information_received": _("You answered what you were asked."),
    "information_late": _("Your answer came after the deadline; it was kept."),
    "information_lapsed": _("The time to answer what you were asked is over."),
    "evidence_added": _("You added evidence."),
    "complaint_left": _("You took your complaint back."),
}
_TO_ACCUSED: Sentences = {
    **_TO_BOTH,
    "counter_notice_requested": _("You were asked to answer by %(due_at)s."),
    "counter_notice_received": _("We received your answer."),
    "counter_notice_late": _("Your answer arrived after the deadline; it was kept."),
    "counter_notice_lapsed": _("The time to answer passed."),
    "counter_notice_reminded": _("You were reminded to answer by %(due_at)s."),
    "extension_asked": _("You asked for more time."),
    "extension_granted": _("You were given more time, until %(due_at)s."),
    "extension_refused": _("More time was not given."),
    "accused_evidence_received": _("You sent more evidence."),
    "accused_evidence_late": _("You sent more evidence after the deadline; it was kept."),
    "interim_measure_imposed": _("A measure was imposed while the matter is looked at."),
    "interim_measure_kept": _("The measure was looked at again, and stays."),
    "interim_measure_lifted": _("The measure was lifted."),
    "withdrawn": _("The complaint was withdrawn."),
}


def status_of_complaint(state: str, *, due_at: datetime | None, outcome: str | None) -> str:
    """The state as the complainant reads it. `due_at` None: no deadline runs."""
    return _status(_COMPLAINT, _COMPLAINT_WITHOUT_DATE, state, due_at, outcome)


def kept(until: datetime) -> str:
    """What was filed during a pause in complaining, as its complainant reads it."""
    return _(
        "Complaining is paused for you until %(until)s. We keep your complaint; then it goes to a "
        "moderator by itself."
    ) % {"until": until}


def status_for_accused(state: str, *, due_at: datetime | None, outcome: str | None) -> str:
    return _status(_ACCUSED, _ACCUSED_WITHOUT_DATE, state, due_at, outcome)


def _status(
    dated: Sentences, undated: Sentences, state: str, due_at: datetime | None, outcome: str | None
) -> str:
    values = {"due": due_at, "outcome": OUTCOMES.get(outcome or "", "")}
    sentences = dated if due_at is not None and state in dated else undated
    return sentences.get(state, undated["under_review"]) % values


def happened_to_complainant(kind: str, data: Mapping[str, Any]) -> str:
    """An entry of the complainant's timeline. `data` is the entry's, as the API tells it."""
    return _happened(_TO_COMPLAINANT, kind, data)


def happened_to_accused(kind: str, data: Mapping[str, Any]) -> str:
    return _happened(_TO_ACCUSED, kind, data)


def _happened(sentences: Sentences, kind: str, data: Mapping[str, Any]) -> str:
    by = data.get("appellant")
    sentence = sentences[f"{kind}.{by}" if by and f"{kind}.{by}" in sentences else kind]
    return sentence % {name: _readable(name, value) for name, value in data.items()}


def _readable(name: str, value: Any) -> Any:
    match name:
        case "due_at" if isinstance(value, str):
            return datetime.fromisoformat(value)
        case "outcome":
            return OUTCOMES.get(value, value)
        case "result":
            return RESULTS.get(value, value)
        case _:
            return value
