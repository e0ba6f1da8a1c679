"""Why something is turned down in a chat. Each refusal names itself to its sender."""

from services.runtime.problems import Forbidden, Refused
from services.runtime.sentences import gettext as _


class NotInThisPhase(Refused):
    """Carries `phase`."""

    title = _("The chat is in another phase")


class OfferGone(Refused):
    title = _("This offer is over")


class NotYourChat(Forbidden):
    title = _("This chat is not yours")


class NotOnShift(Refused):
    title = _("Start your shift first")


class NoFreeSlot(Refused):
    title = _("There is no free slot")


class AlreadyRated(Refused):
    title = _("This chat is rated already")


class RatingOver(Refused):
    title = _("The time for rating is over")


class CodeRefused(Refused):
    """Carries `left`, the tries that are left."""

    status = 422
    title = _("This is not the code")


class TooFast(Refused):
    """Carries `retry_after`, in seconds."""

    status = 429
    title = _("That was too fast")


class Blocked(Forbidden):
    title = _("Writing is not possible here any more")
