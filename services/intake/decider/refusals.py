"""How the parties' commands are turned down. Each sentence says what can be done instead."""

from services.runtime.problems import Invalid, Refused
from services.runtime.sentences import gettext as _


class NotAsked(Refused):
    title = _("Nobody has asked for an answer yet")


class AlreadyDecided(Refused):
    title = _("The case is decided already")


class NotAnsweredYet(Refused):
    title = _("Answer first")


class AlreadyAnswered(Refused):
    title = _("The question is answered already")


class ExtensionTooLate(Refused):
    title = _("The time to ask for more time is over")


class AlreadyExtended(Refused):
    title = _("More time can be asked for once")


class AlreadyWithdrawn(Refused):
    title = _("The complaint was withdrawn")


class AppealTooLate(Refused):
    title = _("The time to appeal is over")


class AlreadyAppealed(Refused):
    title = _("You have appealed against this decision already")


class TooManyFiles(Refused):
    title = _("No more files can be added")


def refuse(errors: dict[str, str | None]) -> None:
    """Raises Invalid with the sentences given, if there is any."""
    told = [{"field": field, "message": error} for field, error in errors.items() if error]
    if told:
        raise Invalid(told)
