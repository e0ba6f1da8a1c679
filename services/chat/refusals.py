"""Why something is turned down in a chat. Each refusal names itself to its sender."""

from services.runtime.problems import Forbidden, Refused


class NotInThisPhase(Refused):
    """Carries `phase`."""

    title = "The chat is in another phase"


class OfferGone(Refused):
    title = "This offer is over"


class NotYourChat(Forbidden):
    title = "This chat is not yours"


class NotOnShift(Refused):
    title = "Start your shift first"


class NoFreeSlot(Refused):
    title = "There is no free slot"


class AlreadyRated(Refused):
    title = "This chat is rated already"


class RatingOver(Refused):
    title = "The time for rating is over"


class CodeRefused(Refused):
    """Carries `left`, the tries that are left."""

    status = 422
    title = "This is not the code"


class TooFast(Refused):
    """Carries `retry_after`, in seconds."""

    status = 429
    title = "That was too fast"


class Blocked(Forbidden):
    title = "Writing is not possible here any more"
