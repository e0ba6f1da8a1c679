"""What is told outside, in the reader's words. Functions of the templates."""

from services.moderation.web.labels import Label
from services.runtime.sentences import gettext as _
from services.runtime.web.text import reader


def channel_name(code: str) -> str:
    return {"transparency": _("Transparency Database"), "webhook": _("Webhook")}[code]


def topic_name(code: str) -> str:
    """What a message tells of."""
    return {
        "statement": _("Statement of reasons"),
        "decision.taken": _("Decision taken"),
        "appeal.decided": _("Appeal answered"),
        "interim_measure.imposed": _("Interim measure imposed"),
        "interim_measure.lifted": _("Interim measure lifted"),
        "measure.imposed": _("Measure imposed"),
        "measure.started": _("Measure in force"),
        "measure.expired": _("Measure over"),
        "measure.reversed": _("Measure lifted"),
    }.get(code, code)


def outgoing_state(code: str) -> Label:
    return {
        "queued": Label(_("To be sent"), "info"),
        "waiting": Label(_("Tried again later"), "wait"),
        "delivered": Label(_("Delivered"), "good"),
        "refused": Label(_("To be reworded"), "bad"),
        "dead": Label(_("Given up"), "bad"),
    }[code]


def outgoing_shown(name: str) -> str:
    """A choice of messages."""
    return {
        "failures": _("Failures"),
        "queued": _("To be sent"),
        "delivered": _("Delivered"),
        "all": _("All"),
    }[name]


def as_told(message: str) -> str:
    """A sentence that was kept in English: in the reader's language where it is our own, else as
    the far side wrote it."""
    return str(reader().translations.gettext(message))


FUNCTIONS = {
    function.__name__: function
    for function in (as_told, channel_name, outgoing_shown, outgoing_state, topic_name)
}
