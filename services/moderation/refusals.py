"""Why a command on a case is turned down. Each refusal names itself to its sender."""

from services.runtime.problems import Refused
from services.runtime.sentences import gettext as _


class NotInThisState(Refused):
    """Carries `state` and `allowed`, the commands that are possible in it."""

    title = _("The case is in another state")


class AlreadyDecided(Refused):
    title = _("The case is decided already")


class ClaimedBySomeoneElse(Refused):
    """Carries `holder` and `until`."""

    title = _("Somebody else is working on the case")


class NotClaimed(Refused):
    title = _("Claim the case first")


class LeaseExpired(Refused):
    """The ten minutes of the actor's own claim are over."""

    title = _("Your claim has run out")


class OnHold(Refused):
    """The clocks of the case stand still. Carries `since`."""

    title = _("The case is on hold")


class NotOnHold(Refused):
    title = _("The case is not on hold")


class AccusedUnknown(Refused):
    title = _("The member complained about is not known")


class NothingWasAsked(Refused):
    title = _("No counter-notice was asked for")


class NotExtendable(Refused):
    """The deadline was extended already, has passed, or nobody asked for more time."""

    title = _("The deadline cannot be extended")


class OwnProposal(Refused):
    """Two pairs of eyes: whoever proposed a decision neither approves nor returns it."""

    title = _("This is your own proposal")


class TookPart(Refused):
    """An appeal is heard by somebody who took no part before (DSA, Art. 20(6))."""

    title = _("You took part in this case")


class NoSuchAppeal(Refused):
    status = 404
    title = _("There is no such appeal to answer")


class NoSuchMeasure(Refused):
    status = 404
    title = _("There is no such interim measure")


class AnotherType(Refused):
    """The case was moved to another type, so a complaint of this one opens a case of its own."""

    title = _("The case is of another type")


class StandsElsewhere(Refused):
    """Complaints of this kind join another case, which was moved to their type. Carries
    `case_id`."""

    title = _("The case is another one")


class NotDueYet(Refused):
    """The clock came too early. Carries `due_at`."""

    title = _("The deadline has not passed")
