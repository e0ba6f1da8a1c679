"""Queues, filters and flags in the reader's words. Functions of the templates."""

from collections.abc import Callable
from typing import Any, get_args

from contracts.taxonomy import taxonomy
from services.moderation.command_names import called
from services.moderation.commands.staff import Restriction
from services.moderation.read_models import CaseDetail, CaseSummary, TimelineEntry
from services.moderation.refusal_words import refusal_said
from services.moderation.staff_models import AuditEntry
from services.moderation.web import labels
from services.moderation.web.labels import Label
from services.runtime.sentences import gettext as _
from services.runtime.sentences import language_name, listed, ngettext
from services.runtime.web.text import reader


def queue_name(name: str) -> str:
    return {
        "all": _("All open"),
        "new": _("New"),
        "counterfeit": _("Counterfeit"),
        "prohibited": _("Prohibited"),
        "trusted-flagger": _("Trusted flaggers"),
        "review": _("To review"),
        "information": _("Awaiting information"),
        "awaiting": _("Awaiting answer"),
        "answered": _("Answered"),
        "lapsed": _("Not answered"),
        "approve": _("To approve"),
        "appeals": _("Appeals"),
        "mine": _("Mine"),
        "overdue": _("Overdue"),
        "escalated": _("Escalated"),
        "on-hold": _("On hold"),
        "done": _("Done"),
    }[name]


def flags(case: CaseSummary) -> list[Label]:
    """What is marked on a case, beside its state."""
    marked = (
        (case.trusted_flagger, Label(_("Trusted flagger"), "info")),
        (case.escalated, Label(_("Escalated"), "warn")),
        (case.on_hold, Label(_("On hold"), "wait")),
        (case.out_of_court, Label(_("Out of court"), "wait")),
    )
    return [label for on, label in marked if on]


def filter_said(name: str, value: object) -> str:
    """A filter of a list as a few words."""
    match name, value:
        case "q", str():
            return _("“%(words)s”") % {"words": value}
        case "state", list():
            return listed([labels.state(each).text for each in value])
        case "type", str():
            return labels.type_name(value)
        case "reason", str():
            return labels.reason_name(value)
        case "severity", int():
            return labels.severity(value).text
        case "language", str():
            return language_name(value)
        case "accused", str():
            return _("about %(who)s") % {"who": value}
        case "product", str():
            return _("item %(id)s") % {"id": value}
        case "moderator", str():
            return _("by %(who)s") % {"who": value}
        case "older_than", int():
            said = ngettext("open for %(n)s day or more", "open for %(n)s days or more", value)
            return said % {"n": value}
        case "newer_than", int():
            said = ngettext("open for %(n)s day at most", "open for %(n)s days at most", value)
            return said % {"n": value}
        case "due_within", int():
            if value == 0:
                return _("deadline passed")
            said = ngettext("due within %(n)s hour", "due within %(n)s hours", value)
            return said % {"n": value}
        case "mine", object():
            return _("Mine")
        case "overdue", object():
            return _("Overdue")
        case "trusted_flagger", object():
            return _("Trusted flaggers")
        case "escalated", object():
            return _("Escalated")
        case unknown, object():
            return _("On hold") if unknown == "on_hold" else unknown


def restrictions_offered() -> list[dict[str, str]]:
    """What a decision may impose without a second person."""
    return [{"value": code, "label": labels.restriction(code)} for code in get_args(Restriction)]


def reasons_offered() -> list[tuple[str, str]]:
    """What may be found against a member: every reason of the taxonomy."""
    return [
        (reason.code, labels.reason_name(reason.code))
        for kind in taxonomy().types
        for reason in kind.reasons
    ]


def appeals_offered(case: CaseDetail) -> list[tuple[str, str]]:
    """The appeals of a case that its reader may answer."""
    of = {"complainant": _("The complainant appeals"), "accused": _("The accused appeals")}
    return [(each.id, of[each.appellant]) for each in case.appeals if not each.barred]


def command_name(name: str) -> str:
    """A command of staff as its form is called."""
    return called(name)


def refused_because(text: str) -> str:
    """Why a command was refused: kept in English, said in the reader's language."""
    return refusal_said(text, reader().translations, reader().language)


def audited(entry: AuditEntry) -> str:
    """What somebody saw or did."""
    if entry.deed:
        title = labels.staff_title(
            TimelineEntry(at=entry.at, kind=entry.what, text="", data={"outcome": "upheld"})
        )
        return _("Decided") if entry.what == "decided" else title.text
    return {
        "case": _("Saw the case"),
        "file": _("Opened a file"),
        "member": _("Saw a member's record"),
        "audit": _("Saw the audit"),
        "export": _("Exported"),
        "quality": _("Read again"),
        "text": _("Wrote a reason text"),
        "text_retired": _("Retired a reason text"),
        "report": _("Entered figures into the report"),
    }.get(entry.what, entry.what)


def record_state(code: str) -> Label:
    """How a measure on a member's record stands, for staff."""
    return {
        "proposed": Label(_("Proposed"), "wait"),
        "refused": Label(_("Not imposed"), "neutral"),
        "announced": Label(_("Announced"), "wait"),
        "active": Label(_("In force"), "warn"),
        "expired": Label(_("Over"), "neutral"),
        "reversed": Label(_("Lifted"), "neutral"),
    }[code]


def measure_done(command: str) -> str:
    """What a command on a measure came to; empty for none."""
    return {
        "approve": _("The measure is imposed. The member is told."),
        "refuse": _("The measure is not imposed."),
        "lift": _("The measure is lifted. The member is told."),
    }.get(command, "")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        appeals_offered,
        audited,
        command_name,
        filter_said,
        flags,
        measure_done,
        queue_name,
        reasons_offered,
        record_state,
        refused_because,
        restrictions_offered,
    )
}
