"""Queues, filters and flags in the reader's words. Functions of the templates."""

from services.moderation.read_models import CaseSummary
from services.moderation.web import labels
from services.moderation.web.labels import Label
from services.runtime.sentences import gettext as _
from services.runtime.sentences import language_name, ngettext


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
            return ", ".join(str(labels.state(each).text) for each in value)
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


FUNCTIONS = {function.__name__: function for function in (filter_said, flags, queue_name)}
